"""Names of the sets of examples of one seed."""

#: The reference sets that every experiment has and every policy is measured on.
REFERENCES = ("desired", "test")

#: The sets that every experiment has.
REQUIRED = ("train", *REFERENCES)

#: All sets; validation examples are optional.
SPLITS = (*REQUIRED, "validation")
