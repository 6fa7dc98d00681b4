"""Beam search: the likeliest text of a slot, rather than the likeliest next token again and again."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from dalle_kit.engine.constraints import Constraint
from dalle_kit.engine.sampling import Numbers, Scores, noise
from dalle_kit.records import GenerationOptions

#: What a token more may cost, in nats: about what one costs on average in plain text.
TOKEN_BONUS = 1.5


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A beginning of the text: its tokens, their log-likelihood in nats, and the score it is ranked by."""

    tokens: tuple[int, ...]
    log_likelihood: float
    score: float
    constraint: Constraint | None

    @property
    def rank(self) -> float:
        """The score with a bonus for each token, so that longer texts are not at a disadvantage.

        Not the mean: that would favour padding wherever the text itself is unlikely.
        """
        return self.score + TOKEN_BONUS * len(self.tokens)


class Beam:
    """The ``width`` best beginnings, one token further at each step, until a complete text ranks above all of them.

    With a temperature above 0 the scores are perturbed by that much Gumbel noise, fixed by the seed, and the search
    becomes a draw (after Kool et al., 2019). Of the generation options only temperature, seed and max_tokens matter.
    """

    def __init__(
        self, width: int, *, options: GenerationOptions, ends: frozenset[int], constraint: Constraint | None
    ) -> None:
        self._width, self._options, self._ends = width, options, ends
        self._complete: list[Hypothesis] = []
        self.live = [Hypothesis((), 0.0, 0.0, constraint)]
        self.parents = [0]
        self._stuck = False

    def step(self, scores: Scores, *, position: int) -> None:
        """Take the scores after each live beginning; ``parents`` then says which of them each new one extends.

        ``position`` counts the steps, for the noise.
        """
        options = self._extensions(scores, position)
        if not options:
            self._stuck = True
            return
        live, self.live, self.parents = self.live, [], []
        for score, index, token, likelihood in sorted(options, key=lambda option: -option[0]):
            if len(self.live) == self._width:
                break
            parent = live[index]
            if token in self._ends:
                self._complete.append(Hypothesis(parent.tokens, parent.log_likelihood, score, parent.constraint))
                continue
            constraint = parent.constraint and parent.constraint.copy()
            if constraint is not None:
                constraint.take(token)
            longer = Hypothesis((*parent.tokens, token), parent.log_likelihood + likelihood, score, constraint)
            if constraint is not None and constraint.complete:
                self._complete.append(longer)
            else:
                self.live.append(longer)
                self.parents.append(index)

    @property
    def done(self) -> bool:
        """Whether the search is over: no beginning can go on, none ranks above a complete text, or all are too long.

        A rank stays about the same in plain text, so that a beginning which is behind by then will hardly win.
        """
        if self._stuck or not self.live or len(self.live[0].tokens) >= self._options.max_tokens:
            return True
        ahead = max(text.rank for text in self.live)
        return any(text.rank >= ahead for text in self._complete)

    @property
    def certain(self) -> tuple[int, ...]:
        """The tokens that the best text begins with, whichever it will be."""
        texts = [text.tokens for text in (*self.live, *self._complete)]
        agreed = itertools.takewhile(lambda tokens: len(set(tokens)) == 1, zip(*texts, strict=False))
        return tuple(tokens[0] for tokens in agreed)

    @property
    def best(self) -> tuple[Hypothesis, str]:
        """The best text, and why it ended: ``end``, or ``length`` where none is complete."""
        texts, reason = (self._complete, "end") if self._complete else (self.live, "length")
        return max(texts, key=lambda text: text.rank), reason

    def _extensions(self, scores: Scores, position: int) -> list[tuple[float, int, int, float]]:
        """Return (score, parent, token, log-likelihood) of the best extensions of each live beginning."""
        found = []
        temperature = self._options.temperature
        gumbel = noise(self._options.seed, position, scores.logits.shape[1]) if temperature else None
        for index, beginning in enumerate(self.live):
            logits = scores.numbers(index)
            mask = None if beginning.constraint is None else beginning.constraint.mask(len(logits))
            if mask is None and beginning.constraint is not None:
                continue
            ranked = logits if gumbel is None else logits + np.float32(temperature) * gumbel
            allowed = None if mask is None else np.flatnonzero(mask)  # few, where words are certain
            for place in _largest(ranked if allowed is None else ranked[allowed], 2 * self._width):
                token = place if allowed is None else int(allowed[place])
                likelihood = scores.log_likelihood(index, token)
                perturbed = likelihood + float(ranked[token] - logits[token])
                found.append((beginning.score + perturbed, index, token, likelihood))
        return found


def _largest(numbers: Numbers, count: int) -> list[int]:
    """Return where the largest of some numbers are, these first."""
    count = min(count, len(numbers))
    places = np.argpartition(-numbers, count - 1)[:count]
    return [int(place) for place in places[np.argsort(-numbers[places], kind="stable")]]
