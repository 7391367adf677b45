"""Near-copies: stories with the same words in the same order.

The same story often comes several times, with straight quotes, with curly quotes, and with those of a wrong decoding
(`â€œ`). ftfy repairs the encoding and the quotes; case, punctuation, white space and compatible forms of a letter
(NFKC: ligatures, full width) do not count.
"""

import functools
import hashlib
import re
import unicodedata

import ftfy

#: A closing quote in UTF-8 that was read as Windows-1252, which has no character for its last byte: it is lost.
_LOST_QUOTE = re.compile("â€(?=[\\s.,;:!?)]|$)")


def normal_form(story: str) -> str:
    """Return the words of a story, separated by single spaces; a story without a word stays as it is."""
    if not story.isascii() or "&" in story:
        repaired = ftfy.fix_text(_LOST_QUOTE.sub("â€\x9d", story), normalization="NFKC")
    else:
        repaired = story
    return " ".join(repaired.casefold().translate(_ignored()).split()) or story


def digest(story: str) -> bytes:
    """Return 16 bytes that near-copies, and they alone, have in common."""
    return hashlib.blake2b(normal_form(story).encode(), digest_size=16).digest()


@functools.cache
def _ignored() -> dict[int, str]:
    """Return the table that replaces punctuation and what could not be decoded by a space, and removes
    invisible characters.
    """
    categories = {point: unicodedata.category(chr(point)) for point in range(0x10000)}
    table = {point: " " for point, category in categories.items() if category.startswith("P") or point == 0xFFFD}
    return table | {point: "" for point, category in categories.items() if category == "Cf"}
