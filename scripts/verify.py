"""Check that the claims have the verdicts that the config expects.

Takes the table of claims and, as the settings' `claims`, the expected verdicts by experiment and claim. Prints the
table. Fails with one sentence for each difference: another verdict, or a listed claim that the run
does not have. Claims without an expected verdict pass, and their number is printed.
"""

from lawpipe.paper import expected
from lawpipe.run import artifacts, stage
from lawpipe.run.errors import InputError
from lawpipe.run.tables.claims import CLAIMS


@stage.script(claims="the table of claims")
def main(job: stage.Job) -> None:
    """Print the table and compare."""
    rows = artifacts.read(job.options.claims, CLAIMS).to_pylist()
    print(expected.written(rows))
    verdicts = job.settings["claims"]
    if not verdicts:
        print(f"\n{len(rows)} claims; this config expects no verdicts, so there is nothing to compare.")
        return
    differences = expected.differences(rows, verdicts)
    if differences:
        raise InputError("\n".join(differences))
    listed = sum(map(len, verdicts.values()))
    rest = f"; this config expects no verdict on the other {len(rows) - listed}" if listed < len(rows) else ""
    print(f"\n{listed} of {len(rows)} claims have the expected verdict{rest}")
