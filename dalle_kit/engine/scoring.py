"""How likely the tokens of texts are, and which would have been likelier. Needs no torch of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from dalle_kit.engine.decoding import GenerativeModel
from dalle_kit.engine.guidance import UNGUIDED, Guidance
from dalle_kit.engine.logits import Array
from dalle_kit.engine.reading.memories import KEPT
from dalle_kit.engine.sampling import Scores

#: Tokens of texts that are scored in a step: each takes a number for every token of the vocabulary.
_PART = 256


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
    ``token`` is its number, None where a server does not say it.
    """

    token: int | None
    text: str
    log_likelihood: float
    others: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Scored:
    """A text to be scored: the prompt's tokens, those before all of the output, and the text's.

    Of the tokens ``ends``, if there are any, the likeliest after the text is scored as its last.
    """

    source: tuple[int, ...]
    start: tuple[int, ...]
    target: tuple[int, ...]
    guidance: Guidance = UNGUIDED
    ends: frozenset[int] = frozenset()


@dataclass(slots=True)
class Likelihoods:
    """The tokens of a text, the log-likelihood of each, in nats, and at its place the likeliest, these first.

    ``best`` has an empty list for each where none of the likeliest were asked for.
    """

    tokens: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    best: list[list[tuple[int, float]]] = field(default_factory=list)

    @property
    def array(self) -> Array:
        """The log-likelihoods (T,), float32."""
        return np.array(self.values, dtype=np.float32)


def score(
    writer: GenerativeModel, rows: Sequence[Scored], *, top: int = 0, between: Callable[[], None] = lambda: None
) -> list[Likelihoods]:
    """Return how likely the tokens of texts are, and the ``top`` likeliest tokens at the place of each.

    They are computed together, but no more of them than an encoder-decoder keeps the memory of, and part by part, so
    that memory stays bounded; ``between`` the parts something may be raised.
    """
    found = []
    for start in range(0, len(rows), KEPT):
        found += _score_together(writer, rows[start : start + KEPT], top, between)
    return found


def _score_together(
    writer: GenerativeModel, rows: Sequence[Scored], top: int, between: Callable[[], None]
) -> list[Likelihoods]:
    room = max(len(row.source) + len(row.start) + len(row.target) for row in rows)
    guides = [row.guidance for row in rows]
    session = writer.open([row.source for row in rows], [row.start for row in rows], room=room, guides=guides)
    found = [Likelihoods() for _ in rows]
    # What comes after a token is scored once it was fed; the last is fed only where an end is scored after it.
    left = [list(row.target if row.ends else row.target[:-1]) for row in rows]
    fed, scores = [1] * len(rows), Scores(session.logits)
    while True:
        place = 0
        for row, one, count in zip(rows, found, fed, strict=True):
            for _ in range(count):
                if len(one.tokens) < len(row.target) + bool(row.ends):
                    _take(one, row, scores, place, top)
                place += 1
        going = sum(map(bool, left))
        if not going:
            return found
        between()
        share = max(1, _PART // going)
        parts, left = [tokens[:share] for tokens in left], [tokens[share:] for tokens in left]
        fed = list(map(len, parts))
        scores = Scores(session.feed(parts, tails=fed))


def _take(found: Likelihoods, row: Scored, scores: Scores, place: int, top: int) -> None:
    """Score the next token of a text by the scores at its place."""
    number = len(found.tokens)
    token = row.target[number] if number < len(row.target) else max(row.ends, key=scores.numbers(place).__getitem__)
    found.tokens.append(token)
    found.values.append(scores.log_likelihood(place, token))
    found.best.append(_likeliest(scores, place, top) if top else [])


def _likeliest(scores: Scores, place: int, count: int) -> list[tuple[int, float]]:
    """Return the likeliest tokens at a place, and their log-likelihoods."""
    logits = scores.numbers(place)
    best = np.argpartition(logits, len(logits) - count)[-count:] if count < len(logits) else np.arange(len(logits))
    ordered = sorted(map(int, best), key=lambda token: -float(logits[token]))
    return [(token, scores.log_likelihood(place, token)) for token in ordered]
