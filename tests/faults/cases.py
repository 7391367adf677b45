"""What can go wrong with files, data, settings and clocks; each case with what comes of it.

A case is arranged in the working folder, where a toy seed is prepared in `seed/`, and returns what then runs. The
table in docs/faults.md is these cases, word for word.
"""

import contextlib
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lawpipe.analysis import summary
from lawpipe.config.resolve import resolve
from lawpipe.results.experiment import Seed
from lawpipe.run import artifacts
from lawpipe.run.tables import policies as policy_tables
from lawpipe.run.tables.examples import TOKENS
from lawpipe.run.tables.measurements import COLLECTED
from scripts import generate_data, initialise, make_policy, prepare_corpus, search, summarise, train
from tests.scripts.test_text_stages import CORPUS
from tests.scripts.test_text_stages import SETTINGS as STORIES
from tests.scripts.test_training_stages import SETTINGS, call
from tests.workflow.copies import PARTS, ROOT
from workflow import driver

Run = Callable[[], None]

SPLITS = ("train", "desired", "test")
PREPARED = Path("seed")
POLICY = PREPARED / "policies/conventional.parquet"


@dataclass(frozen=True)
class Case:
    """What goes wrong, what then happens (`stops` or `goes on`) and what is printed."""

    title: str
    happens: str
    printed: str
    arrange: Callable[[], Run]


CASES: list[Case] = []


def case(title: str, happens: str, printed: str) -> Callable[[Callable[[], Run]], Callable[[], Run]]:
    """Add a function that arranges a case to the table."""

    def add(arrange: Callable[[], Run]) -> Callable[[], Run]:
        CASES.append(Case(title, happens, printed, arrange))
        return arrange

    return add


def inputs(folder: Path = PREPARED) -> dict[str, Path]:
    """The options of a stage with a training run."""
    return {name: folder / f"{name}.parquet" for name in (*SPLITS, "theta0")}


def prepare(folder: Path) -> None:
    """Make the toy seed that the cases find in `seed/`."""
    paths = inputs(folder)
    call(generate_data.main, **{name: paths[name] for name in SPLITS})
    call(initialise.main, train=paths["train"], theta0=paths["theta0"])
    named = SETTINGS | {"policy": "conventional"}
    call(make_policy.main, named, **paths, output=folder / "policies/conventional.parquet")


def training() -> None:
    """Train and measure under the conventional policy of the toy seed."""
    tables = {name: Path(f"out/{name}.parquet") for name in COLLECTED}
    call(train.main, **inputs(), policies=[POLICY], **tables)


def searching(settings: dict[str, Any] = SETTINGS, folder: Path = PREPARED) -> None:
    """Search on a seed."""
    outputs = {"search": Path("out/search.parquet"), "policies": Path("out/policies"), "state": Path("out/.search-0")}
    call(search.main, settings, **inputs(folder), **outputs)


def reading_corpus(**data: Any) -> None:
    """Read the file of text `stories.jsonl`, and make its tokeniser."""
    corpus = CORPUS | {"source": "file", "path": "stories.jsonl", "text_column": "text", "separator": None}
    settings = STORIES | {"data": {"corpus": corpus | {"stories": None}, "tokenizer": STORIES["data"]["tokenizer"]}}
    settings["data"] |= data
    outputs = {"tokenizer": Path("out/tokenizer.json"), "tokens": Path("out/tokens.parquet")}
    call(prepare_corpus.main, settings, **outputs, glimpse=Path("out/corpus.json"))
    print(json.loads(Path("out/corpus.json").read_text())["glimpse"]["counts"])


def own_data() -> None:
    """Import the user's own examples from `own/`."""
    settings = SETTINGS | {"data": SETTINGS["data"] | {"folder": "own"}}
    call(generate_data.main, settings, **{name: Path(f"out/{name}.parquet") for name in SPLITS})


def write_own(**columns: Any) -> None:
    """Write three splits of the user's own, and in the training split these columns."""
    Path("own").mkdir()
    right: dict[str, Any] = {"features": [[1.0, 2.0], [2.0, 1.0]], "label": [0, 1]}
    for split in SPLITS:
        pq.write_table(pa.table(right | columns if split == "train" else right), f"own/{split}.parquet")


def whole_seed(settings: dict[str, Any], *policies: str) -> None:
    """Run every stage of a seed, from the data to the summary."""
    folder = Path("out")
    paths = inputs(folder)
    tokens = {}
    if settings["problem"] == "language_model":
        texts = {"tokenizer": folder / "tokenizer.json", "glimpse": folder / "corpus.json"}
        call(prepare_corpus.main, settings, tokens=folder / "tokens.parquet", **texts)
        tokens = {"tokens": folder / "tokens.parquet"}
    call(generate_data.main, settings, **tokens, **{name: paths[name] for name in SPLITS})
    call(initialise.main, settings, train=paths["train"], theta0=paths["theta0"])
    for policy in policies:
        tried = (
            {"learning_rates": folder / f"learning_rates/{policy}.parquet"} if policy == "conventional_tuned" else {}
        )
        named = settings | {"policy": policy}
        call(make_policy.main, named, **paths, output=folder / f"policies/{policy}.parquet", **tried)
    searching(settings, folder)
    names = [*policies, "near_optimal", "search_0001"]
    parts = {name: folder / f"parts/{name}.parquet" for name in COLLECTED}
    call(train.main, settings, **paths, policies=[folder / f"policies/{name}.parquet" for name in names], **parts)
    tables = {name: folder / f"{name}.parquet" for name in ("fits", "sensitivity", "summary")}
    call(summarise.main, settings, **{name: [path] for name, path in parts.items()}, **tables, output=folder)
    summary.over_seeds([Seed(folder, settings).summary])


def by_itself(command: list[str], **how: Any) -> None:
    """Run a command, with what it says on our stderr, and exit as it does."""
    environment = os.environ | {"PYTHONPATH": str(how.get("cwd", ROOT)), "OMP_NUM_THREADS": "1"}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, **how)
    print(run.stdout + run.stderr, file=sys.stderr)
    sys.exit(run.returncode)


def drawing() -> list[str]:
    """The command that draws the toy seed's data into `out/`."""
    options = [text for name in SPLITS for text in (f"--{name}", f"out/{name}.parquet")]
    return [sys.executable, str(ROOT / "scripts/generate_data.py"), "--settings", json.dumps(SETTINGS), *options]


def project() -> Path:
    """Make a copy of the project, without results, whose parts are links."""
    folder = Path("project")
    folder.mkdir()
    for name in PARTS:
        (folder / name).symlink_to(ROOT / name)
    return folder


def workflow(folder: Path, target: str) -> None:
    """Run the driver for one target of the small config."""
    config = ["--configfile", "config/small.yaml"]
    by_itself([sys.executable, "-m", "workflow.driver", target, "--cores", "1", *config], cwd=folder)


@contextlib.contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Within the block this process cannot write more than so many bytes to a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    keep = sys.dont_write_bytecode
    # Python 3.11 would keep the half of a module's bytecode that can be written.
    sys.dont_write_bytecode = True
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        sys.dont_write_bytecode = keep


NO_ROOM = (
    "cannot be written: there is no room left for it on its disk or in this user's share of it; make room and run "
    "again, what was finished before is kept."
)
ANEW = "delete the file and run again to make it anew."
DAMAGED = "it is damaged or another format; replace it, or delete it and run again."


@case("the disk is full in the middle of a table", "stops", f"out/train.parquet {NO_ROOM}")
def _() -> Run:
    def run() -> None:
        with files_of_at_most(1000):
            by_itself(drawing())

    return run


@case("the disk is full in the middle of a search's checkpoint", "stops", f"out/.search-0/state.npz {NO_ROOM}")
def _() -> Run:
    def run() -> None:
        with files_of_at_most(5000):
            by_itself([sys.executable, "-c", SEARCHING])

    return run


#: A search that saves its state after every iteration.
SEARCHING = """
from lawpipe.run import stage
from lawpipe.search.checkpoint import Checkpoint
from tests.faults.cases import searching
Checkpoint.due = lambda self: True
stage.run(searching)
"""


@case(
    "the folder of a stage's results is read-only",
    "stops",
    "out/train.parquet cannot be written (Permission denied): expected a folder out that this user may write to; "
    "mend its permissions, or move what is in its place, and run again.",
)
def _() -> Run:
    Path("out").mkdir(mode=0o555)
    # For root the mode counts only without this capability.
    alone = ["setpriv", "--bounding-set=-dac_override"] if os.geteuid() == 0 else []
    return lambda: by_itself([*alone, *drawing()])


@case(
    "a file lies where the workflow's results belong",
    "stops",
    "results-small is a file, expected a folder for results there: move it away, or choose another name in the "
    "config.",
)
def _() -> Run:
    folder = project()
    (folder / "results-small").write_text("mine")
    return lambda: workflow(folder, "results-small/perceptron/seed0/train.parquet")


@case("a Parquet file is truncated", "stops", f"{POLICY} cannot be read as Parquet (…): {DAMAGED}")
def _() -> Run:
    POLICY.write_bytes(POLICY.read_bytes()[:2000])
    return training


@case(
    "a Parquet file has one wrong bit", "stops", f"{PREPARED}/train.parquet cannot be read as Parquet (…): {DAMAGED}"
)
def _() -> Run:
    path = PREPARED / "train.parquet"
    content = bytearray(path.read_bytes())
    column = pq.ParquetFile(path).metadata.row_group(0).column(0)
    content[column.data_page_offset + column.total_compressed_size // 2] ^= 1
    path.write_bytes(content)
    return training


@case(
    "an artifact is of another version",
    "stops",
    f"{POLICY}: column 'learning_rate' is float, expected float64; {ANEW}",
)
def _() -> Run:
    table = pq.read_table(POLICY)
    index = table.schema.get_field_index("learning_rate")
    pq.write_table(table.set_column(index, "learning_rate", table["learning_rate"].cast(pa.float32())), POLICY)
    return training


@case(
    "an artifact is of another experiment",
    "stops",
    f"{POLICY} is for 8 training examples, expected 37: it belongs to another experiment or to other settings; "
    f"{ANEW}",
)
def _() -> Run:
    columns = {"step": np.arange(12), "weights": np.full((12, 8), 1 / 8), "learning_rate": np.full(12, 0.3)}
    artifacts.write(POLICY, policy_tables.POLICY, columns, settings={}, code="")
    return training


@case(
    "a column is missing",
    "stops",
    f"{POLICY} has no column 'weights': expected a policy table with step, weights, learning_rate; {ANEW}",
)
def _() -> Run:
    pq.write_table(pq.read_table(POLICY).drop_columns(["weights"]), POLICY)
    return training


def wrong_weight(value: float) -> Run:
    """Give one example of the policy another weight."""
    weights = np.full((12, 37), 1 / 37)
    weights[3, 5] = value
    columns = {"step": np.arange(12), "weights": weights, "learning_rate": np.full(12, 0.3)}
    artifacts.write(POLICY, policy_tables.POLICY, columns, settings={}, code="")
    return training


OF_A_POLICY = (
    "expected weights that are finite, at least 0, and sum to 1 in every row; delete the file and run again."
)


@case("a row of a policy's weights does not sum to 1", "stops", f"{POLICY}: row 3 sums to 3.47297, {OF_A_POLICY}")
def _() -> Run:
    return wrong_weight(2.5)


@case("a weight is below 0", "stops", f"{POLICY}: row 3 gives example 5 the weight -0.017, {OF_A_POLICY}")
def _() -> Run:
    return wrong_weight(-0.017)


@case(
    "the saved state of a search is damaged",
    "stops",
    "out/.search-0/state.npz is damaged (File is not a zip file), expected the state of a search that was stopped: "
    "delete out/.search-0 to search from the beginning.",
)
def _() -> Run:
    state = Path("out/.search-0/state.npz")
    state.parent.mkdir(parents=True)
    state.write_bytes(b"PK\x03\x04 and then nothing")
    return searching


@case(
    "two drivers of one config in one folder",
    "stops",
    "another run of this config (process …) is at work in …: wait until it is done, or stop it with kill ….",
)
def _() -> Run:
    def run() -> None:
        command = [sys.executable, "-m", "workflow.driver", "all", "--configfile", "mine.yaml"]
        with driver.alone(driver.lock_file(command[3:])):
            by_itself(command, cwd=Path.cwd())

    Path("mine.yaml").write_text("name: mine\n")
    for name in ("lawpipe", "workflow"):
        Path(name).symlink_to(ROOT / name)
    return run


TARGET = "results-small/perceptron/seed0/theta0.parquet"


@case(
    "Snakemake's own lock is on the folder",
    "stops",
    "… is locked by Snakemake: another one is at work in this folder, or one was killed; wait for it, or, if there "
    "is none, remove its lock with snakemake --unlock.",
)
def _() -> Run:
    folder = project()
    locks = folder / driver.LOCKS
    locks.mkdir(parents=True)
    (locks / "0.output.lock").write_text(f"{TARGET}\n")
    return lambda: workflow(folder, TARGET)


@case(
    "the clock jumps back: results are dated in the future",
    "goes on",
    "1 results are dated in the future: dated back to now",
)
def _() -> Run:
    folder = project()
    train_split = folder / "results-small/perceptron/seed0/train.parquet"
    with contextlib.suppress(SystemExit):
        workflow(folder, str(train_split.relative_to(folder)))
    os.utime(train_split, (4e9, 4e9))
    return lambda: workflow(folder, TARGET)


def records(*texts: str) -> bytes:
    """Write texts as JSONL."""
    return b"".join(json.dumps({"text": text}).encode() + b"\n" for text in texts)


def different_stories(count: int) -> list[str]:
    """Stories of one sentence, none a near-copy of another."""
    return [f"Tom saw {number} red birds and {number + 7} blue fish in the old garden." for number in range(count)]


@case(
    "a corpus has empty, huge, non-UTF-8 and duplicate records",
    "goes on",
    "{'duplicates': 1, 'empty': 1, 'near_copies': 0, 'not_text': 2, 'records': 125, 'stories': 120, 'too_long': 1}",
)
def _() -> Run:
    stories = different_stories(120)
    odd = records("", "x" * (2**20 + 1), stories[0]) + b'{"text": "\xff\xfe"}\n{"text": "half \\ud83d"}\n'
    Path("stories.jsonl").write_bytes(records(*stories) + odd)
    return lambda: reading_corpus(tokenizer={"kind": "bpe", "vocabulary": 60})


@case(
    "two files of text that begin with a byte order mark are joined",
    "goes on",
    "{'duplicates': 1, 'empty': 0, 'near_copies': 0, 'not_text': 0, 'records': 121, 'stories': 120, 'too_long': 0}",
)
def _() -> Run:
    stories = different_stories(120)
    mark = "\ufeff".encode()
    Path("stories.jsonl").write_bytes(mark + records(*stories) + mark + records(stories[0]))
    return lambda: reading_corpus(tokenizer={"kind": "bpe", "vocabulary": 60})


@case(
    "a story comes with straight, curly and wrongly decoded quotes: kept in one split",
    "goes on",
    "{'duplicates': 0, 'empty': 0, 'near_copies': 2, 'not_text': 0, 'records': 122, 'stories': 122, 'too_long': 0}",
)
def _() -> Run:
    stories = different_stories(119)
    curly = "“Look,” said Tom. “It’s a bird.”"
    copies = [curly, curly.encode().decode("latin-1"), '"Look," said Tom. "It\'s a bird."']
    Path("stories.jsonl").write_bytes(records(*stories, *copies))
    return lambda: reading_corpus(tokenizer={"kind": "bpe", "vocabulary": 80})


@case(
    "a corpus has nothing else",
    "stops",
    "stories.jsonl holds no stories (2 records: 1 empty, 1 not UTF-8 text, 0 longer than 1 MiB): expected one per "
    "record; see corpus.path, corpus.text_column and corpus.separator.",
)
def _() -> Run:
    Path("stories.jsonl").write_bytes(records(" ") + b"\xff\n")
    return reading_corpus


@case(
    "a vocabulary is larger than the corpus has tokens for",
    "stops",
    "tokenizer.vocabulary is 300, but the corpus fills only 29 ids: set it to 29 or less, or take a larger corpus "
    "(corpus.stories).",
)
def _() -> Run:
    Path("stories.jsonl").write_bytes(records("Tom saw a bird.", "Sue saw a fish.", "Sue saw a red bird."))
    return reading_corpus


@case(
    "a vocabulary is smaller than the corpus has bytes",
    "stops",
    "tokenizer.vocabulary is 5, but the corpus needs 14 ids for its single bytes, [UNK] and pad: set it to more than "
    "14.",
)
def _() -> Run:
    Path("stories.jsonl").write_bytes(records("Tom saw a bird."))
    return lambda: reading_corpus(tokenizer={"kind": "bpe", "vocabulary": 5})


@case(
    "a corpus is too small for the examples",
    "stops",
    "the corpus gives 3 windows of 13 tokens from 3 stories long enough, too few for 10 train, 4 desired, 5 test "
    "examples without a story in two splits: take a larger corpus (corpus.stories), fewer "
    "examples or a smaller data.length.",
)
def _() -> Run:
    tokens = {"story": [0, 1, 2], "tokens": [[2] * 9] * 3}
    artifacts.write("tokens.parquet", TOKENS, tokens, settings={}, code="")
    outputs = {name: Path(f"out/{name}.parquet") for name in SPLITS}
    return lambda: call(generate_data.main, STORIES, tokens=Path("tokens.parquet"), **outputs)


@case(
    "the user's features hold a NaN",
    "stops",
    "own/train.parquet: features of row 1 hold a NaN or an infinity (1 such rows): expected finite numbers; drop or "
    "mend those rows.",
)
def _() -> Run:
    write_own(features=[[1.0, 2.0], [float("nan"), 1.0]])
    return own_data


@case(
    "the user's labels hold a NaN",
    "stops",
    "own/train.parquet: column 'label' holds nan, expected 0 or 1 only; recode the two classes.",
)
def _() -> Run:
    write_own(label=[0.0, float("nan")])
    return own_data


@case(
    "the user's features hold a number beyond single precision",
    "stops",
    "own/train.parquet: features of row 0 hold a number above 3.4e+38 (1 such rows): expected finite numbers; drop "
    "or mend those rows.",
)
def _() -> Run:
    write_own(features=[[1e39, 2.0], [2.0, 1.0]])
    return own_data


@case(
    "the user's flips are words",
    "stops",
    "own/train.parquet: column 'flipped' holds 'no', expected 0 or 1 only; recode the two classes.",
)
def _() -> Run:
    write_own(flipped=["no", "yes"])
    return own_data


@case(
    "the user's folder has several mistakes",
    "stops",
    "own/train.parquet: features of row 0 are null, expected a list of numbers.\n"
    "own/train.parquet: column 'label' holds 2, expected 0 or 1 only; recode the two classes.\n"
    "own/test.parquet does not exist: expected a Parquet file there.",
)
def _() -> Run:
    write_own(features=[None, [2.0, 1.0]], label=[0, 2])
    Path("own/test.parquet").unlink()
    return own_data


@case(
    "a config has several mistakes",
    "stops",
    "name is missing: Names the results folder, results-{name}; the name `default` gives results.\n"
    "experiments.a.training.learning_rate is 'fast', expected a number above 0.\n"
    "experiments.b.search.rate is 0.1, but feedback_descent sets its own step: write null or leave it out.",
)
def _() -> Run:
    experiments = {"a": {"training": {"learning_rate": "fast"}}, "b": {"search": {"rate": 0.1}}}
    return lambda: print(resolve({"experiments": experiments}))


@case(
    "a learning rate diverges, in a search",
    "stops",
    "training.learning_rate: training under the conventional policy diverges at 1000000.0 (the mean loss "
    "of the run is … nats, at its start …), expected a rate at which it learns; lower it.",
)
def _() -> Run:
    return lambda: searching(SETTINGS | {"training": SETTINGS["training"] | {"learning_rate": 1e6}})


@case(
    "a learning rate diverges, in the search for a better one",
    "stops",
    "training.learning_rate: training diverges at 1e+38 and at every rate near it (the mean loss of the run is … "
    "nats, at its start …), expected a rate at which it learns; lower it.",
)
def _() -> Run:
    outputs = {"output": Path("out/conventional_tuned.parquet"), "learning_rates": Path("out/rates.parquet")}
    diverges = SETTINGS | {"policy": "conventional_tuned", "training": SETTINGS["training"] | {"learning_rate": 1e38}}
    return lambda: call(make_policy.main, diverges, **inputs(), **outputs)


def sized(base: dict[str, Any], steps: int, examples: int, desired: int) -> dict[str, Any]:
    """The settings of a seed with T, N and K."""
    data = base["data"] | {"train_examples": examples, "desired_examples": desired, "test_examples": desired}
    data |= {"flip_fraction": 0.0} if base["problem"] == "perceptron" else {}
    return base | {
        "data": data,
        "training": base["training"] | {"steps": steps},
        "search": base["search"] | {"iterations": 2, "snapshots": [1]},
    }


@case("K = 1: one desired and one test example", "goes on", "toy seed 0: stopped, all 2 iterations are done")
def _() -> Run:
    return lambda: whole_seed(sized(SETTINGS, 12, 8, 1), "conventional", "conventional_tuned")


@case("T = 1: one step", "goes on", "toy seed 0: stopped, all 2 iterations are done")
def _() -> Run:
    return lambda: whole_seed(sized(SETTINGS, 1, 8, 4), "conventional", "conventional_tuned")


@case(
    "N = 1: fewer training examples than are computed together",
    "goes on",
    "toy seed 0: stopped, the gap is at most 0 of J",
)
def _() -> Run:
    return lambda: whole_seed(sized(SETTINGS, 1, 1, 1), "conventional", "conventional_tuned")


@case(
    "N = K = T = 1 in a language model",
    "goes on",
    "toy seed 0: stopped, the gap is at most 0 of J",
)
def _() -> Run:
    return lambda: whole_seed(sized(STORIES, 1, 1, 1), "conventional", "conventional_tuned")
