"""Snakemake, with signals passed on: `python -m lawpipe.driver` takes Snakemake's own arguments.

Snakemake waits for running jobs when it is asked to stop, for hours if it must. Here SIGTERM and SIGINT go to the
jobs as well: a search saves its state, every stage ends within seconds and leaves nothing half-written, and the
next run goes on from there.
"""

import os
import signal
import subprocess
import sys
from types import FrameType

from lawpipe.interruption import SIGNALS


def main() -> None:
    """Run Snakemake in a process group of its own, and exit as it does; 128 + the signal's number if stopped."""
    asked: list[int] = []
    snakemake = subprocess.Popen([sys.executable, "-m", "snakemake", *sys.argv[1:]], start_new_session=True)

    def pass_on(number: int, frame: FrameType | None) -> None:
        if not asked:
            print("stopping: running searches save their state first", file=sys.stderr, flush=True)
        asked.append(number)
        # SIGTERM, whatever was sent: Snakemake kills jobs outright on SIGINT.
        os.killpg(snakemake.pid, signal.SIGTERM)

    for each in SIGNALS:
        signal.signal(each, pass_on)
    code = snakemake.wait()
    sys.exit(128 + asked[0] if asked else code)


if __name__ == "__main__":
    main()
