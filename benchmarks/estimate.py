"""Estimates of time and memory beside what a run took: stage by stage, for the results of a config.

    python benchmarks/estimate.py config/config.yaml results

Time is estimated at this machine's speed, measured now, so the results should come from this machine. It is compared
with the processor seconds of the jobs, which other work on the machine affects less than wall time. Only jobs with a
cost file count.
"""

import argparse
from pathlib import Path

import yaml

from lawpipe.config.resolve import resolve
from lawpipe.cost import costs, estimate

ROOT = Path(__file__).resolve().parents[1]


def main(argv: list[str] | None = None) -> None:
    """Print one line for each kind of stage of each experiment that has results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path)
    parser.add_argument("results", type=Path)
    options = parser.parse_args(argv)
    everything = resolve(yaml.safe_load(options.config.read_text())).experiments
    experiments = {name: chosen for name, chosen in everything.items() if (options.results / name).is_dir()}
    steps = estimate.measure_speed(experiments)
    for name, settings in experiments.items():
        guessed = estimate.stages(settings, steps.get(name))
        spent = costs.read(options.results / name, tuple(settings["seeds"]))
        taken = {cost.stage.replace(" ", "_"): cost for cost in spent.stages}
        disk = sum(file.stat().st_size for file in (options.results / name).rglob("*.parquet"))
        print(
            f"{name}: disk estimated {estimate.total(guessed.values()).bytes / 1e6:.0f} MB, found {disk / 1e6:.0f} MB"
        )
        for kind in dict.fromkeys(kind_of(stage) for stage in guessed):
            stages = [stage for stage in guessed if kind_of(stage) == kind and stage in taken]
            rows = [(guessed[stage], taken[stage]) for stage in stages if not taken[stage].resumed]
            if not rows:  # not computed yet, or not in one piece
                continue
            seconds = sum(guess.seconds / guess.jobs * spent.jobs for guess, spent in rows)
            measured = sum(spent.processor_seconds for _, spent in rows)
            memory = max(guess.memory_mb for guess, _ in rows), max(spent.peak_memory_mb for _, spent in rows)
            print(
                f"  {kind:<16} {sum(spent.jobs for _, spent in rows):>3} jobs  {seconds:8.1f} s estimated "
                f"{measured:8.1f} s taken  {seconds / measured:5.2f}   {memory[0]:>5} MB estimated "
                f"{memory[1]:>5.0f} MB taken  {memory[0] / memory[1]:5.2f}"
            )


def kind_of(stage: str) -> str:
    """Return the kind of a stage: stages that train have one job per batch of policies, and their names say which."""
    return next((kind for kind in estimate.TRAINING if stage.startswith(kind)), stage)


if __name__ == "__main__":
    main()
