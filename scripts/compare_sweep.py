"""Compare the experiments of a sweep: the gain of the searched policy at each value of the setting.

Takes the experiments' folders and the dotted key that the sweep varies. Gives one figure of the numbers in the seeds'
summaries.
"""

from pathlib import Path

from lawpipe.figures import style
from lawpipe.report import page
from lawpipe.run import stage
from lawpipe.studies import sweep


def main(argv: list[str] | None = None) -> None:
    """Run the stage; `argv` as on the command line."""
    parser = stage.parser(__doc__)
    parser.add_argument("--folders", type=Path, nargs="+", required=True, help="folders of the experiments")
    parser.add_argument(
        "--key", required=True, help="the setting that the sweep varies, such as data.desired_examples"
    )
    parser.add_argument("--figure", type=Path, required=True, help="output: the figure")
    with stage.job(parser.parse_args(argv), __file__) as job:
        options = job.options
        points = sweep.points([page.load(folder) for folder in options.folders], options.key)
        with style.theme():
            style.save(sweep.figure(points, options.key), options.figure, f"Gain against {options.key}")
        for (value, policy, against), rows in points.groupby(["value", "policy", "against"], sort=False):
            print(f"{options.key} {value:g}, {policy} on {against}: J ratio {rows['objective_ratio'].mean():.3f}")


if __name__ == "__main__":
    stage.run(main)
