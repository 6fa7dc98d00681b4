"""Rows that the C step computes, which share what they have in common."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from dalle_kit.engine.guidance import Guidance, of_each
from dalle_kit.engine.logits import Array
from dalle_kit.engine.native.pages import CacheRow

if TYPE_CHECKING:
    from dalle_kit.engine.native.model import NativeLlama


class NativeSession:
    """Rows of tokens of different lengths; what rows have in common is in memory once."""

    def __init__(self, model: NativeLlama) -> None:
        self._model = model
        self._rows: list[CacheRow] = []
        self._to_keep: list[Sequence[int] | None] = []  # the text of each row that is not read to its end
        self.logits = _empty(0, model.vocabulary)  # (B, V) float32: after the last token of each row

    @property
    def lengths(self) -> list[int]:
        """Tokens in each row."""
        return [row.length for row in self._rows]

    def join(
        self,
        sources: Sequence[Sequence[int]],
        targets: Sequence[Sequence[int]],
        *,
        guides: Sequence[Guidance] = (),
        most: int | None = None,
        added: Sequence[Array | None] | None = None,
    ) -> list[list[int]]:
        """Read further prompts, as rows at the end; what of them was read lately is not computed again.

        Of the rest ``most`` tokens are; returns what is left to be fed of each. ``added`` (D,) is what is added to all
        that the head reads of each.
        """
        texts = [[*source, *target] for source, target in zip(sources, targets, strict=True)]
        steering = [guidance.steering for guidance in of_each(guides, len(texts))]
        new = [self._model.prefixes.find(text, own) for text, own in zip(texts, steering, strict=True)]
        for row, own in zip(new, added or [None] * len(new), strict=True):
            row.added = own
        logits = _empty(len(new), self._model.vocabulary)
        unread = [text[row.length :][:most] for row, text in zip(new, texts, strict=True)]
        self._model.compute(new, unread, tails=[1] * len(new), logits=logits)
        self._rows += new
        self._to_keep += texts
        self._keep_read()
        self.logits = np.concatenate((self.logits, logits)) if len(self.logits) else logits
        return [text[row.length :] for row, text in zip(new, texts, strict=True)]

    def _keep_read(self) -> None:
        """Keep what was read of prompts, where it is all of them."""
        for number, (row, text) in enumerate(zip(self._rows, self._to_keep, strict=True)):
            if text is not None and row.length >= len(text):
                self._model.prefixes.keep(text, row)
                self._to_keep[number] = None

    def feed(self, tokens: Sequence[Sequence[int]], *, tails: Sequence[int] | None = None) -> Array:
        """Append tokens to each row, none to one that waits; return the logits after the last ``tails`` of each.

        These are (sum of tails, V), one row's after another's; 1 each by default.
        """
        counts = [min(1, len(new)) for new in tokens] if tails is None else tails
        logits = _empty(sum(counts), self._model.vocabulary)
        self._model.compute(self._rows, tokens, tails=counts, logits=logits)
        self._keep_read()
        if all(count == 1 for count in counts):
            self.logits = logits
        else:
            last = self.logits.copy()
            for row, end in enumerate(itertools.accumulate(counts)):
                if counts[row]:
                    last[row] = logits[end - 1]
            self.logits = last
        return logits

    def recalls(self, tokens: Sequence[int], guidance: Guidance) -> int:
        """Return how many of a text's first tokens would not be computed again if it joined, guided in this way."""
        return self._model.prefixes.length(tokens, guidance.steering)

    def crop(self, row: int, length: int) -> None:
        """Forget a row's tokens beyond ``length``."""
        self._rows[row].crop(length)
        self._to_keep[row] = None

    def select(self, rows: Sequence[int]) -> None:
        """Keep the given rows, in this order; one given twice is copied."""
        taken: set[int] = set()
        kept = []
        for row in rows:
            kept.append(self._rows[row].copy() if row in taken else self._rows[row])
            taken.add(row)
        self._rows, self._to_keep = kept, [self._to_keep[row] for row in rows]
        self.logits = self.logits[list(rows)]


def _empty(rows: int, columns: int) -> Array:
    return np.empty((rows, columns), dtype=np.float32)
