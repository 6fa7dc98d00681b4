"""The memory of what was read lately: of a row's examples, or of its own prompt where it has none."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from dalle_kit.engine.logits import Logits
from dalle_kit.process_lock import ProcessLock

#: Memories that are kept.
KEPT = 64

#: What memory is made of: examples, or a prompt's tokens.
_Key: TypeAlias = tuple[str, ...] | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """What an encoder made of examples: memory ``vectors`` (Q, D), and what is ``pooled`` of them all (D,)."""

    vectors: Logits | None
    pooled: Logits | None


class Reader(Protocol):
    """An encoder of examples with its tokenizer."""

    @property
    def prefix(self) -> int:
        """How many of the decoder's positions memory takes."""

    def text(self, prompt: Sequence[int]) -> str:
        """Return the text of a prompt in the decoder's tokens."""

    def vectors(self, prompt: Sequence[int]) -> Logits:
        """Return the vectors (T', W), float32, of a text in the decoder's tokens."""

    def remember(self, texts: Sequence[str]) -> Read:
        """Return the memory of these texts, all of them examples of one row."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """A row's memory: the tokens that stand for it, and what is added to all that the head reads (D,)."""

    tokens: tuple[int, ...]
    added: Logits | None


def beyond(memories: Sequence[Remembered], most: int | None) -> int | None:
    """Return ``most`` tokens after those of memories: these are read at once, as they may soon stand for others."""
    return None if most is None else most + max((len(each.tokens) for each in memories), default=0)


class Memories:
    """The memory of what was read lately.

    ``keep`` is told the place and the vectors (Q, D) of a new one, in place of those that had that place before, and
    returns the tokens that stand for them. May be used by several threads, each of which holds ``lock`` from when it
    finds memories until the decoder has read their tokens: what others find may take their places.
    """

    def __init__(self, reader: Reader, *, gate: float, keep: Callable[[int, Logits], tuple[int, ...]]) -> None:
        self._reader, self._gate, self._keep = reader, gate, keep
        self.lock = ProcessLock()
        self._known: OrderedDict[_Key, tuple[int, Remembered]] = OrderedDict()

    def find(self, source: Sequence[int], examples: Sequence[str] = ()) -> Remembered:
        """Return the memory of examples, or of a prompt without any, read now if it was not read lately.

        The order of the examples never matters, not even to a bit.
        """
        key: _Key = tuple(sorted(examples)) or tuple(source)
        with self.lock:
            if key not in self._known:
                # Read first: where that fails, all that is known stays as it is.
                read = self._reader.remember(sorted(examples) or [self._reader.text(source)])
                place = self._free_place()
                self._known[key] = place, self._kept(read, place)
            self._known.move_to_end(key)
            return self._known[key][1]

    def _free_place(self) -> int:
        """Return a place that no memory has, the oldest one's where all are taken: that is forgotten."""
        if len(self._known) == KEPT:
            self._known.popitem(last=False)
        # Not their number: whatever was forgotten where keeping another then failed has left its place.
        taken = {place for place, _ in self._known.values()}
        return next(place for place in range(KEPT) if place not in taken)

    def _kept(self, read: Read, place: int) -> Remembered:
        tokens = () if read.vectors is None else self._keep(place, read.vectors)
        return Remembered(tokens, read.pooled * self._gate if read.pooled is not None and self._gate else None)
