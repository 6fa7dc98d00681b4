"""Texts that are kept for the last evaluation, known by their fingerprints: nothing is trained on them.

A fingerprint is five bytes of the SHA-256 of a sentence or line, in small letters and without punctuation.
``reserved.bin`` holds those of all reserved texts that are in no other text of the same packages; no text can be read
out of it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib import resources

from dalle_kit.errors import RequestError

#: Shorter sentences are common to many texts.
_FEWEST_WORDS = 6
#: A text is refused if so large a share of its sentences is reserved.
_SHARE = 0.25
_SIZE = 5


def refuse_reserved(text: str, *, place: str) -> None:
    """Raise RequestError if a text, which ``place`` says where it is from, is in good part one that is reserved."""
    reserved = _reserved()
    for form in _forms(text):
        prints = list(fingerprints(form))
        found = sum(each in reserved for each in prints)
        if found and found >= _SHARE * len(prints):
            raise RequestError(
                f"{place}: {found} of {len(prints)} sentences are of a text that is reserved for evaluation "
                f"({text.strip()!r:.60}); take it out: nothing is trained on those"
            )


def fingerprints(text: str) -> Iterator[bytes]:
    """Yield the fingerprint of each sentence or line of a text that is long enough to be its own."""
    for piece in re.split(r"(?<=[.!?])\s+|\n", text):
        words = re.findall(r"\w+", piece.casefold())
        if len(words) >= _FEWEST_WORDS:
            yield hashlib.sha256(" ".join(words).encode("utf-8")).digest()[:_SIZE]


def pack(reserved: Iterable[str], others: Iterable[str]) -> bytes:
    """Return the fingerprints of reserved texts that no other text has, sorted, as ``reserved.bin`` holds them."""
    found = {each for text in reserved for form in _forms(text) for each in fingerprints(form)}
    found -= {each for text in others for form in _forms(text) for each in fingerprints(form)}
    return b"".join(sorted(found))


def _forms(text: str) -> tuple[str, str]:
    """Return a text as it is, line by line, and with the lines of each paragraph joined."""
    return text, re.sub(r"(?<!\n)\n(?!\n)", " ", text)


@lru_cache(maxsize=1)
def _reserved() -> frozenset[bytes]:
    data = resources.files("dalle_kit.corpora").joinpath("reserved.bin").read_bytes()
    return frozenset(data[start : start + _SIZE] for start in range(0, len(data), _SIZE))
