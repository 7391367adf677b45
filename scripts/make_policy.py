"""Make the policy that the settings name; the stage `search` makes the near-optimal one.

Takes the examples, the initial parameters and the policies that it is made from, if any. Gives
policies/{policy}.parquet: one row per step with the weights of all examples and the learning rate. A policy whose
learning rate is tuned also gives the rates that were tried. A policy that takes a search resumes from its last
checkpoint in --state if it was killed.
"""

from lawpipe.engine import policy, setup
from lawpipe.policies import variants
from lawpipe.policies.base import Context
from lawpipe.run import stage
from lawpipe.run.tables.policies import LEARNING_RATES, POLICY


def describe(result: policy.Policy) -> str:
    """Return the learning rates of a policy and its notes in words."""
    low, high = result.learning_rates.min(), result.learning_rates.max()
    rates = f"learning rate {low:.4g}" if low == high else f"learning rates {low:.4g} to {high:.4g}"
    return "; ".join([rates, *(f"{name.replace('_', ' ')} {value}" for name, value in result.notes.items())])


@stage.script(
    **setup.OPTIONS,
    others=stage.option("policies it is made from, a file each", nargs="+", required=False, default=[]),
    output="output: the policy",
    learning_rates=stage.option("output: the rates tried, for a tuned policy", required=False),
    state=stage.option("side folder to resume from; removed at the end", required=False),
)
def main(job: stage.Job) -> None:
    """Write the policy."""
    options = job.options
    context = Context(
        settings=job.settings,
        files={name: getattr(options, name) for name in setup.OPTIONS},
        others={path.stem: policy.load(path) for path in options.others},
        state=options.state,
    )
    result = variants.make(context)
    source = f"the policy {job.settings['policy']}, which was to be written to {options.output}"
    job.write(options.output, POLICY, result.columns(source))
    if options.learning_rates is not None and result.tried_rates is not None:
        job.write(options.learning_rates, LEARNING_RATES, result.tried_rates)
    job.notes |= {"policy": job.settings["policy"], **result.notes}
    print(f"{job.label}: made {job.settings['policy']}; {describe(result)}")
