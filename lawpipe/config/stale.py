"""Files in a results folder that the config no longer makes: of a policy, seed or experiment that it does not have,
or of a stage that an earlier version had.

No rule removes such files, and Snakemake does not name them. They are listed when the workflow starts.
"""

from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

from lawpipe.config import plan
from lawpipe.run import files

#: The file in the results folder with the path of every stale file and folder, one per line.
LIST = "stale.txt"

#: Lines of the description at most.
MOST_LINES = 8


def find(root: Path, experiments: Mapping[str, Mapping[str, Any]]) -> dict[Path, list[Path]]:
    """Return the stale files below a results folder by the folder of their experiment.

    A seed or an experiment that is stale as a whole is one folder. Hidden files do not count: they are checkpoints
    and files that are being written.
    """
    stale: dict[Path, list[Path]] = {}
    for seed in sorted(root.glob("*/seed[0-9]*/")):
        settings = experiments.get(seed.parent.name)
        if settings is None:
            stale[seed.parent] = [seed.parent]
        elif paths := _left_over(seed, settings):
            stale.setdefault(seed.parent, []).extend(paths)
    return stale


def _left_over(folder: Path, settings: Mapping[str, Any]) -> list[Path]:
    """Return the files of a seed that no rule makes, or its folder if the experiment does not have the seed."""
    seed = next((seed for seed in settings["seeds"] if f"seed{seed}" == folder.name), None)
    if seed is None:
        return [folder]
    costs = plan.costs(settings, seed)
    logs = {f"logs/{PurePath(job).stem}.txt" for job in costs}
    current = logs.union(plan.tables(settings, seed), plan.parts(settings, seed), costs)
    files = {path: path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()}
    return [path for path, name in files.items() if name not in current and "/." not in f"/{name}"]


def describe(root: Path, stale: Mapping[Path, list[Path]]) -> str:
    """Describe stale files, one line per experiment, and how to remove them; an empty text if there are none."""
    if not stale:
        return ""
    lines = []
    for folder, paths in stale.items():
        first = next((path for path in paths if path.parent.name == "policies"), paths[0]).relative_to(root)
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        lines.append(f"  {folder.name}: {first if paths[0] != folder else 'the whole experiment'}{more}")
    if len(lines) > MOST_LINES:
        lines = [*lines[:MOST_LINES], f"  and {len(lines) - MOST_LINES} more experiments"]
    return "\n".join(
        [
            f"{root} has results that this config does not make (of other policies, seeds, experiments or versions):",
            *lines,
            f"They are kept. To remove them: xargs rm -r < {root / LIST}",
        ]
    )


def record(root: Path, stale: Mapping[Path, list[Path]]) -> None:
    """Write the list of all stale files and folders; remove it if there are none."""
    if not stale:
        (root / LIST).unlink(missing_ok=True)
        return
    files.write_text(root / LIST, "".join(f"{path}\n" for paths in stale.values() for path in paths))
