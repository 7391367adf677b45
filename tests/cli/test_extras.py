"""What works without the extras of pyproject.toml, and what the wheel contains."""

import fnmatch
import subprocess
import sys
import tomllib
from pathlib import Path

from lawpipe.run import provenance

ROOT = Path(__file__).resolve().parents[2]

#: Python code that lets only the standard library, lawpipe, and torch and numpy with what they require be imported.
ONLY_TORCH_AND_NUMPY = """
import re, sys
from importlib import metadata

def required(name):
    try:
        lines = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return {name}
    names = {re.match(r"[\\w.-]+", line)[0] for line in lines if "extra ==" not in line}
    return {name}.union(*map(required, names - {name}))

distributions = required("torch") | required("numpy")
allowed = {name.replace("-", "_").lower() for name in distributions} | {"lawpipe", "_distutils_hack", "functorch"}
allowed |= {module for module, names in metadata.packages_distributions().items() if set(names) & distributions}

class Blocked:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and top.lower() not in allowed:
            raise ModuleNotFoundError(f"No module named {top!r}", name=top)

sys.meta_path.insert(0, Blocked())
"""


def run_blocked(code: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", f"{ONLY_TORCH_AND_NUMPY}\n{code}"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_online_weights_need_torch_and_numpy_alone() -> None:
    run = run_blocked("import lawpipe.online, torch, numpy; print(lawpipe.online.Online.__name__)")
    assert (run.returncode, run.stdout) == (0, "Online\n"), run.stderr


def test_a_missing_extra_is_one_sentence() -> None:
    run = run_blocked("from lawpipe.cli import entry; entry.run()")
    assert run.returncode == 1
    assert run.stderr == (
        "error: the command lawpipe needs pyarrow, which is not installed: pip install 'lawpipe[workflow]'.\n"
    )


def test_the_wheel_has_every_file_of_the_package() -> None:
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    assert {f"*{suffix}" for suffix in provenance.DATA} == set(patterns["*"])
    tracked = subprocess.run(
        ["git", "ls-files", "lawpipe"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    files = [Path(name).name for name in tracked] or [path.name for path in (ROOT / "lawpipe").rglob("*.*")]
    known = ("*.py", "*.pyc", "py.typed", *patterns["*"])
    assert [name for name in files if not any(fnmatch.fnmatch(name, pattern) for pattern in known)] == []
