"""Clean ends on a signal."""

import os
import signal
import subprocess
import sys
import time

import pytest

from lawpipe.run import signals
from lawpipe.run.signals import Stopped
from tests.slow_stage import STAGE


@pytest.mark.parametrize("number", signals.SIGNALS)
def test_a_signal_stops_at_once_outside_of_a_search(number):
    before = signal.getsignal(number)
    with pytest.raises(Stopped) as caught, signals.raised():
        signal.raise_signal(number)
    assert caught.value.signal == number
    assert signal.getsignal(number) is before


def test_within_a_block_a_signal_is_noted_until_somebody_asks():
    with signals.noted(patience=60) as asked:
        assert asked() is None
        os.kill(os.getpid(), signal.SIGTERM)
        assert asked() == signal.SIGTERM
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_work_that_does_not_come_to_an_end_is_stopped():
    started = time.monotonic()

    def work():
        signal.raise_signal(signal.SIGTERM)
        while time.monotonic() - started < 20:
            pass

    with pytest.raises(Stopped) as caught, signals.noted(patience=0.1):
        work()
    assert caught.value.signal == signal.SIGTERM
    assert time.monotonic() - started < 10


def test_a_stage_that_is_stopped_says_so_and_leaves_nothing_half_written(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", STAGE], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "writing\n"
    process.terminate()
    _, said = process.communicate(timeout=20)
    assert (process.returncode, said) == (143, "stopped by SIGTERM\n")
    assert list(tmp_path.iterdir()) == []


def test_a_stage_stops_when_who_started_it_is_killed(tmp_path):
    starter = subprocess.Popen(["sleep", "60"])
    script = """
import time
from lawpipe.run import stage

def main():
    print("working", flush=True)
    time.sleep(60)

stage.run(main)
"""
    environment = os.environ | {signals.STARTED_BY: str(starter.pid)}
    command = [sys.executable, "-c", script]
    stage = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert stage.stdout.readline() == "working\n"
    starter.kill()
    starter.wait()
    _, said = stage.communicate(timeout=20)
    assert (stage.returncode, said) == (143, "stopped by SIGTERM\n")
    # One that is gone already when the stage begins.
    late = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=20)
    assert (late.returncode, late.stdout, late.stderr) == (143, "", "stopped by SIGTERM\n")
