"""How likely the tokens of texts are, and which would have been likelier. Needs no torch of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dalle_kit.engine.decoding import GenerativeModel
from dalle_kit.engine.guidance import Guidance
from dalle_kit.engine.logits import Array
from dalle_kit.engine.reading.memories import KEPT
from dalle_kit.engine.sampling import Scores


@dataclass(frozen=True, slots=True)
class Score:
    """How likely a text is: the sum over its ``tokens`` of their log-likelihoods, in nats."""

    log_likelihood: float
    tokens: int


@dataclass(frozen=True, slots=True)
class TokenScore:
    """A token of a text, and how likely it is after what comes before it: its log-likelihood, in nats.

    ``text`` is what it adds; of a character that several tokens spell, the last of them has it. ``others`` are the
    likeliest tokens at its place, the likeliest first, each with its text and log-likelihood; it may be among them.
    """

    token: int
    text: str
    log_likelihood: float
    others: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Scored:
    """A text to be scored: the prompt's tokens, those before all of the output, and the text's."""

    source: tuple[int, ...]
    start: tuple[int, ...]
    target: tuple[int, ...]
    guidance: Guidance


@dataclass(frozen=True, slots=True)
class Places:
    """The scores at the place of each token of a text: the first has ``first`` at ``row``, the others ``rest``."""

    first: Scores
    row: int
    rest: Scores | None
    start: int

    def at(self, number: int) -> tuple[Scores, int]:
        """Return the scores of a token's place, and which of them are its own."""
        if number == 0 or self.rest is None:
            return self.first, self.row
        return self.rest, self.start + number - 1

    def log_likelihoods(self, tokens: Sequence[int]) -> Array:
        """Return the log-likelihood of each token (T,), float32, in nats."""
        places = map(self.at, range(len(tokens)))
        found = [scores.log_likelihood(place, token) for token, (scores, place) in zip(tokens, places, strict=True)]
        return np.array(found, dtype=np.float32)

    def likeliest(self, number: int, count: int) -> list[tuple[int, float]]:
        """Return the likeliest tokens at a token's place, and their log-likelihoods."""
        scores, place = self.at(number)
        logits = scores.numbers(place)
        best = np.argpartition(logits, len(logits) - count)[-count:] if count < len(logits) else np.arange(len(logits))
        ordered = sorted(map(int, best), key=lambda token: -float(logits[token]))
        return [(token, scores.log_likelihood(place, token)) for token in ordered]


def score(writer: GenerativeModel, rows: Sequence[Scored]) -> list[Places]:
    """Compute the scores at the places of all texts' tokens; none of the texts may be empty.

    They are computed together, but no more of them than an encoder-decoder keeps the memory of.
    """
    return [
        places for start in range(0, len(rows), KEPT) for places in _score_together(writer, rows[start : start + KEPT])
    ]


def _score_together(writer: GenerativeModel, rows: Sequence[Scored]) -> list[Places]:
    room = max(len(row.source) + len(row.start) + len(row.target) for row in rows)
    guides = [row.guidance for row in rows]
    session = writer.open([row.source for row in rows], [row.start for row in rows], room=room, guides=guides)
    first = Scores(session.logits)
    fed = [row.target[:-1] for row in rows]
    rest = Scores(session.feed(fed, tails=[len(tokens) for tokens in fed])) if any(fed) else None
    found, start = [], 0
    for number, tokens in enumerate(fed):
        found.append(Places(first, number, rest, start))
        start += len(tokens)
    return found
