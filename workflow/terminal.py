"""What the driver and its Snakemake tell each other, and the driver's terminal."""

import json
from collections.abc import Iterable
from contextlib import suppress

#: Set by the driver in a terminal: every line of progress is JSON after a mark, and the driver keeps it in place.
PINNED = "LAWPIPE_PINNED"
MARK = "\x1e"

#: Set by the driver if a long run is not to start.
ASK = "LAWPIPE_ASK"


def show(lines: Iterable[str]) -> None:
    """Print lines in a terminal, with the newest line of progress below them."""
    # Without a terminal, a run does not wait for these imports.
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn
    from rich.table import Column

    columns = TextColumn("{task.description}", table_column=Column(no_wrap=True)), BarColumn(20)
    with Progress(*columns, console=Console(stderr=True), transient=True, refresh_per_second=2) as progress:
        bar = progress.add_task("", visible=False)
        for line in lines:
            said, _, told = line.partition(MARK)
            if said:
                progress.console.print(said, end="", markup=False, highlight=False, soft_wrap=True)
            with suppress(ValueError):
                state = json.loads(told)
                counts = {"completed": state["done"], "total": state["total"]}
                progress.update(bar, description=state["text"], visible=True, **counts)
