"""What a row is given beside its prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dalle_kit.records import Steering


@dataclass(frozen=True, slots=True)
class Guidance:
    """Examples that a model with an encoder reads in place of the prompt, and what is added after the decoder's blocks.

    What rows of different guidance compute differs from the first token on.
    """

    examples: tuple[str, ...] = ()
    steering: Steering | None = None


#: Nothing.
UNGUIDED = Guidance()


def of_each(guides: Sequence[Guidance], count: int) -> Sequence[Guidance]:
    """Return the guidance of each of so many rows: nothing where none is given."""
    return guides or [UNGUIDED] * count
