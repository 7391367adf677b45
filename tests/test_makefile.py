"""The list of targets that `make help` prints."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_help_lists_every_target_with_its_description() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    shown = subprocess.run(["make", "help"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    described = re.findall(r"^([a-z_ -]+):.*## (.+)$", makefile, flags=re.MULTILINE)
    assert len(described) > 15
    for names, description in described:
        assert re.search(rf"^{re.escape(names)}\s+{re.escape(description)}$", shown, flags=re.MULTILINE), names
    phony = re.search(r"^\.PHONY: ((?:.*\\\n)*.*)$", makefile, flags=re.MULTILINE)
    assert phony is not None
    assert {name for names, _ in described for name in names.split()} == {*phony[1].replace("\\", "").split()}
