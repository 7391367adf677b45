"""The console command `lawpipe`: it starts with torch and numpy alone, and names the extra that is missing."""

import sys


def run() -> None:
    """Run lawpipe.cli.main; exit with one sentence for a missing package or for an InputError."""
    try:
        from lawpipe.cli import main
        from lawpipe.run import stage
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "lawpipe":
            raise
        sys.exit(
            f"error: the command lawpipe needs {error.name}, which is not installed: pip install 'lawpipe[workflow]'."
        )
    stage.run(main.main)
