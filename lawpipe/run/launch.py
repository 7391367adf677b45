"""Start a stage's script in one or several processes: `python -m lawpipe.run.launch PROCESSES SCRIPT ARGUMENTS`.

One process runs the script directly. Several run as `torchrun --standalone --nproc-per-node PROCESSES SCRIPT
ARGUMENTS`, without torchrun's own tracebacks: the script reports its error, and the launcher the signal that stopped
or killed a process. The exit code is that of the script, or 128 + the number of the signal.
"""

import logging
import os
import signal
import sys
import tempfile
from contextlib import suppress

from lawpipe.run import signals


def main() -> None:
    """Start the script."""
    if len(sys.argv) < 3 or not sys.argv[1].isdigit():
        sys.exit("error: expected python -m lawpipe.run.launch PROCESSES SCRIPT ARGUMENTS, PROCESSES a whole number.")
    count, script, *arguments = sys.argv[1:]
    if int(count) == 1:
        os.execv(sys.executable, [sys.executable, script, *arguments])
    from torch.distributed import run
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    logging.disable(logging.CRITICAL)
    # Snakemake sets it to the threads of the job, which here are the processes.
    os.environ["OMP_NUM_THREADS"] = "1"
    # PyTorch's C++ would log the end of another process, which the launcher reports.
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "FATAL")
    try:
        with tempfile.TemporaryDirectory() as logs:  # torchrun does not remove its own
            run.main(["--standalone", "--nproc-per-node", count, "--log-dir", logs, script, *arguments])
    except ChildFailedError as error:
        failed = [failure.exitcode for failure in error.failures.values()]
        codes = [128 - code if code < 0 else code for code in failed]
        # When one process has ended, torchrun stops the others with SIGTERM.
        causes = [code for code in codes if code != 128 + signal.SIGTERM] or codes
        code = max(causes)
    except SignalException as stopped:
        code = 128 + stopped.sigval
    else:
        return
    # The reader of stderr may have been stopped as well.
    with suppress(OSError):
        if code - 128 in signals.SIGNALS:
            print(signals.Stopped(code - 128), file=sys.stderr, flush=True)
        elif code > 128:
            print(
                f"error: one of the {count} processes of this job was killed by {signal.Signals(code - 128).name}: "
                "run again, and a search goes on from where it was.",
                file=sys.stderr,
                flush=True,
            )
    sys.exit(code)


if __name__ == "__main__":
    main()
