"""Data: takes the settings alone, or the user's own files; gives each seed's examples and initial parameters."""

add_stage(
    "prepare_corpus",
    "reading the corpus and making its tokeniser",
    folder=EXPERIMENT,
    output={
        "tokenizer": f"{EXPERIMENT}/tokenizer.json",
        "tokens": f"{EXPERIMENT}/tokens.parquet",
        "glimpse": f"{EXPERIMENT}/corpus.json",
    },
    params={"own": digests_of_own_files},
    constraints={"experiment": experiments_where(lambda settings: settings["problem"] in plan.ON_TEXT)},
    minutes=60,
)

add_stage(
    "initialise",
    "initialising the model",
    input=tables("train"),
    output=tables("theta0"),
)

# Without and with validation examples.
for name, splits in (("generate_data", REQUIRED), ("generate_data_with_validation", SPLITS)):
    add_stage(
        name,
        "drawing the examples",
        script="generate_data",
        files=(unpack(corpus_of_examples),),
        output=tables(*splits),
        params={"own": digests_of_own_files},
        constraints={"experiment": experiments_where(lambda settings: plan.splits(settings) == [*splits])},
    )
