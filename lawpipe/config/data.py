"""The block `data`: the examples of every split, drawn by the workflow or the user's own."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import PurePath
from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat

from lawpipe.config import block
from lawpipe.config.block import Block, Count, CountOrZero, Distinct, Fraction, Seed, Text, Whole, key

LINEAR = "Section 4, linear classification"
TRANSFORMER = "Section 4, Transformer"
PROPERTY = "this project (a test of the paper's property 4.3)"

#: A key of the perceptron alone, and of the language model alone.
perceptron = partial(key, problem="perceptron", source=LINEAR)
language_model = partial(key, problem="language_model", source=TRANSFORMER)


class Corpus(Block):
    """The text that a language model's examples are cut from."""

    source: Literal["grammar", "file", "hub"] = key("grammar", source="this project (the paper uses TinyStories)")
    """Where the stories come from: `grammar` writes them from an embedded grammar, without a network; `file` reads a
    file of yours; `hub` downloads a data set of the Hugging Face hub."""
    stories: Count | None = key(20000)
    """Number of stories that the grammar writes, or the largest number that is read from a file or the hub, from the
    beginning; null reads all."""
    seed: Seed = key(0)
    """Random seed of the grammar; the same for all seeds of the experiment."""
    path: Text | None = key(None)
    """The file to read when the source is `file`: Parquet or JSONL with a column of text, or plain text. A relative
    path must stay inside the working folder. With such a file, data.train_examples, data.desired_examples,
    data.test_examples, data.length, data.tokenizer.vocabulary, model.hidden, model.heads and training.steps have
    defaults of their own: 128, 64, 64, 32, 512, 32, 2 and 100, or what a smaller file allows. The environment
    variable LAWPIPE_STORIES, if set, names a file that replaces the hub."""
    text_column: Text = key("text")
    """Name of the column of text in a Parquet or JSONL file."""
    separator: Text | None = key(None)
    """Separator between two stories of a plain text file; null uses the end-of-text mark of TinyStories if the file
    has it, and blank lines otherwise."""
    near_copies: Literal["together", "drop", "ignore"] = key("together")
    """What becomes of near-copies, stories with the same words in the same order after the repair of encoding and
    quotes, whatever their case and punctuation: `together` keeps them in one split, after the stories that are
    different; `drop` keeps the first; `ignore` treats them as different stories. Exact copies are always dropped."""
    repository: Text = key("roneneldan/TinyStories", source=TRANSFORMER)
    """The data set to read when the source is `hub`."""
    revision: Text = key("f54c09fd23315a6f9c86f9dc80f725de7d8f9c64")
    """Commit of the data set, 40 hexadecimal digits; it fixes the content."""
    files: Annotated[list[Text], Field(min_length=1), Distinct] = key(
        ["data/train-00000-of-00004-2d5a1467fff1081b.parquet"]
    )
    """Files of the data set to read, in this order."""
    sha256: dict[str, str] = key({})
    """SHA-256 of any of the files: a mapping of file names to 64 hexadecimal digits. A file that differs is
    refused."""


class Tokenizer(Block):
    """How text becomes tokens."""

    kind: Literal["bpe", "mistral"] = key("bpe", source=f"{TRANSFORMER} (mistral), this project (bpe)")
    """`bpe` trains byte-pair encoding on the corpus; `mistral` is the paper's choice: the tokens of Mistral-7B-v0.1,
    cut to the most frequent ones in the corpus."""
    vocabulary: Annotated[int, Field(ge=3, le=1_000_000), Whole] = key(5000, source=TRANSFORMER)
    """Number of tokens (V), including [UNK] = 0 and the padding = 1; byte-pair encoding needs one for each byte, at
    least 258."""


class Mix(Block):
    """How often each kind of operation is drawn, relative to the others."""

    replace: NonNegativeFloat = key(1.0, source=f"{TRANSFORMER} (equal shares are this project's reading)")
    """Relative frequency of the operation that replaces a token by a random one."""
    delete: NonNegativeFloat = key(1.0, source=f"{TRANSFORMER} (equal shares are this project's reading)")
    """Relative frequency of the operation that deletes the last token."""
    repeat: NonNegativeFloat = key(1.0, source=f"{TRANSFORMER} (equal shares are this project's reading)")
    """Relative frequency of the operation that repeats a token."""


class Perturbation(Block):
    """The perturbation of training text."""

    fraction: Fraction = key(0.5, source=TRANSFORMER)
    """Fraction of the training examples that are perturbed: exactly round(fraction x N) of them."""
    operations: Annotated[int, Field(ge=0, le=10_000), Whole] = key(20, source=TRANSFORMER)
    """Number of operations on each perturbed example, one after the other."""
    mix: Mix = block.block(Mix)


class Data(Block):
    """The examples."""

    dimension: Count = perceptron(128)
    """Number of features of an example (D)."""
    train_examples: Count = key(source="Section 4", perceptron=4096, language_model=16384)
    """Number of training examples (N)."""
    desired_examples: Count = key(512, source="Section 4")
    """Number of desired examples (K); their loss is what the search minimises."""
    test_examples: Count = key(512, source="Section 4")
    """Number of test examples, drawn like the desired ones and never used by the search."""
    validation_examples: CountOrZero = key(0)
    """Number of validation examples, drawn like the desired ones; the search logs its objective on them. 0 draws
    none."""
    train_variance: PositiveFloat = perceptron(3.0, source=f"{LINEAR} (its 3I read as a variance)")
    """Variance of each training feature."""
    desired_mean: float = perceptron(0.5)
    """Mean of each desired, validation and test feature."""
    desired_variance: PositiveFloat = perceptron(1.0)
    """Variance of each desired, validation and test feature."""
    flip_fraction: Fraction = perceptron(0.0, source="this project (the paper flips none)")
    """Fraction of the training labels that are flipped: exactly round(fraction x N) of them."""
    flip_by: Literal["chance", "class", "nearest", "farthest"] = perceptron("chance", source="this project")
    """Which training labels are flipped: any, at random (`chance`); those of class 1, and of class 0 only if they are
    too few (`class`); those of the examples nearest to the teacher's boundary, or farthest from it."""
    duplicates: CountOrZero = perceptron(0, source=PROPERTY)
    """Number of training examples, among the N, that are exact copies of others."""
    dependent: CountOrZero = perceptron(0, source=PROPERTY)
    """Number of training examples, among the N, that are the sum of two others divided by sqrt(2), labelled by the
    teacher."""
    folder: Text | None = perceptron(None, source="this project")
    """A folder, relative to the working folder, with your own train.parquet, desired.parquet and test.parquet (and
    validation.parquet if validation_examples is not 0), each with the columns `features` (list of numbers) and
    `label` (0 or 1). A column `flipped` (true or false, in train.parquet) says which labels are known to be wrong:
    the search does not see it, the policy clean_only leaves those examples out, and the report says how much weight
    they get. The files determine the dimension, the numbers of examples and the share of flipped labels; these keys
    must be left out. null draws the data."""
    length: block.Size = language_model(64)
    """Number of tokens of an example that the model reads (L); an example holds one more, the last one to predict."""
    minimum_fill: Fraction = language_model(0.25, source="this project")
    """Smallest fraction of an example that must be tokens and not padding; the rest of a story that would fill less
    gives no example."""
    corpus: Corpus = block.block(Corpus, "language_model")
    tokenizer: Tokenizer = block.block(Tokenizer, "language_model")
    perturbation: Perturbation = block.block(Perturbation, "language_model")


def check_perceptron(data: Mapping[str, Any], path: str) -> Iterator[str]:
    """Yield a sentence unless the user's folder is below the working folder and the redundant examples fit."""
    folder, copies, sums = data["folder"], data["duplicates"], data["dependent"]
    if folder is not None and (PurePath(folder).is_absolute() or ".." in PurePath(folder).parts):
        yield (
            f"{path}.folder is {folder!r}, expected a path inside the working folder: "
            "move or link the folder there and give its relative path."
        )
    if not copies + sums:
        return
    redundant = f"{path}.{'duplicates' if copies else 'dependent'} is {copies or sums}"
    if folder is not None:
        yield f"{redundant}, but the examples are those of {path}.folder: leave one of them out."
        return
    if data["flip_fraction"]:
        yield (
            f"{redundant}, but {path}.flip_fraction is {data['flip_fraction']}: a copy has the label "
            "of its original, so set one of them to 0."
        )
    needed = 2 * copies + 3 * sums
    if needed > data["train_examples"]:
        yield (
            f"{path}.train_examples is {data['train_examples']}, expected at least {needed}: {copies} copies and "
            f"their originals, {sums} sums and their two parts."
        )


def check_text(data: Mapping[str, Any], path: str) -> Iterator[str]:
    """Yield a sentence unless the corpus has what its source needs and an operation can perturb its text."""
    source, file = data["corpus"]["source"], data["corpus"]["path"]
    if source == "file" and file is None:
        yield f"{path}.corpus.path is missing: the source is file, so name your file of text."
    if source != "file" and file is not None:
        yield (
            f"{path}.corpus.path is {file!r}, but the source is {source}: "
            "set data.corpus.source to file, or leave the path out."
        )
    elif file is not None and not PurePath(file).is_absolute() and ".." in PurePath(file).parts:
        yield (
            f"{path}.corpus.path is {file!r}, expected a path inside the working folder: copy the "
            "file there, or give its absolute path."
        )
    if source == "grammar" and data["corpus"]["stories"] is None:
        yield f"{path}.corpus.stories is null, expected how many stories the grammar is to write, such as 20000."
    if not any(data["perturbation"]["mix"].values()):
        yield f"{path}.perturbation.mix has only zeros, expected a number above 0 for replace, delete or repeat."
