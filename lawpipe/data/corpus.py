"""Corpora: where the stories come from, read one way whatever the source.

`load` takes the `corpus` block of the settings and gives the stories with their counts and a fingerprint. The
sources are `grammar` (stories written by the embedded grammar), `file` (the user's own text) and `hub` (a Hugging
Face dataset, pinned to a commit).

Every record is stripped of white space around it. A record is dropped, and counted, if it is empty, not UTF-8 text
(or holds a NUL character, as misread UTF-16 does), longer than 1 MiB, or the exact copy of an earlier one: a
story must not serve two splits, so a copy cannot stay. What is kept is text and nothing else: it is never executed,
unpacked or interpreted, and whoever shows it has to escape it.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import huggingface_hub
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from huggingface_hub import constants, errors

from lawpipe.data import grammar
from lawpipe.run.errors import InputError

#: A record with more bytes than this is dropped: no story, but a file read with the wrong separator.
LONGEST_RECORD = 2**20

#: The mark that ends a story in the plain text files of TinyStories and of many other corpora.
END_OF_TEXT = "<|endoftext|>"

#: The formats that a file may have, by the ending of its name.
FORMATS = {".parquet": "Parquet", ".jsonl": "JSONL", ".ndjson": "JSONL", ".txt": "plain text"}

#: Bytes read at a time, and bytes of an overlong record that are kept in case they begin a separator.
_CHUNK = 2**20
_OVERLAP = 2**12

_BLANK_LINES = re.compile(rb"\r?\n(?:[ \t]*\r?\n)+")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")

#: An example in the glimpse is cut after this many characters.
_GLIMPSE_CHARACTERS = 2000


@dataclass(frozen=True)
class Counts:
    """How many records were read, how many of them were dropped and why, and how many stories are left."""

    records: int
    empty: int
    not_text: int
    too_long: int
    duplicates: int
    stories: int


@dataclass(frozen=True)
class Corpus:
    """The stories of a corpus.

    `rows` int64 [stories] is the place of each story among the records of the source, from 0, over all its
    files and before anything was dropped. `fingerprint` is the SHA-256 of the stories in their order,
    whatever they were read from.
    """

    stories: Sequence[str]
    rows: npt.NDArray[np.int64]
    counts: Counts
    fingerprint: str

    def story(self, row: int) -> str:
        """Return the story of a row of the source; KeyError if that row was dropped or never read."""
        place = int(np.searchsorted(self.rows, row))
        if place == len(self.rows) or self.rows[place] != row:
            raise KeyError(row)
        return self.stories[place]


def load(settings: Mapping[str, Any]) -> Corpus:
    """Read the corpus that the `corpus` block of the settings describes.

    `source` is `grammar`, `file` or `hub`. `stories` is how many the grammar writes, and for the others the most
    that are kept, from the beginning (null for all; a larger corpus is not read further). Grammar: `seed`. File:
    `path`, of a Parquet file or JSONL with the text in `text_column`, or of plain text divided by `separator`
    (null: `<|endoftext|>` if the first MiB has one, else blank lines). Hub: `repository`, `revision` (a
    commit), `files` and `sha256` (a sum for any of the files), read like the user's own.

    Raises InputError, one sentence, for whatever the user can mend: a missing, damaged or foreign file, a
    missing column, a hub that cannot be reached, nothing left.
    """
    source = settings["source"]
    if source == "grammar":
        if settings["stories"] is None:
            raise InputError(
                "corpus.stories is null: expected how many stories the grammar is to write, such as 20000."
            )
        return _clean(
            (text.encode() for text in grammar.stories(settings["seed"], settings["stories"])), None, "the grammar"
        )
    if source == "file":
        if settings["path"] is None:
            raise InputError(
                "corpus.path is null: corpus.source is file, so set it to your Parquet, JSONL or text file."
            )
        files = [local_file(settings["path"])]
        place = str(settings["path"])
    elif source == "hub":
        files = _download(settings)
        place = f"{settings['repository']} ({', '.join(settings['files'])})"
    else:
        raise InputError(f"corpus.source is {source!r}: expected grammar, file or hub.")
    records = (record for file in files for record in _read(file, settings["text_column"], settings["separator"]))
    return _clean(records, settings["stories"], place)


def local_file(path: str) -> Path:
    """Return the user's file; a relative path has to stay inside the working folder, links followed.

    A config may come from somebody else: only one that names an absolute path reaches other folders, openly.
    """
    working = Path.cwd().resolve()
    try:
        found = (working / path).resolve()
        present = found.is_file()
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"corpus.path {path!r} is no path of a file ({error}): name one that exists.") from error
    if not Path(path).is_absolute() and not found.is_relative_to(working):
        raise InputError(
            f"corpus.path {path} leads out of the working folder {working}: "
            "copy the file into it, or give its absolute path."
        )
    if not present:
        raise InputError(f"corpus.path {path} is no file: expected a Parquet, JSONL or text file there.")
    return found


def glimpse(corpus: Corpus) -> dict[str, Any]:
    """Return what a reader wants to see of a corpus, as plain values ready for JSON.

    `fingerprint`; `counts`; `words` and `characters`, each the mean and the quantiles of a story's length;
    `word_types`, the number of different words (upper and lower case are one); `examples`, three
    stories spread over the corpus, each with its `story` (row of the source) and its `text`, cut after 2,000
    characters. The text is as it was found: escape it before showing it as HTML.
    """
    types: set[str] = set()
    words = np.zeros(len(corpus.stories), dtype=np.int64)
    for place, story in enumerate(corpus.stories):
        found = _WORD.findall(story.lower())
        types.update(found)
        words[place] = len(found)
    places = sorted({len(corpus.stories) * third // 3 for third in range(3)})
    return {
        "fingerprint": corpus.fingerprint,
        "counts": asdict(corpus.counts),
        "words": _quantiles(words),
        "characters": _quantiles(np.asarray([len(story) for story in corpus.stories])),
        "word_types": len(types),
        "examples": [{"story": int(corpus.rows[i]), "text": _shortened(corpus.stories[i])} for i in places],
    }


def _clean(records: Iterable[bytes], most: int | None, place: str) -> Corpus:
    """Turn records into stories: strip, drop and count; stop once there are `most`."""
    stories: list[str] = []
    rows: list[int] = []
    seen: set[str] = set()
    digest = hashlib.sha256()
    read = empty = not_text = too_long = 0
    for row, record in enumerate(records):
        read += 1
        if len(record) > LONGEST_RECORD:
            too_long += 1
            continue
        try:
            story = record.decode().strip()
        except UnicodeDecodeError:
            not_text += 1
            continue
        if "\0" in story:
            not_text += 1
        elif not story:
            empty += 1
        elif story not in seen:
            seen.add(story)
            stories.append(story)
            rows.append(row)
            encoded = story.encode()
            digest.update(len(encoded).to_bytes(8, "little") + encoded)
            if len(stories) == most:
                break
    duplicates = read - empty - not_text - too_long - len(stories)
    if not stories:
        raise InputError(
            f"{place} holds no stories ({read} records: {empty} empty, {not_text} not UTF-8 text, {too_long} "
            "longer than 1 MiB): expected one a record; see corpus.path, corpus.text_column and corpus.separator."
        )
    counts = Counts(read, empty, not_text, too_long, duplicates, len(stories))
    return Corpus(stories, np.asarray(rows, dtype=np.int64), counts, digest.hexdigest())


def _read(path: Path, column: str, separator: str | None) -> Iterator[bytes]:
    """Yield the records of one file as bytes, read as they are asked for."""
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise InputError(
            f"{path} ends in {path.suffix!r}: expected {', '.join(FORMATS)}; unpack or convert the file first."
        )
    if kind == "Parquet":
        yield from _read_parquet(path, column)
        return
    try:
        with path.open("rb") as stream:
            # Some editors begin a file with a byte order mark, which is no part of its text.
            if stream.read(len(_BYTE_ORDER_MARK)) != _BYTE_ORDER_MARK:
                stream.seek(0)
            yield from _read_jsonl(path, stream, column) if kind == "JSONL" else _read_text(stream, separator)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error}): mend it or name another file.") from error


def _read_parquet(path: Path, column: str) -> Iterator[bytes]:
    """Yield a Parquet column of strings; null is an empty record."""
    try:
        with pq.ParquetFile(path) as file:
            if column not in file.schema_arrow.names:
                raise InputError(
                    f"{path} has no column {column!r} (found: {', '.join(file.schema_arrow.names)}): "
                    "set corpus.text_column to the one that holds the text."
                )
            kind = file.schema_arrow.field(column).type
            if pa.types.is_dictionary(kind):
                kind = kind.value_type
            if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)):
                raise InputError(
                    f"{path}: column {column!r} is {kind}, expected strings; "
                    "set corpus.text_column to the one that holds the text."
                )
            for batch in file.iter_batches(batch_size=1024, columns=[column]):
                # As bytes, because Arrow does not check that its strings are UTF-8.
                for text in batch.column(0).cast(kind).cast(pa.large_binary()).to_pylist():
                    yield text or b""
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"{path} cannot be read as Parquet ({str(error).splitlines()[0]}): "
            "it is damaged or another format; replace it."
        ) from error


def _read_jsonl(path: Path, stream: BinaryIO, column: str) -> Iterator[bytes]:
    """Yield a key of every line's JSON object; null is an empty record, an empty line none."""
    for number, line in enumerate(_split(stream, re.compile(rb"\n")), start=1):
        if not line.strip():
            continue
        try:
            written = line.decode() if len(line) <= LONGEST_RECORD else None
        except UnicodeDecodeError:
            written = None
        if written is None:
            yield line  # dropped and counted by whoever reads the records
            continue
        try:
            item = json.loads(written)
        except (ValueError, RecursionError) as error:
            raise InputError(
                f"{path}, line {number}, is not JSON: expected one object a line; mend that line."
            ) from error
        if not isinstance(item, dict) or column not in item:
            raise InputError(
                f"{path}, line {number}, has no key {column!r}: expected an object with it a line; "
                "set corpus.text_column to the key that holds the text."
            )
        text = item[column]
        if text is not None and not isinstance(text, str):
            raise InputError(
                f"{path}, line {number}: {column!r} is {type(text).__name__}, expected a string; mend that line."
            )
        # JSON can spell half a surrogate pair, which no UTF-8 text has: it passes here and is dropped as not text.
        yield (text or "").encode("utf-8", "surrogatepass")


def _read_text(stream: BinaryIO, separator: str | None) -> Iterator[bytes]:
    """Yield what stands between separators; nothing between two of them is no record."""
    if separator is None:
        start = stream.tell()
        marked = END_OF_TEXT.encode() in stream.read(_CHUNK)
        stream.seek(start)
        pattern = re.compile(re.escape(END_OF_TEXT.encode())) if marked else _BLANK_LINES
    elif separator:
        pattern = re.compile(re.escape(separator.encode()))
    else:
        raise InputError(
            "corpus.separator is empty: expected the text between two stories, or null for the usual ones."
        )
    return (record for record in _split(stream, pattern) if record.strip())


def _split(stream: BinaryIO, separator: re.Pattern[bytes]) -> Iterator[bytes]:
    """Yield the pieces of a stream, in memory bounded by the longest record allowed, not by the stream."""
    rest = b""
    while chunk := stream.read(_CHUNK):
        *pieces, rest = separator.split(rest + chunk)
        yield from pieces
        if len(rest) > 2 * LONGEST_RECORD:
            # Too long already: its beginning says so, its end may hold the beginning of a separator.
            rest = rest[: LONGEST_RECORD + 1] + rest[-_OVERLAP:]
    yield rest


def _download(settings: Mapping[str, Any]) -> list[Path]:
    """Return the dataset's files from the Hugging Face cache, downloaded first where they are not there yet.

    A file whose sum is given in the settings is checked against it; any other against the sum under which the
    hub itself stores it, where it has one. A cached file needs no network.
    """
    repository, revision = settings["repository"], settings["revision"]
    if not isinstance(revision, str) or not _COMMIT.fullmatch(revision):
        raise InputError(
            f"corpus.revision is {revision!r}: expected the dataset's commit, 40 hexadecimal digits, "
            "so that the same config means the same data."
        )
    if not settings["files"]:
        raise InputError("corpus.files is empty: expected the names of the dataset's Parquet, JSONL or text files.")
    paths = []
    for name in settings["files"]:
        parts = PurePosixPath(name).parts
        if not parts or name.startswith("/") or ".." in parts or "\\" in name:
            raise InputError(f"corpus.files has {name!r}: expected the path of a file inside the dataset.")
        path = _fetch(repository, name, revision)
        expected = (settings["sha256"] or {}).get(name)
        if expected is None and _SHA256.fullmatch(path.resolve().name):
            expected = path.resolve().name
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
        if expected is not None and found != expected:
            raise InputError(
                f"{path} has SHA-256 {found}, expected {expected}: delete {path.resolve()} to download it anew, "
                "or mend corpus.sha256."
            )
        paths.append(path)
    return paths


def _fetch(repository: str, name: str, revision: str) -> Path:
    """Return one file of a dataset by the hub's own client, or say in a sentence why it cannot be had."""
    try:
        return Path(huggingface_hub.hf_hub_download(repository, name, repo_type="dataset", revision=revision))
    except errors.LocalEntryNotFoundError as error:
        raise InputError(_unreachable(repository, name, "and it is not in the cache")) from error
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError, errors.EntryNotFoundError) as error:
        raise InputError(
            f"{constants.ENDPOINT} has no file {name} in the dataset {repository} at {revision}, or hides it: "
            "mend corpus.repository, corpus.revision or corpus.files."
        ) from error
    except errors.HFValidationError as error:
        raise InputError(f"corpus.repository is {repository!r}: expected a dataset's owner/name.") from error
    except Exception as error:  # the client passes on the errors of whichever HTTP library it uses
        raise InputError(_unreachable(repository, name, f"({type(error).__name__})")) from error


def _unreachable(repository: str, name: str, why: str) -> str:
    """Say what to set where there is no network."""
    return (
        f"{name} of the dataset {repository} cannot be had from {constants.ENDPOINT} {why} "
        f"({constants.HF_HUB_CACHE}): set HF_HOME to a cache that holds it, "
        "or corpus.source to file and corpus.path to a copy of it."
    )


def _quantiles(lengths: npt.NDArray[np.int64]) -> dict[str, float]:
    """Return the mean and the quantiles of a story's length."""
    shares = {"least": 0.0, "5%": 0.05, "25%": 0.25, "median": 0.5, "75%": 0.75, "95%": 0.95, "most": 1.0}
    return {"mean": float(lengths.mean())} | {name: float(np.quantile(lengths, q)) for name, q in shares.items()}


def _shortened(text: str) -> str:
    """Cut a text that is too long to show."""
    return text if len(text) <= _GLIMPSE_CHARACTERS else text[:_GLIMPSE_CHARACTERS] + " …"
