"""The attention cache in pages, which rows that begin alike have in common, and what was read lately."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np

from dalle_kit.engine.logits import Array
from dalle_kit.engine.native.structures import address
from dalle_kit.process_lock import ProcessLock
from dalle_kit.records import Steering

#: Tokens of a page, as in the C file.
PAGE = 32

#: Pages that are kept of texts that were read, and the fewest tokens for which it is worth it.
_KEPT_PAGES, _WORTH_KEEPING = 48, 8

#: The most tokens that are kept of one text, and the most beginnings of templates that are remembered.
_LONGEST, _BEGINNINGS = _KEPT_PAGES * PAGE // 2, 64


class Page:
    """Keys and values of 32 tokens in all layers; one that is shared is copied before it is written."""

    __slots__ = ("address", "is_shared", "values")

    def __init__(self, values: Array) -> None:
        self.values = values  # (layers * 2 * kv_heads * 32 * H,) float32
        self.address = address(values, np.float32)
        self.is_shared = False

    def copy(self) -> Page:
        """Return a page of one's own that holds the same."""
        return Page(self.values.copy())


class CacheRow:
    """The pages of a row and how many tokens are in them.

    ``steering`` is what they were computed with, ``added`` (D,) is added to all that the row's head reads.
    """

    __slots__ = ("added", "length", "pages", "steering")

    def __init__(self, pages: Iterable[Page] = (), length: int = 0, *, steering: Steering | None = None) -> None:
        self.pages, self.length, self.steering = list(pages), length, steering
        self.added: Array | None = None

    def copy(self, length: int | None = None) -> CacheRow:
        """Return a row that begins with what is in this one, or with so many tokens of it."""
        length = self.length if length is None else length
        pages = self.pages[: -(-length // PAGE)]
        for page in pages:
            page.is_shared = True
        twin = CacheRow(pages, length, steering=self.steering)
        twin.added = self.added
        return twin

    def crop(self, length: int) -> None:
        """Forget the tokens beyond ``length``."""
        self.length = length
        del self.pages[-(-length // PAGE) :]

    def make_room(self, position: int, *, size: int) -> None:
        """Have a page of the row's own at a position, the next one at most; ``size`` is how many numbers it holds."""
        place = position // PAGE
        if place == len(self.pages):
            self.pages.append(Page(np.empty(size, dtype=np.float32)))
        elif self.pages[place].is_shared:
            self.pages[place] = self.pages[place].copy()


class Files(Protocol):
    """Where beginnings outlive the process; what cannot be read or written is as if it were not there."""

    def load(self, tokens: Sequence[int]) -> CacheRow | None:
        """Return a row with these tokens, None where there is none."""

    def save(self, tokens: Sequence[int], pages: Sequence[Page]) -> None:
        """Write the pages of these tokens."""


class Prefixes:
    """What was read lately, so that a text that begins alike need not be read from its beginning.

    What a token's keys and values are depends on the tokens up to it and on the steering alone, and not on what else is
    computed with them: a text that goes on from here is the same to the bit. Only what is announced by ``expect``, and
    is not steered, goes into ``files``. May be used by several threads.
    """

    def __init__(self, files: Files | None = None) -> None:
        self._lock = ProcessLock()
        self._kept: list[tuple[tuple[int, ...], CacheRow]] = []  # the latest last
        self._files = files
        self._beginnings: dict[tuple[int, ...], bool] = {}  # whole pages; whether there is nothing more to be written

    def expect(self, tokens: Sequence[int]) -> None:
        """Take note of what further texts will begin with, here and in other processes: whole pages of it are kept."""
        count = min(len(tokens), _LONGEST) // PAGE * PAGE
        if count == 0 or self._files is None:
            return
        with self._lock:
            self._beginnings.setdefault(tuple(tokens[:count]), False)
            if len(self._beginnings) > _BEGINNINGS:
                del self._beginnings[next(iter(self._beginnings))]

    def find(self, tokens: Sequence[int], steering: Steering | None = None) -> CacheRow:
        """Return a row with the longest known beginning of some tokens, an empty one where that is not worth it.

        The last token is never in it: something has to be computed for the logits after it.
        """
        row, beginning = self._find(tokens, steering), self._beginning(tokens, steering)
        wanted = min(len(beginning), len(tokens) - 1)
        if self._files is None or row.length >= wanted:
            return row
        read = self._files.load(beginning)
        if read is None:
            return row
        self._is_written(beginning)
        self.keep(beginning, read)
        return read.copy(wanted)

    def length(self, tokens: Sequence[int], steering: Steering | None = None) -> int:
        """Return how many of some tokens are in memory, as they are in the row that ``find`` returns."""
        with self._lock:
            return self._best(tokens, steering)[0]

    def _find(self, tokens: Sequence[int], steering: Steering | None) -> CacheRow:
        with self._lock:
            length, row = self._best(tokens, steering)
            return CacheRow(steering=steering) if row is None else row.copy(length)

    def _best(self, tokens: Sequence[int], steering: Steering | None) -> tuple[int, CacheRow | None]:
        """Return the length of the longest known beginning and the row that has it; none where that is not worth it."""
        length, best = 0, None
        for known, row in self._kept:
            alike = min(_alike(tokens, known), len(tokens) - 1) if row.steering is steering else 0
            if alike >= _WORTH_KEEPING and alike > length:
                length, best = alike, row
        return length, best

    def keep(self, tokens: Sequence[int], row: CacheRow) -> None:
        """Keep what a row holds of these tokens, its first; what was kept first goes where it gets too much.

        Of a text that is too long only what its template begins with is kept.
        """
        beginning = self._beginning(tokens, row.steering)
        if self._files is not None and beginning and not self._is_written(beginning):
            self._files.save(beginning, row.pages[: len(beginning) // PAGE])
        tokens = tuple(tokens) if len(tokens) <= _LONGEST else beginning
        if len(tokens) < _WORTH_KEEPING:
            return
        with self._lock:
            self._kept = [
                (known, kept)
                for known, kept in self._kept
                if kept.steering is not row.steering or _alike(known, tokens) < len(known)
            ]
            self._kept.append((tokens, row.copy(len(tokens))))
            while len({id(page) for _, kept in self._kept for page in kept.pages}) > _KEPT_PAGES:
                del self._kept[0]

    def _beginning(self, tokens: Sequence[int], steering: Steering | None) -> tuple[int, ...]:
        """Return the longest of the expected beginnings that a text has, an empty one if it has none or is steered."""
        if steering is not None:
            return ()
        with self._lock:
            found = [each for each in self._beginnings if _alike(each, tokens) == len(each)]
        return max(found, key=len, default=())

    def _is_written(self, beginning: tuple[int, ...]) -> bool:
        """Say whether a beginning is written, and note that it is from now on: a failure is not tried again."""
        with self._lock:
            before, self._beginnings[beginning] = self._beginnings.get(beginning, False), True
        return before


def _alike(some: Sequence[int], others: Sequence[int]) -> int:
    """Return with how many tokens two texts begin alike."""
    count = 0
    for one, other in zip(some, others, strict=False):
        if one != other:
            break
        count += 1
    return count
