"""What the engine gives back. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass

from dalle_kit.records import GenerationOptions


@dataclass(frozen=True, slots=True)
class SlotResult:
    """What was written into a slot.

    ``reason`` is why it ended: ``end`` (the model ended it), ``stop`` (a stop string) or ``length`` (the limit).
    ``log_likelihood`` is the sum over the tokens that the model chose, the one that ended the text among them, in nats;
    ``chosen`` is how many these were. A pattern may have forced others.
    """

    text: str
    reason: str
    tokens: tuple[int, ...]
    log_likelihood: float
    chosen: int


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a document's text as it grows; ``slot`` is None for the skeleton's certain text."""

    row: int
    slot: str | None
    text: str


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
    def mean_log_likelihood(self) -> float:
        """Mean log-likelihood of a token the model chose, in nats."""
        chosen = sum(slot.chosen for slot in self.slots.values())
        return sum(slot.log_likelihood for slot in self.slots.values()) / max(1, chosen)
