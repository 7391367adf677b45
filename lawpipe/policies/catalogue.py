"""All policies that a config may name, with their records, in the order in which they are listed.

The modules are imported by name, not by import statements, so that the code digest of a stage counts only the
policies that its settings name.
"""

from collections.abc import Iterator
from dataclasses import replace

from lawpipe.policies.base import Record
from lawpipe.run import registry

#: The modules of this room that are not policies.
HELPERS = ("base", "catalogue", "joint", "rates", "runs", "trusted", "variants")

#: What each variant adds to the label and to the phrase of its policy.
VARIANTS = {
    "tuned": (" tuned", " at their own best learning rate"),
    "matched": (" matched", " at the conventional policy's step length"),
}


def _records() -> Iterator[tuple[str, Record]]:
    """Yield the name and the record of every policy and variant."""
    for module in registry.names("policy"):
        if module not in HELPERS:
            record: Record = registry.load("policy", module).RECORD
            yield module, record
            for variant in VARIANTS:
                if variant in record.work:
                    yield f"{module}_{variant}", _derived(module, record, variant)


def _derived(module: str, record: Record, variant: str) -> Record:
    """Return the record of a policy's variant; one of a searched policy takes the weights that the search found."""
    label, phrase = VARIANTS[variant]
    return replace(
        record,
        label=record.label + label,
        phrase=record.phrase + phrase,
        required=False,
        takes_search=False,
        builds_on=(module,) if record.takes_search else record.builds_on,
        variant=variant,
    )


#: The record of each policy by its name: the required ones first, then by position, variants after their policy.
POLICIES: dict[str, Record] = dict(sorted(_records(), key=lambda item: (not item[1].required, item[1].position)))
