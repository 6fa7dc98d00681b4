"""Memories that are kept: each has a place of its own, whatever fails."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from dalle_kit.engine.logits import Logits
from dalle_kit.engine.reading.memories import KEPT, Memories, Read


class Scarce:
    """A reader of numbers, and what keeps them; either runs out of memory once when it is told to."""

    prefix = 1

    def __init__(self) -> None:
        self.reads = 0
        self.fails: str = ""
        self.places: dict[int, float] = {}

    def text(self, prompt: Sequence[int]) -> str:
        return str(prompt[0])

    def vectors(self, prompt: Sequence[int]) -> Logits:
        return np.zeros((1, 1), dtype=np.float32)

    def remember(self, texts: Sequence[str]) -> Read:
        self._fail("read")
        self.reads += 1
        return Read(np.array([[float(texts[0])]], dtype=np.float32), None)

    def keep(self, place: int, vectors: Logits) -> tuple[int, ...]:
        self._fail("keep")
        self.places[place] = float(vectors[0, 0])
        return (place,)

    def _fail(self, what: str) -> None:
        if self.fails == what:
            self.fails = ""
            raise MemoryError


@pytest.mark.parametrize("what", ["read", "keep"])
@pytest.mark.parametrize("before", [3, KEPT, KEPT + 5])
def test_no_two_memories_share_a_place_after_one_could_not_be_made(what: str, before: int) -> None:
    scarce = Scarce()
    memories = Memories(scarce, gate=0.0, keep=scarce.keep)
    for number in range(before):
        memories.find([number])
    for number in range(before, before + 3):
        scarce.fails = what
        with pytest.raises(MemoryError):
            memories.find([number])
        memories.find([number])
        latest = range(max(0, number + 1 - KEPT), number + 1)
        reads = scarce.reads
        found = {memories.find([each]).tokens for each in latest}
        assert scarce.reads == reads and len(found) == len(latest)
        assert all(scarce.places[memories.find([each]).tokens[0]] == each for each in latest)


def test_what_cannot_be_read_takes_nothing_from_what_is_known() -> None:
    scarce = Scarce()
    memories = Memories(scarce, gate=0.0, keep=scarce.keep)
    for number in range(KEPT):
        memories.find([number])
    scarce.fails = "read"
    with pytest.raises(MemoryError):
        memories.find([KEPT])
    for number in range(KEPT):
        memories.find([number])
    assert scarce.reads == KEPT
