"""Runs of words that texts have in common: found in an index of hashed windows, and proved by the words themselves.

The index is one sorted array: of each window of RUN words in each text, half a number is the window's hash, the other
half the text's number. Two windows may share a hash; so what is found there is only where to look.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

#: So many words in a row are more than chance.
RUN = 8

#: The windows of texts (N,), rising: the hash in the upper half of each number, the text's number in the lower.
Keys = npt.NDArray[np.uint64]

#: Letters and digits; an apostrophe or underscore within, and what parts the digits of a number, belong to a word.
_WORD = re.compile(r"[^\W_]+(?:(?:['\u2019_]|(?<=\d)[.,:](?=\d))[^\W_]+)*")

#: Texts whose windows are hashed together, and texts, and places in each, that are compared for one window: a formula
#: stands in thousands.
_BATCH, _COMPARED = 1000, 16

_HALF = np.uint64(32)
_LOWER = np.uint64(2**32 - 1)
_FACTOR = np.uint64(0x9E3779B97F4A7C15)

#: Windows of words, as they are.
Windows = Collection[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Run:
    """Words in a row, from the one at ``start`` to the one before ``end``, that stand in the text ``number``, too."""

    start: int
    end: int
    number: int


def words_of(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the words of a text, in small letters and without accents, each with where it stands (characters)."""
    for match in _WORD.finditer(text):
        yield _folded(match.group()), *match.span()


def folded_words(text: str) -> list[str]:
    """Return the words of a text in small letters and without accents."""
    return [_folded(word) for word in _WORD.findall(text)]


def windows_of(texts: Iterable[str]) -> set[tuple[str, ...]]:
    """Return every RUN words in a row that stand in one of some texts."""
    rows = map(folded_words, texts)
    return {tuple(words[at : at + RUN]) for words in rows for at in range(len(words) - RUN + 1)}


def keys_of(texts: Iterable[tuple[int, str]]) -> Keys:
    """Return the keys of the windows of texts, each text with its number (1 to 2^32 - 1)."""
    found = [np.zeros(0, dtype=np.uint64)]
    rest = iter(texts)
    while batch := list(itertools.islice(rest, _BATCH)):
        found.append(_keys_of(batch))
    return merged(*found)


def merged(*keys: Keys) -> Keys:
    """Return keys as one array, sorted, each once."""
    both = np.sort(np.concatenate(keys))
    # Not numpy's unique, which takes ten times as long.
    return both[np.append(True, both[1:] != both[:-1])] if len(both) else both


def without(keys: Keys, numbers: Sequence[int]) -> Keys:
    """Return an array as long with nothing of some texts in it: the key before each of theirs stands in its place.

    So it is sorted, whichever part of it has taken the place of the old one yet. What is doubled goes with ``merged``.
    """
    kept = ~np.isin(keys & _LOWER, np.asarray(numbers, dtype=np.uint64))
    last = np.maximum.accumulate(np.where(kept, np.arange(len(keys)), -1))
    left: Keys = np.where(last < 0, np.uint64(0), keys[last])  # no text has the number nought
    return left


def common_runs(
    words: Sequence[str], keys: Keys, text_of: Callable[[int], str | None], *, told: Callable[[], Windows]
) -> list[Run]:
    """Return the runs of at least RUN words that stand in an indexed text, each as long as it goes on in that text.

    Those of which every window is ``told`` are none; it is asked for only where something is found. ``text_of`` gives
    the text of a number, None for one that is gone.
    """
    hashes = _hashes(np.array([_hash(word) for word in words], dtype=np.uint64))
    first = np.searchsorted(keys, hashes)
    last = np.searchsorted(keys, hashes | _LOWER, side="right")
    found: list[Run] = []
    known: dict[int, list[str]] = {}

    def words_in(number: int) -> list[str]:
        if number not in known:
            known[number] = folded_words(text_of(number) or "")
        return known[number]

    for at in np.flatnonzero(first < last).tolist():
        if (found and at + RUN <= found[-1].end) or tuple(words[at : at + RUN]) in told():
            continue
        numbers = (int(key & _LOWER) for key in keys[first[at] : last[at]])
        runs = (_run(words, at, words_in(number), number) for number in numbers)
        proved = list(itertools.islice(filter(None, runs), _COMPARED))
        if proved:
            found.append(max(proved, key=lambda run: run.end - run.start))
    return found


def _keys_of(batch: Sequence[tuple[int, str]]) -> Keys:
    rows = [_WORD.findall(text) for _, text in batch]
    hashes = np.fromiter(map(_hash, map(_folded, itertools.chain.from_iterable(rows))), dtype=np.uint64)
    numbers = np.repeat(np.array([number for number, _ in batch], dtype=np.uint64), [len(row) for row in rows])
    if len(hashes) < RUN:
        return np.zeros(0, dtype=np.uint64)
    inside = numbers[: len(numbers) - RUN + 1] == numbers[RUN - 1 :]  # a window that ends in the text it begins in
    keys: Keys = _hashes(hashes) | numbers[: len(inside)]
    return np.compress(inside, keys)


def _hashes(words: npt.NDArray[np.uint64]) -> Keys:
    """Return the hash of each window of hashed words (N,) in the upper half of a number (N - RUN + 1,)."""
    count = max(0, len(words) - RUN + 1)
    total = np.zeros(count, dtype=np.uint64)
    for place in range(RUN):
        total = total * _FACTOR + words[place : place + count]
    return (total >> _HALF) << _HALF


def _run(words: Sequence[str], at: int, others: Sequence[str], number: int) -> Run | None:
    """Return the longest run around a window that stands in another text, too; None where the window does not."""
    window = list(words[at : at + RUN])
    places = (
        place
        for place in range(len(others) - RUN + 1)
        if others[place] == window[0] and others[place : place + RUN] == window
    )
    runs = (_extended(words, at, others, place) for place in itertools.islice(places, _COMPARED))
    start, end = max(runs, key=lambda run: run[1] - run[0], default=(0, 0))
    return Run(start, end, number) if end else None


def _extended(words: Sequence[str], at: int, others: Sequence[str], place: int) -> tuple[int, int]:
    """Return where the run around the same word of two texts begins and ends in the first of them."""
    start = end = at
    shift = place - at
    while start and start + shift and words[start - 1] == others[start + shift - 1]:
        start -= 1
    while end < len(words) and end + shift < len(others) and words[end] == others[end + shift]:
        end += 1
    return start, end


@lru_cache(maxsize=2**17)
def _folded(word: str) -> str:
    from dalle_kit.checks.words import fold  # with the checks, which take their time: who lists sets needs none

    return fold(word).replace("\u2019", "'")


@lru_cache(maxsize=2**17)
def _hash(word: str) -> int:
    """Return the hash of a folded word, the same in every process."""
    digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")
