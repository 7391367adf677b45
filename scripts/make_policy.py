"""Make the policy that the settings name; the stage `search` makes the near-optimal one.

Takes the examples, the initial parameters and the policies that it is made from, if any. Gives
policies/{policy}.parquet: one row per step with the weights of all examples and the learning rate. A policy whose
learning rate is tuned also gives the rates that were tried. A policy that takes a search resumes from its last
checkpoint in --state if it was killed.
"""

import shutil
from pathlib import Path

from lawpipe.engine import policy
from lawpipe.policies import variants
from lawpipe.policies.base import Context
from lawpipe.run import distributed, stage
from lawpipe.run.splits import REQUIRED
from lawpipe.run.tables.policies import LEARNING_RATES, POLICY


def main(argv: list[str] | None = None) -> None:
    """Write the policy."""
    parser = stage.parser(__doc__)
    for split in REQUIRED:
        parser.add_argument(f"--{split}", type=Path, required=True, help=f"the {split} examples")
    parser.add_argument("--theta0", type=Path, required=True, help="the initial parameters")
    parser.add_argument("--others", type=Path, nargs="+", default=[], help="policies it is made from, a file each")
    parser.add_argument("--output", type=Path, required=True, help="output: the policy")
    parser.add_argument("--learning-rates", type=Path, help="output: the rates tried, for a tuned policy")
    parser.add_argument("--state", type=Path, help="side folder to resume from; removed at the end")
    with stage.job(parser.parse_args(argv), __file__) as job:
        options = job.options
        if options.state is not None:
            stage.drop_stale(options.state)
        context = Context(
            settings=job.settings,
            files={name: getattr(options, name) for name in (*REQUIRED, "theta0")},
            others={path.stem: policy.load(path) for path in options.others},
            state=options.state,
        )
        result = variants.make(context)
        job.write(options.output, POLICY, result.columns())
        if options.learning_rates is not None and result.tried_rates is not None:
            job.write(options.learning_rates, LEARNING_RATES, result.tried_rates)
        job.notes |= {"policy": job.settings["policy"], **result.notes}
        print(f"{job.label}: made {job.settings['policy']}; {describe(result)}")
    if options.state is not None and distributed.is_main():
        shutil.rmtree(options.state, ignore_errors=True)


def describe(result: policy.Policy) -> str:
    """Return the learning rates of a policy and its notes in words."""
    low, high = result.learning_rates.min(), result.learning_rates.max()
    rates = f"learning rate {low:.4g}" if low == high else f"learning rates {low:.4g} to {high:.4g}"
    return "; ".join([rates, *(f"{name.replace('_', ' ')} {value}" for name, value in result.notes.items())])


if __name__ == "__main__":
    stage.run(main)
