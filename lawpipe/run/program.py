"""How a program ends: with one sentence on an error of the user's, and cleanly on a signal to stop."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress

from lawpipe.run import distributed, signals
from lawpipe.run.errors import InputError


def run(main: Callable[[], None]) -> None:
    """Call a script's main; an InputError becomes one sentence on stderr and exit code 1.

    A signal to stop ends it with one line on stderr and the exit code 128 + its number; no file is half-written.
    """
    try:
        with signals.raised():
            signals.stop_with_starter()
            main()
    except InputError as error:
        reports, code = distributed.reporting()
        if reports:
            print(error.lines(), file=sys.stderr, flush=True)
        if distributed.world_size() > 1:
            # Not sys.exit: threads still wait for the other processes.
            os._exit(code)
        sys.exit(code)
    except signals.Stopped as stopped:
        # The reader of stderr may have been stopped as well.
        with suppress(OSError):
            if distributed.is_main() and distributed.without_launcher():
                print(stopped, file=sys.stderr, flush=True)
        os._exit(128 + stopped.signal)
