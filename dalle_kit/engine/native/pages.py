"""The attention cache in pages, which rows that begin alike have in common, and what was read lately."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

import numpy as np

from dalle_kit.engine.logits import Array
from dalle_kit.engine.native.structures import address

#: Tokens of a page, as in the C file.
PAGE = 32

#: Pages that are kept of texts that were read, and the fewest tokens for which it is worth it.
_KEPT_PAGES, _WORTH_KEEPING = 48, 8


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
    """The pages of a row, how many tokens are in them, and what is added to all that its head reads (D,)."""

    __slots__ = ("added", "length", "pages")

    def __init__(self, pages: Iterable[Page] = (), length: int = 0, added: Array | None = None) -> None:
        self.pages, self.length, self.added = list(pages), length, added

    def copy(self, length: int | None = None) -> CacheRow:
        """Return a row that begins with what is in this one, or with so many tokens of it."""
        length = self.length if length is None else length
        pages = self.pages[: -(-length // PAGE)]
        for page in pages:
            page.is_shared = True
        return CacheRow(pages, length, self.added)

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


class Prefixes:
    """What was read lately, so that a text that begins alike need not be read from its beginning.

    What a token's keys and values are depends on the tokens up to it alone, and not on what else is computed with them:
    a text that goes on from here is the same to the bit. May be used by several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: list[tuple[tuple[int, ...], CacheRow]] = []  # the latest last

    def find(self, tokens: Sequence[int]) -> CacheRow:
        """Return a row with the longest known beginning of some tokens, an empty one where that is not worth it.

        The last token is never in it: something has to be computed for the logits after it.
        """
        with self._lock:
            lengths = [min(_alike(tokens, known), len(tokens) - 1) for known, _ in self._kept]
            best = max(range(len(lengths)), key=lengths.__getitem__, default=None)
            if best is None or lengths[best] < _WORTH_KEEPING:
                return CacheRow()
            return self._kept[best][1].copy(lengths[best])

    def keep(self, tokens: Sequence[int], row: CacheRow) -> None:
        """Keep what a row holds of these tokens, its first; what was kept first goes where it gets too much."""
        if not _WORTH_KEEPING <= len(tokens) <= _KEPT_PAGES * PAGE // 2:
            return
        with self._lock:
            tokens = tuple(tokens)
            self._kept = [each for each in self._kept if _alike(each[0], tokens) < len(each[0])]
            self._kept.append((tokens, row.copy(len(tokens))))
            while len({id(page) for _, kept in self._kept for page in kept.pages}) > _KEPT_PAGES:
                del self._kept[0]


def _alike(some: Sequence[int], others: Sequence[int]) -> int:
    """Return with how many tokens two texts begin alike."""
    count = 0
    for one, other in zip(some, others, strict=False):
        if one != other:
            break
        count += 1
    return count
