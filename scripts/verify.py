"""Check that every claim has the verdict that the config expects.

Takes the table of claims and, as the settings' `claims`, the expected verdicts by experiment and claim. Prints the
table. Ends with exit code 1 and one sentence for each difference: another verdict, a claim that the config does not
list, or a listed claim that the run does not have. A config without expected verdicts passes with a note.
"""

import sys

from lawpipe.paper import expected
from lawpipe.run import artifacts, stage
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
        print("\n" + "\n".join(differences), file=sys.stderr)
        sys.exit(1)
    print(f"\nall {len(rows)} claims have the expected verdict")
