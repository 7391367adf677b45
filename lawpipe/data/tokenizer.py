"""Tokenisers: text to token ids and back. The ids [UNK] = 0 and pad = 1 are the same in every kind.

`bpe` is a byte-level byte-pair encoding (arXiv 1508.07909, on bytes), trained on the corpus. `mistral` is the
paper's: the SentencePiece model of Mistral-7B-v0.1, restricted to the ids that are most frequent in the corpus (arXiv
2402.17759, section 4). All seeds of an experiment share one tokeniser, made from the whole corpus before it is split.
Neither kind adds a token at the beginning or the end of a text.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import sentencepiece
import tokenizers

from lawpipe.data.specials import PAD, SPECIALS, UNKNOWN
from lawpipe.run import files
from lawpipe.run.errors import InputError

#: The path of the SentencePiece model of Mistral-7B-v0.1 in the package mistral-common, and its SHA-256.
MISTRAL_FILE = ("data", "tokenizer.model.v1")
MISTRAL_SHA256 = "dadfd56d766715c61d2ef780a525ab43b8e6da4de6865bda3d95fdef5e134055"

#: SentencePiece writes a space inside a piece as this character. In a text it would therefore come back as a space,
#: so it is encoded as NUL, which no story contains.
_SPACE = "\u2581"

#: Byte pairs are merged only within the matches of this pattern (that of GPT-2): endings such as 's; words, numbers
#: and signs, each with the space before them; other white space. A match has at most 64 characters, because training
#: takes time quadratic in the longest one, and a story may be a megabyte without a space.
_WORDS = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}{1,64}| ?\p{N}{1,64}| ?[^\s\p{L}\p{N}]{1,64}|\s{1,64}(?!\S)|\s{1,64}"

#: Texts per call of a library, which bounds the memory of its results.
_BATCH = 1000

# One thread per process, because the workflow runs jobs in parallel.
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

Ids = npt.NDArray[np.int32]


@dataclass(frozen=True)
class BytePairs:
    """A byte-level byte-pair encoding; bytes that are not in the corpus are [UNK]."""

    model: tokenizers.Tokenizer

    @property
    def size(self) -> int:
        """The size V of the vocabulary, including [UNK] and pad."""
        return int(self.model.get_vocab_size())

    def encode(self, texts: Sequence[str]) -> list[Ids]:
        """Return the ids of each text, int32; [UNK] for what the vocabulary does not contain."""
        return [
            np.asarray(encoding.ids, dtype=np.int32)
            for batch in _batches(texts)
            for encoding in self.model.encode_batch_fast(batch, add_special_tokens=False)
        ]

    def decode(self, ids: Ids | Sequence[int]) -> str:
        """Return the text of some ids, without pads; exactly the encoded text if no id is [UNK]."""
        return str(self.model.decode([int(item) for item in ids if item != PAD], skip_special_tokens=False))

    def description(self) -> dict[str, Any]:
        """Return everything from which `load` restores the tokeniser, as plain values ready for JSON."""
        return {"kind": "bpe", "model": json.loads(self.model.to_str())}


@dataclass(frozen=True)
class CutSentencePiece:
    """A SentencePiece model restricted to some of its ids: id 2 + i is the model's id kept[i]."""

    model: sentencepiece.SentencePieceProcessor
    kept: Ids

    @property
    def size(self) -> int:
        """See BytePairs."""
        return len(SPECIALS) + len(self.kept)

    def encode(self, texts: Sequence[str]) -> list[Ids]:
        """See BytePairs."""
        own_ids = np.full(len(self.model), UNKNOWN, dtype=np.int32)
        own_ids[self.kept] = np.arange(len(SPECIALS), self.size, dtype=np.int32)
        return [own_ids[ids] for ids in _pieces(self.model, texts)]

    def decode(self, ids: Ids | Sequence[int]) -> str:
        """See BytePairs."""
        text = b"".join(self._bytes(int(item)) for item in ids if item != PAD).decode(errors="replace")
        # The model adds a space before every text, as part of the first word.
        return text.removeprefix(" ").replace("\0", _SPACE)

    def description(self) -> dict[str, Any]:
        """See BytePairs."""
        return {"kind": "mistral", "sha256": MISTRAL_SHA256, "kept": self.kept.tolist()}

    def _bytes(self, item: int) -> bytes:
        """Return the text of one id; the model writes single bytes as `<0x0A>`."""
        if item == UNKNOWN:
            return SPECIALS[UNKNOWN].encode()
        model_id = int(self.kept[item - len(SPECIALS)])
        piece = self.model.IdToPiece(model_id)
        return bytes([int(piece[3:5], 16)]) if self.model.IsByte(model_id) else piece.replace(_SPACE, " ").encode()


Tokenizer = BytePairs | CutSentencePiece


def make(settings: Mapping[str, Any], stories: Sequence[str]) -> Tokenizer:
    """Make the tokeniser of an experiment from its corpus; the same stories give the same tokeniser.

    `settings` is the `tokenizer` block: `kind` (bpe or mistral) and `vocabulary`, V including [UNK] and pad.

    Raises InputError if the corpus cannot fill a vocabulary of that size, or if its single bytes need more ids. The
    size is not adapted silently, because log V is part of the compression ratio.
    """
    return (_train if settings["kind"] == "bpe" else _cut)(settings["vocabulary"], stories)


def save(path: Path, tokenizer: Tokenizer) -> None:
    """Write a tokeniser as JSON, atomically; equal tokenisers give equal bytes."""
    files.write_text(path, json.dumps(tokenizer.description(), sort_keys=True) + "\n")


def load(path: Path) -> Tokenizer:
    """Read a tokeniser that `save` wrote; InputError if the file is missing, damaged or something else."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored["kind"] == "bpe":
            model = tokenizers.Tokenizer.from_str(json.dumps(stored["model"]))
            if [model.id_to_token(item) for item in (UNKNOWN, PAD)] != list(SPECIALS):
                raise ValueError("ids 0 and 1 are not [UNK] and [PAD]")
            return BytePairs(model)
        if stored["kind"] != "mistral":
            raise ValueError(f"kind {stored['kind']!r}")
        kept = np.asarray(stored["kept"], dtype=np.int32)
    except Exception as error:  # the tokenizers library raises bare Exception
        raise InputError(
            f"{path} is no tokeniser of this project ({str(error).splitlines()[0]}): delete it and run again."
        ) from error
    pieces = _mistral()
    if kept.ndim != 1 or len(np.unique(kept)) != len(kept) or not ((kept >= 0) & (kept < len(pieces))).all():
        raise InputError(f"{path} keeps ids that the Mistral model does not have: delete it and run again.")
    return CutSentencePiece(pieces, kept)


def unknown_share(tokens: npt.NDArray[np.int32]) -> float:
    """Return the share of [UNK] among the tokens that are not pads; 0 if there are none."""
    real = int((tokens != PAD).sum())
    return float((tokens == UNKNOWN).sum() / real) if real else 0.0


def _train(vocabulary: int, stories: Sequence[str]) -> BytePairs:
    """Train a byte-level byte-pair encoding; a pair that occurs only once is never merged."""
    model = tokenizers.Tokenizer(tokenizers.models.BPE(unk_token=SPECIALS[UNKNOWN]))
    model.pre_tokenizer = tokenizers.pre_tokenizers.Sequence(
        [
            tokenizers.pre_tokenizers.Split(tokenizers.Regex(_WORDS), behavior="isolated"),
            tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    model.decoder = tokenizers.decoders.ByteLevel()
    # The initial alphabet is the bytes of the corpus, not all 256, which would waste ids of a small vocabulary.
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=vocabulary, min_frequency=2, special_tokens=list(SPECIALS), show_progress=False
    )
    model.train_from_iterator(iter(stories), trainer=trainer)
    description = json.loads(model.to_str())
    # As added tokens, the specials would be recognised in the text itself: a story with "[PAD]" would contain a pad.
    description["added_tokens"] = []
    trained = BytePairs(tokenizers.Tokenizer.from_str(json.dumps(description)))
    if trained.size > vocabulary:
        raise InputError(
            f"tokenizer.vocabulary is {vocabulary}, but the corpus needs {trained.size} ids for its single bytes, "
            f"[UNK] and pad: set it to more than {trained.size}."
        )
    _check_filled(vocabulary, trained.size)
    return trained


def _cut(vocabulary: int, stories: Sequence[str]) -> CutSentencePiece:
    """Keep the ids that are most frequent in the corpus, in decreasing frequency; smaller ids first among equals."""
    model = _mistral()
    frequency = np.zeros(len(model), dtype=np.int64)
    for ids in _pieces(model, stories):
        frequency += np.bincount(ids, minlength=len(model))
    ranked = np.argsort(-frequency, kind="stable")[: int((frequency > 0).sum())]
    kept = ranked[: max(0, vocabulary - len(SPECIALS))].astype(np.int32)
    _check_filled(vocabulary, len(SPECIALS) + len(kept))
    return CutSentencePiece(model, kept)


def _check_filled(vocabulary: int, filled: int) -> None:
    """Raise InputError if the corpus does not fill the vocabulary."""
    if filled < vocabulary:
        raise InputError(
            f"tokenizer.vocabulary is {vocabulary}, but the corpus fills only {filled} ids: "
            f"set it to {filled} or less, or take a larger corpus (corpus.stories)."
        )


def _mistral() -> sentencepiece.SentencePieceProcessor:
    """Return the SentencePiece model of Mistral-7B-v0.1 from the installed package, after checking its SHA-256."""
    try:
        content = resources.files("mistral_common").joinpath(*MISTRAL_FILE).read_bytes()
    except (ModuleNotFoundError, OSError) as error:
        raise InputError(
            "tokenizer.kind is mistral, but the package mistral-common with its tokenizer.model.v1 is not "
            "installed: pip install mistral-common, or set tokenizer.kind to bpe."
        ) from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != MISTRAL_SHA256:
        raise InputError(
            f"tokenizer.model.v1 of the installed mistral-common has SHA-256 {digest}, expected {MISTRAL_SHA256}: "
            "install the version in requirements.lock."
        )
    return sentencepiece.SentencePieceProcessor(model_proto=content)


def _pieces(model: sentencepiece.SentencePieceProcessor, texts: Sequence[str]) -> Iterator[Ids]:
    """Yield the SentencePiece ids of each text."""
    for batch in _batches(texts):
        for ids in model.Encode([text.replace(_SPACE, "\0") for text in batch], out_type=int, num_threads=1):
            yield np.asarray(ids, dtype=np.int32)


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """Yield the texts in lists of bounded length."""
    for start in range(0, len(texts), _BATCH):
        yield list(texts[start : start + _BATCH])
