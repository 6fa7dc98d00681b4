"""What a revision is to do to a draft, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dalle_kit.records import Slot
from dalle_kit.revising.sentences import Place


@dataclass(frozen=True, slots=True)
class Revision:
    """What is asked for: instructions in plain words, sentences to write anew, points to add and to drop."""

    instructions: tuple[str, ...] = ()
    redo: tuple[str, ...] = ()
    add: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()


def texts_of(given: int | str | Sequence[int | str]) -> tuple[str, ...]:
    """Return what a caller gave as texts; a single number or text, which is a sequence of letters, is one."""
    return (str(given),) if isinstance(given, int | str) else tuple(map(str, given))


@dataclass(frozen=True, slots=True)
class Aims:
    """What the steps are to do: slots to ``fill``, sentences to write again, points to say, by slot and number.

    ``restyle`` if the model is told something else about the manner, ``shorter`` if it is to be fewer words. ``avoid``
    are sentences that stood there before and are not to come back; ``seed`` makes other sentences of the same.
    """

    fill: tuple[Slot, ...] = ()
    redo: tuple[Place, ...] = ()
    say: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    restyle: bool = False
    shorter: bool = False
    avoid: frozenset[str] = frozenset()
    seed: int = 0
