"""A stage's script in one process or in several: `python -m lawpipe.launch PROCESSES SCRIPT ARGUMENTS`.

One is the script itself. Several are `torchrun --standalone --nproc-per-node PROCESSES SCRIPT ARGUMENTS`, without its
account of where in torchrun a failure came to light: the script says what is wrong. Exits as the script does: with
128 and the signal's number where it was stopped or killed.
"""

import logging
import os
import signal
import sys


def main() -> None:
    """Start the script."""
    count, script, *arguments = sys.argv[1:]
    if int(count) == 1:
        os.execv(sys.executable, [sys.executable, script, *arguments])
    from torch.distributed import run
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    logging.disable(logging.CRITICAL)
    # Snakemake says as many threads as the job has, which are the processes.
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        run.main(["--standalone", "--nproc-per-node", count, script, *arguments])
    except ChildFailedError as error:
        codes = [failure.exitcode for failure in error.failures.values()]
        # When one has ended, torchrun stops the others by SIGTERM.
        causes = [code for code in codes if code != -signal.SIGTERM] or codes
        sys.exit(128 - min(causes) if min(causes) < 0 else max(causes))
    except SignalException as stopped:
        sys.exit(128 + stopped.sigval)


if __name__ == "__main__":
    main()
