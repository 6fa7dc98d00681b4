"""How likely each written sentence is where the model is told only some of the parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dalle_kit.engine.scoring import TokenScore
from dalle_kit.explain.layout import Piece, shown, subset
from dalle_kit.explain.passages import Unit
from dalle_kit.explain.shapley import Numbers
from dalle_kit.models.spec import Progress
from dalle_kit.records import Prompt

if TYPE_CHECKING:
    from dalle_kit.engine.engine import Engine

#: Texts that are computed together.
_TOGETHER = 4


@dataclass(frozen=True, slots=True)
class Told:
    """What a model is told: a prompt, its turns by their parts, and the parts that its examples and its steering are.

    ``examples`` has the part of each of the prompt's examples; ``steering`` is None where nothing steers.
    """

    prompt: Prompt
    turns: Sequence[Sequence[Piece]]
    examples: tuple[int, ...] = ()
    steering: int | None = None

    def only(self, mask: int) -> Prompt:
        """Return the prompt with only the parts of a set."""
        prompt = subset(self.prompt, self.turns, mask)
        kept = tuple(text for text, part in zip(prompt.examples, self.examples, strict=True) if mask >> part & 1)
        steered = self.steering is None or mask >> self.steering & 1
        return replace(prompt, examples=kept, steering=prompt.steering if steered else None)

    def parts(self) -> set[int]:
        """Return the parts of all of it."""
        found = {piece.part for pieces in self.turns for piece in pieces if piece.part is not None}
        return found | set(self.examples) | ({self.steering} if self.steering is not None else set())


class Game:
    """The log-likelihoods of a document's written sentences, by which parts there are.

    What was written stays as it is; the prompt, and the certain text before a sentence, have only the words of the
    parts that are there. ``players`` are the parts that take part, ``tokens`` counts what was read.
    """

    def __init__(self, engine: Engine, told: Told, units: Sequence[Unit], *, progress: Progress) -> None:
        self._engine, self._told, self._progress = engine, told, progress
        last = max((number for number, unit in enumerate(units) if _is_scored(unit)), default=-1)
        self._units = units[: last + 1]
        self.scored = [number for number, unit in enumerate(self._units) if _is_scored(unit)]
        certain = {piece.part for unit in self._units for piece in unit.pieces if piece.part is not None}
        self.players = sorted(told.parts() | certain) if self.scored else []
        self.evaluations = self.tokens = 0
        self._known: dict[int, Numbers] = {}

    def value(self, sets: Sequence[int]) -> Numbers:
        """Return the log-likelihoods (M, K) of the sentences for sets of players, each set's bits in their order."""
        needed = [mask for mask in dict.fromkeys(sets) if mask not in self._known]
        # What texts begin with in common is read once: those that differ late follow each other.
        needed.sort(key=lambda mask: [mask >> number & 1 for number in range(len(self.players))], reverse=True)
        for start in range(0, len(needed), _TOGETHER):
            self._progress("weighing the parts", start, len(needed))
            self._compute(needed[start : start + _TOGETHER])
        self._progress("weighing the parts", len(needed), len(needed))
        return np.stack([self._known[mask] for mask in sets]) if sets else np.zeros((0, len(self.scored)))

    def tokens_of(self, *, top: int) -> list[list[TokenScore]]:
        """Return the tokens of each written sentence, where everything is there, and the likeliest at their places."""
        tokens, ends = self._text((1 << len(self.players)) - 1)
        prompt = self._told.only(self._mask((1 << len(self.players)) - 1))
        found = self._engine.token_scores(prompt, tokens, top=top)
        return [found[start:end] for start, end in ends]

    def size(self) -> int:
        """Return how many tokens are read where everything is there."""
        mask = (1 << len(self.players)) - 1
        prompt = self._told.only(self._mask(mask))
        return len(self._engine.tokenizer.encode_prompt(prompt)) + len(self._text(mask)[0])

    def _compute(self, sets: Sequence[int]) -> None:
        texts = [self._text(mask) for mask in sets]
        prompts = [self._told.only(self._mask(mask)) for mask in sets]
        pairs = [(prompt, tokens) for prompt, (tokens, _) in zip(prompts, texts, strict=True)]
        for mask, prompt, (tokens, ends), likely in zip(
            sets, prompts, texts, self._engine.log_likelihoods(pairs), strict=True
        ):
            sums = [float(likely[start:end].sum(dtype=np.float64)) for start, end in ends]
            self._known[mask] = np.array(sums)
            self.evaluations += 1
            self.tokens += len(tokens) + len(self._engine.tokenizer.encode_prompt(prompt))

    def _mask(self, players: int) -> int:
        """Return a set of players as one of parts."""
        return sum(1 << part for number, part in enumerate(self.players) if players >> number & 1)

    def _text(self, players: int) -> tuple[list[int], list[tuple[int, int]]]:
        """Return the document's tokens up to the last written sentence, and where those of each written one are.

        A blank before what the model wrote is left to it, as in writing: its words begin with the blank.
        """
        mask, tokenizer = self._mask(players), self._engine.tokenizer
        tokens: list[int] = []
        ends: list[tuple[int, int]] = []
        certain = ""
        for number, unit in enumerate(self._units):
            if unit.source == "certain":
                certain += shown(unit.pieces, mask)
                continue
            words = certain.rstrip(" ")
            tokens += tokenizer.encode_context(words) if words else []
            blank, certain = certain[len(words) :][:1], ""
            start = len(tokens)
            tokens += tokenizer.encode_text(blank + unit.before + unit.text, joined=start > 0)
            if number in self.scored:
                ends.append((start, len(tokens)))
        return tokens, ends


def _is_scored(unit: Unit) -> bool:
    return unit.source == "written" and bool(unit.text)
