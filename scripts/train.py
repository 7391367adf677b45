"""Train under each of some policies and keep the loss curves.

Takes the examples, the initial parameters and one or more policies. Gives a row a policy and step t = 0..T with
the weighted training loss (null at T, where there are no weights), the desired and the test loss, in nats.
"""

from pathlib import Path

import numpy as np

from lawpipe import runs, stage


def main(argv: list[str] | None = None) -> None:
    """Write the curves of all policies given."""
    parser = stage.parser(__doc__)
    runs.add_inputs(parser)
    parser.add_argument("--policies", type=Path, nargs="+", required=True, help="the policies, a file each")
    parser.add_argument("--curves", type=Path, required=True, help="output: the loss curves")
    with stage.job(parser.parse_args(argv), __file__) as job:
        problem, theta0 = runs.load(job.settings, job.options)
        parts: dict[str, list[object]] = {
            name: [] for name in ("policy", "step", "train_loss", "desired_loss", "test_loss")
        }
        for group in runs.train(problem, theta0, job.options.policies):
            for name, run in group:
                parts["policy"] += [name] * (run.steps + 1)
                parts["step"] += range(run.steps + 1)
                parts["train_loss"] += [*run.training_losses(), None]
                parts["desired_loss"] += list(run.curve("desired"))
                parts["test_loss"] += list(run.curve("test"))
                print(f"{job.label}: {name}, J {np.mean(parts['desired_loss'][-run.steps :]):.4f} nats on desired")
            del group, run
        job.write(job.options.curves, "curves", parts)


if __name__ == "__main__":
    stage.run(main)
