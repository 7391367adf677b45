"""Corpora: the stories from which the windows of a language model are cut.

The stories come from the embedded grammar (`grammar`), from the user's own file (`file`) or from a Hugging Face
dataset pinned to a commit (`hub`), and are treated in the same way whatever the source.

White space around a record and a byte order mark before it are removed. A record is dropped, and counted, if it is
empty, not UTF-8 text (or contains a NUL character, as misread UTF-16 does), longer than 1 MiB, or an exact copy of an
earlier record: a story must not be in two splits. For the same reason near-copies (`near_copies`) are kept in one
split or dropped. Stories are text only: they are never executed, unpacked or interpreted, and code that shows them in
HTML has to escape them.
"""

import codecs
import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import huggingface_hub
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from huggingface_hub import constants, errors

from lawpipe.data import near_copies
from lawpipe.data.grammar import stories as grammar
from lawpipe.run.errors import InputError
from lawpipe.run.provenance import file_digest

#: A record with more bytes than this is dropped: it is a file read with the wrong separator, not a story.
LONGEST_RECORD = 2**20

#: The mark after each story in the plain text files of TinyStories and of many other corpora.
END_OF_TEXT = "<|endoftext|>"

#: File formats by the ending of the file's name.
FORMATS = {".parquet": "Parquet", ".jsonl": "JSONL", ".ndjson": "JSONL", ".txt": "plain text"}

#: Bytes read at a time, and bytes kept from the end of an overlong record, where a separator may begin.
_CHUNK = 2**20
_OVERLAP = 2**12

#: The byte order mark, with which some editors begin a file. Files that were joined have it within.
_MARK = codecs.BOM_UTF8

#: Blank lines, and the start of a file that was joined to the one before: a byte order mark at the start of a line.
_LINE_END = rb"(?:\r\n|\n|\r(?!\n))"
_BLANK_LINES = re.compile(rb"%b(?:(?:[ \t]|%b)*%b)+|%b(?=%b)" % (_LINE_END, _MARK, _LINE_END, _LINE_END, _MARK))
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")

#: Examples in the glimpse are cut after this many characters.
_GLIMPSE_CHARACTERS = 2000


@dataclass(frozen=True)
class Corpus:
    """The stories of a corpus, in the order of the source."""

    stories: Sequence[str]
    #: The number of each story's record in the source, from 0, over all its files and with the records dropped.
    rows: npt.NDArray[np.int64]
    #: For each story, the index of the first of its near-copies among the stories: its own, if it is that one.
    originals: npt.NDArray[np.int64]
    #: The number of records read, of records dropped for each reason, of the stories that are left, and of the
    #: near-copies of an earlier story, dropped or not.
    counts: Mapping[str, int]
    #: The SHA-256 of the stories in their order, independent of the source.
    fingerprint: str


def load(settings: Mapping[str, Any]) -> Corpus:
    """Read the corpus that the `corpus` block of the settings describes.

    config/README.md explains the keys of the block. `stories` is the number of stories that the grammar writes; for
    the other sources it is the most that are kept, from the beginning (null: all), and reading stops there.

    Raises InputError for whatever the user can correct: a missing or damaged file, a wrong format or column, a hub
    that cannot be reached, no story left.
    """
    copies = settings["near_copies"]
    if settings["source"] == "grammar":
        stories = grammar.stories(settings["seed"], settings["stories"])
        return _clean((story.encode() for story in stories), None, "the grammar", copies)
    if settings["source"] == "file":
        files, name = [local_file(settings["path"])], settings["path"]
    else:
        files, name = _download(settings), f"{settings['repository']} ({', '.join(settings['files'])})"
    records = (record for file in files for record in _read(file, settings["text_column"], settings["separator"]))
    return _clean(records, settings["stories"], name, copies)


def local_file(path: str) -> Path:
    """Return the path of the user's file; a relative path must not lead out of the working folder, links included.

    A config may come from somebody else. To read a file elsewhere it has to name the absolute path, for all to see.
    """
    working = Path.cwd().resolve()
    try:
        resolved = (working / path).resolve()
        exists = resolved.is_file()
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"corpus.path {path!r} is no path of a file ({error}): name one that exists.") from error
    if not Path(path).is_absolute() and not resolved.is_relative_to(working):
        raise InputError(
            f"corpus.path {path} leads out of the working folder {working}: "
            "copy the file into it, or give its absolute path."
        )
    if not exists:
        raise InputError(f"corpus.path {path} is no file: expected a Parquet, JSONL or text file there.")
    return resolved


def glimpse(corpus: Corpus) -> dict[str, Any]:
    """Return a description of a corpus for the report, as plain values ready for JSON.

    `words` and `characters` are each the mean and quantiles of the stories' lengths; `word_types` is the number of
    different words (upper and lower case are the same); `examples` are three stories spread over the corpus, each
    with `story` (its row in the source) and `text`, cut after 2,000 characters. The text is unchanged: escape it
    before showing it as HTML.
    """
    types: set[str] = set()
    words = np.zeros(len(corpus.stories), dtype=np.int64)
    for index, story in enumerate(corpus.stories):
        story_words = _WORD.findall(story.lower())
        types.update(story_words)
        words[index] = len(story_words)
    rows = sorted({len(corpus.stories) * third // 3 for third in range(3)})
    examples = [(int(corpus.rows[row]), corpus.stories[row]) for row in rows]
    most = _GLIMPSE_CHARACTERS
    return {
        "fingerprint": corpus.fingerprint,
        "counts": corpus.counts,
        "words": _quantiles(words),
        "characters": _quantiles(np.asarray([len(story) for story in corpus.stories])),
        "word_types": len(types),
        "examples": [{"story": i, "text": text[:most] + " …" * (len(text) > most)} for i, text in examples],
    }


def _clean(records: Iterable[bytes], most: int | None, source: str, copies: str) -> Corpus:
    """Return the stories among the records, at most `most`; drop and count the others.

    `copies` says what becomes of near-copies: `together`, `drop` or `ignore`, as in the config.
    """
    rows: dict[str, int] = {}
    first_of: dict[bytes, int] = {}
    originals: list[int] = []
    dropped = Counter(empty=0, not_text=0, too_long=0, duplicates=0)
    near = 0
    for row, record in enumerate(records):
        story, reason = _story(record)
        if story in rows:
            reason = "duplicates"
        if reason:
            dropped[reason] += 1
            continue
        index = len(rows)
        original = index if copies == "ignore" else first_of.setdefault(near_copies.digest(story), index)
        near += original != index
        if original != index and copies == "drop":
            continue
        rows[story] = row
        originals.append(original)
        if len(rows) == most:
            break
    read = len(rows) + dropped.total() + (near if copies == "drop" else 0)
    if not rows:
        raise InputError(
            f"{source} holds no stories ({read} records: {dropped['empty']} empty, {dropped['not_text']} not UTF-8 "
            f"text, {dropped['too_long']} longer than 1 MiB): expected one per record; see corpus.path, "
            "corpus.text_column and corpus.separator."
        )
    digest = hashlib.sha256()
    for story in rows:
        encoded = story.encode()
        digest.update(len(encoded).to_bytes(8, "little") + encoded)
    counts = {"records": read, **dropped, "near_copies": near, "stories": len(rows)}
    of_rows, of_originals = (np.asarray(list(values), dtype=np.int64) for values in (rows.values(), originals))
    return Corpus(list(rows), of_rows, of_originals, counts, digest.hexdigest())


def _story(record: bytes) -> tuple[str, str]:
    """Return the story of a record and "", or "" and the reason why the record is dropped."""
    if len(record) > LONGEST_RECORD:
        return "", "too_long"
    try:
        story = record.decode().strip()
    except UnicodeDecodeError:
        return "", "not_text"
    while story.startswith(_MARK.decode()):
        story = story[1:].lstrip()
    if "\0" in story:
        return "", "not_text"
    return story, "" if story else "empty"


def _read(path: Path, column: str, separator: str | None) -> Iterator[bytes]:
    """Yield the records of one file as bytes; the file is read as they are consumed."""
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
            yield from _read_jsonl(path, stream, column) if kind == "JSONL" else _read_text(stream, separator)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error}): mend it or name another file.") from error


def _read_parquet(path: Path, column: str) -> Iterator[bytes]:
    """Yield the strings of a Parquet column; null gives an empty record."""
    try:
        with pq.ParquetFile(path) as file:
            if (number := file.schema_arrow.names.count(column)) > 1:
                raise InputError(f"{path} has {number} columns {column!r}, expected one: rename the others.")
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
                # Cast to bytes, because Arrow does not check that its strings are UTF-8.
                for text in batch.column(0).cast(kind).cast(pa.large_binary()).to_pylist():
                    yield text or b""
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"{path} cannot be read as Parquet ({str(error).splitlines()[0]}): "
            "it is damaged or another format; replace it."
        ) from error


def _read_jsonl(path: Path, stream: BinaryIO, column: str) -> Iterator[bytes]:
    """Yield the value of a key in each line's JSON object; null gives an empty record, an empty line gives none."""
    for number, line in enumerate(_split(stream, re.compile(rb"\n")), start=1):
        line = line.removeprefix(_MARK)
        if not line.strip():
            continue
        try:
            written = line.decode() if len(line) <= LONGEST_RECORD else None
        except UnicodeDecodeError:
            written = None
        if written is None:
            yield line  # `_clean` drops and counts it
            continue
        try:
            item = json.loads(written, parse_int=_integer)
        except (ValueError, RecursionError) as error:
            raise InputError(
                f"{path}, line {number}, is not JSON: expected one object per line; mend that line."
            ) from error
        if not isinstance(item, dict) or column not in item:
            raise InputError(
                f"{path}, line {number}, has no key {column!r}: expected an object with that key on each line; "
                "set corpus.text_column to the key that holds the text."
            )
        text = item[column]
        if text is not None and not isinstance(text, str):
            raise InputError(
                f"{path}, line {number}: {column!r} is {type(text).__name__}, expected a string; mend that line."
            )
        # JSON can encode half a surrogate pair, which is not valid UTF-8: `_clean` drops such a record as not text.
        yield (text or "").encode("utf-8", "surrogatepass")


def _integer(digits: str) -> int | float:
    """Read an integer of JSON; one of more than 1,000 digits, which no column of text holds, as infinity."""
    return int(digits) if len(digits) <= 1000 else math.inf


def _read_text(stream: BinaryIO, separator: str | None) -> Iterator[bytes]:
    """Yield the text between separators, except where it is blank."""
    if separator is None and _contains(stream, END_OF_TEXT.encode()):
        separator = END_OF_TEXT
    pattern = _BLANK_LINES if separator is None else re.compile(re.escape(separator.encode()))
    return (record for record in _split(stream, pattern) if record.strip().strip(_MARK))


def _contains(stream: BinaryIO, wanted: bytes) -> bool:
    """Return whether a stream contains some bytes anywhere, and go back to its beginning."""
    rest, contained = b"", False
    while not contained and (chunk := stream.read(_CHUNK)):
        rest = rest[1 - len(wanted) :] + chunk
        contained = wanted in rest
    stream.seek(0)
    return contained


def _split(stream: BinaryIO, separator: re.Pattern[bytes]) -> Iterator[bytes]:
    """Yield the pieces of a stream between separators; the memory is bounded by the longest record."""
    rest = b""
    while chunk := stream.read(_CHUNK):
        *pieces, rest = separator.split(rest + chunk)
        yield from pieces
        if len(rest) > 2 * LONGEST_RECORD:
            # The record is too long already. Its start is kept to show that, and its end in case a separator begins
            # there.
            rest = rest[: LONGEST_RECORD + 1] + rest[-_OVERLAP:]
    yield rest


def _download(settings: Mapping[str, Any]) -> list[Path]:
    """Return the dataset's files in the Hugging Face cache; download those that are not there yet.

    Each file is checked against the SHA-256 in the settings, or else against the one under which the hub stores it,
    if there is one. A cached file needs no network.
    """
    repository, revision = settings["repository"], settings["revision"]
    if not _COMMIT.fullmatch(revision):
        raise InputError(
            f"corpus.revision is {revision!r}: expected the dataset's commit, 40 hexadecimal digits, "
            "so that the same config means the same data."
        )
    paths = []
    for name in settings["files"]:
        parts = PurePosixPath(name).parts
        if not parts or name.startswith("/") or ".." in parts or "\\" in name:
            raise InputError(f"corpus.files has {name!r}: expected the path of a file inside the dataset.")
        path = _fetch(repository, name, revision)
        stored = path.resolve().name
        digest = file_digest(str(path))
        expected = settings["sha256"].get(name, stored if _SHA256.fullmatch(stored) else digest)
        if digest != expected:
            raise InputError(
                f"{path} has SHA-256 {digest}, expected {expected}: delete {path.resolve()} to download it anew, "
                "or mend corpus.sha256."
            )
        paths.append(path)
    return paths


def _fetch(repository: str, name: str, revision: str) -> Path:
    """Return one file of a dataset, by the hub's own client; InputError if it cannot be had."""
    try:
        return Path(huggingface_hub.hf_hub_download(repository, name, repo_type="dataset", revision=revision))
    except errors.HFValidationError as error:
        raise InputError(f"corpus.repository is {repository!r}: expected a dataset's owner/name.") from error
    except Exception as error:  # the client does not wrap the errors of its HTTP library
        absent = (errors.RepositoryNotFoundError, errors.RevisionNotFoundError, errors.EntryNotFoundError)
        not_cached = isinstance(error, errors.LocalEntryNotFoundError)
        if isinstance(error, absent) and not not_cached:
            raise InputError(
                f"{constants.ENDPOINT} has no file {name} in the dataset {repository} at {revision}, or hides it: "
                "mend corpus.repository, corpus.revision or corpus.files."
            ) from error
        why = "and it is not in the cache" if not_cached else f"({type(error).__name__})"
        raise InputError(
            f"{name} of the dataset {repository} cannot be had from {constants.ENDPOINT} {why} "
            f"({constants.HF_HUB_CACHE}): set HF_HOME to a cache that holds it, "
            "or corpus.source to file and corpus.path to a copy of it."
        ) from error


def _quantiles(lengths: npt.NDArray[np.int64]) -> dict[str, float]:
    """Return the mean and quantiles of the stories' lengths."""
    shares = {"least": 0.0, "5%": 0.05, "25%": 0.25, "median": 0.5, "75%": 0.75, "95%": 0.95, "most": 1.0}
    return {"mean": float(lengths.mean())} | {name: float(np.quantile(lengths, q)) for name, q in shares.items()}
