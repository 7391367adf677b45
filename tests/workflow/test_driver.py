"""Which runs keep each other out of a folder, and which do not."""

import getpass
import os
import pwd
from pathlib import Path
from unittest.mock import Mock

import pytest

from lawpipe.run.errors import InputError
from workflow import driver


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_the_config_decides_which_lock_a_run_holds():
    small = driver.lock_file(["all", "--configfile", "small.yaml", "--cores", "1"])
    assert driver.lock_file(["report", "--cores", "2", "--configfile", "small.yaml"]) == small
    assert driver.lock_file(["all"]) != small
    assert driver.lock_file(["all", "--configfile", "small.yaml", "more.yaml"]) != small


def test_a_second_run_is_refused_and_one_of_another_config_is_not():
    one, other = (driver.lock_file(["--configfile", name]) for name in ("a.yaml", "b.yaml"))
    with driver.alone(one):
        assert not driver._others(one)
        with pytest.raises(InputError, match=f"process {os.getpid()}"), driver.alone(one):
            pass
        with driver.alone(other):
            assert driver._others(one)
    assert not driver._others(one)


def test_a_run_that_ended_well_is_told_from_one_that_was_killed():
    own = driver.lock_file([])
    for killed in (False, False):
        with driver.alone(own) as (_, before):
            assert before is killed
    own.write_text("12345")
    with driver.alone(own) as (_, before):
        assert before is True


def test_only_dates_in_the_future_are_mended_and_their_order_stays(capsys):
    paths = [Path(f"results/{name}") for name in ("old", "first", "second")]
    paths[0].parent.mkdir()
    for path, date in zip(paths, (1e9, 5e9, 6e9), strict=True):
        path.write_text("")
        os.utime(path, (date, date))
    driver.settle_clock(2e9)
    old, first, second = (path.stat().st_mtime for path in paths)
    assert old == 1e9
    assert 1e9 < first <= second <= 2e9
    assert paths[1].stat().st_mtime_ns < paths[2].stat().st_mtime_ns
    assert "2 results are dated in the future" in capsys.readouterr().err


def test_a_user_without_a_name_gets_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    driver.name_user()
    assert "USER" not in os.environ
    monkeypatch.setattr(pwd, "getpwuid", Mock(side_effect=KeyError("uid not found")))
    driver.name_user()
    assert getpass.getuser() == f"user{os.getuid()}"


def test_caches_and_temporary_files_go_to_the_working_folder_where_home_and_tmpdir_take_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path / "made by the first that needs it"))
    driver.use_own_folders()
    assert "XDG_CACHE_HOME" not in os.environ
    assert os.environ["TMPDIR"] == str(tmp_path)
    assert capfd.readouterr().err == ""
    Path("home").write_text("no folder")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(driver, "TEMPORARY", 2**80)
    driver.use_own_folders()
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "TMPDIR"):
        assert os.environ[name] == str(tmp_path / ".snakemake" / name.lower())
        assert Path(os.environ[name]).is_dir()
    assert capfd.readouterr().err.count("cannot be written or has no room: using ") == 3
