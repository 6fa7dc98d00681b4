"""What the engine gives back. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dalle_kit.records import GenerationOptions, json_value


@dataclass(frozen=True, slots=True)
class SlotResult:
    """What was written into a slot.

    ``reason`` is why it ended: ``end`` (the model ended it), ``stop`` (a stop string) or ``length`` (the limit; prose
    then ends with its last finished sentence). It is ``skipped`` for one that an earlier slot left no need for, and
    ``stated`` for one whose point stands as it was typed, so that the model was not asked.
    ``log_likelihood`` is the sum over the tokens that the model chose, the one that ended the text among them, in nats;
    ``chosen`` is how many these were. A pattern may have forced others.
    """

    text: str
    reason: str
    tokens: tuple[int, ...]
    log_likelihood: float
    chosen: int

    @property
    def value(self) -> Any:
        """The object that the text of a slot with a schema stands for; raises OutputError where it is no JSON."""
        return json_value(self.text)


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a document's text as it grows; ``slot`` is None for the skeleton's certain text."""

    row: int
    slot: str | None
    text: str


#: What comes where some of a prompt was read, or others were written for, and there is no news: time to go, or to stay.
NOTHING_YET = Piece(0, None, "")


@dataclass(frozen=True, slots=True)
class Generation:
    """A skeleton's slots as one row filled them; ``options`` are those it was sampled with."""

    slots: dict[str, SlotResult]
    options: GenerationOptions
    candidate: int
    prompt_tokens: int

    @property
    def text(self) -> str:
        """The text of the slots, one after the other."""
        return "".join(slot.text for slot in self.slots.values())

    @property
    def tokens(self) -> int:
        """Tokens generated."""
        return sum(len(slot.tokens) for slot in self.slots.values())

    @property
    def log_likelihood(self) -> float:
        """Log-likelihood of the tokens that the model chose, in nats."""
        return sum(slot.log_likelihood for slot in self.slots.values())

    @property
    def mean_log_likelihood(self) -> float:
        """Mean log-likelihood of a token the model chose, in nats."""
        return self.log_likelihood / max(1, sum(slot.chosen for slot in self.slots.values()))
