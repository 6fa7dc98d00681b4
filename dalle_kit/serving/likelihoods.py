"""How likely the tokens of texts are, as OpenAI's API tells it: of what was written, and of the prompt before it.

It is computed once a text is whole, so that who does not ask waits for nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dalle_kit.serving.failures import Refusal

if TYPE_CHECKING:
    from dalle_kit.engine.engine import Engine, Told
    from dalle_kit.engine.results import SlotResult
    from dalle_kit.engine.scoring import Likelihoods, Scored

#: Tokens of texts that are in memory at once, where a single one has no more.
_ROOM = 8192

#: What stands in JSON for a token that is never written.
_NEVER = -9999.0


@dataclass(frozen=True, slots=True)
class ToldToken:
    """A token as it is told: its text, its bytes, where in the text it begins, and its log-likelihood, in nats.

    The first token of all has none. ``others`` are the likeliest at its place, each with its text, bytes and value.
    """

    text: str
    spelling: bytes
    offset: int
    likelihood: float | None
    others: tuple[tuple[str, bytes, float], ...]


@dataclass(frozen=True, slots=True)
class TokensTold:
    """The tokens of one text, which is the ``row`` of those that were asked for."""

    row: int
    tokens: list[ToldToken]


@dataclass(frozen=True, slots=True)
class Telling:
    """What is told of the tokens of texts: ``count`` of the likeliest at the place of each.

    With ``echoes`` those of the prompt are told as well, with ``ends`` the one that ended the text.
    """

    count: int
    echoes: bool
    ends: bool

    def check(self, engine: Engine) -> None:
        """Raise Refusal for a model that cannot say how likely a prompt is."""
        if self.echoes and engine.family != "causal":
            message = "echo: the model reads a prompt as a whole, and does not say how likely it is; leave it out"
            raise Refusal(400, message, param="echo")

    def told(
        self, engine: Engine, texts: Iterable[tuple[Told, str, SlotResult]], begun: str, stop: threading.Event
    ) -> Iterator[TokensTold]:
        """Yield the tokens of texts, of each the prompt, what that says, and what was written after ``begun``."""
        offsets, rows = [], []
        for prompt, said, written in texts:
            is_ended = self.ends and written.reason == "end"
            row = engine.to_score(prompt, written.tokens, is_ended=is_ended)
            if begun:  # which the model read as it does before it writes: without the blank of the next word
                row = replace(row, start=(*row.start, *engine.tokenizer.encode_context(begun.rstrip(" "))))
            if self.echoes:
                row = replace(row, source=row.source[:1], target=(*row.source[1:], *row.target))
            rows.append(row)
            offsets.append(0 if self.echoes else len(said) + len(begun))
        number = 0
        for some in _together(rows):
            for row, found in zip(some, engine.scored(some, top=self.count, between=_unless(stop)), strict=True):
                yield TokensTold(number, self._tokens(engine, row, found, offsets[number]))
                number += 1

    def _tokens(self, engine: Engine, row: Scored, found: Likelihoods, offset: int) -> list[ToldToken]:
        tokenizer = engine.tokenizer
        first = list(row.source) if self.echoes else []
        values, best = [*[None] * len(first), *found.values], [*[[]] * len(first), *found.best]
        stream = tokenizer.stream(() if self.echoes else (*row.source, *row.start))
        told, is_broken = [], False
        for token, value, likeliest in zip([*first, *found.tokens], values, best, strict=True):
            spelling, piece = tokenizer.spelling(token), stream.push(token)
            if token in tokenizer.control_ids:
                text, piece = spelling.decode("utf-8"), ""
            else:
                # A part of a character is told as OpenAI does: by its bytes.
                is_part, is_broken = is_broken or piece is None, piece is None
                text = _as_bytes(spelling) if is_part or piece is None else piece
                spelling = spelling if is_part else text.encode("utf-8")
            others = tuple(
                (text if other == token else _text(tokenizer.spelling(other)), tokenizer.spelling(other), _finite(each))
                for other, each in likeliest
            )
            told.append(ToldToken(text, spelling, offset, None if value is None else _finite(value), others))
            offset += len(piece or "")
        return told


def as_text_logprobs(tokens: Sequence[ToldToken], *, count: int) -> dict[str, Any]:
    """Return tokens as ``/v1/completions`` tells them; the token itself is always among the likeliest."""
    found: list[dict[str, float] | None] = []
    for token in tokens:
        likeliest: dict[str, float] = {}
        for text, _, value in token.others:
            likeliest.setdefault(text, value)
        if token.likelihood is not None:
            likeliest.setdefault(token.text, token.likelihood)
        found.append(None if token.likelihood is None else likeliest)
    return {
        "tokens": [token.text for token in tokens],
        "token_logprobs": [token.likelihood for token in tokens],
        "top_logprobs": found if count else None,
        "text_offset": [token.offset for token in tokens],
    }


def as_chat_logprobs(tokens: Sequence[ToldToken]) -> dict[str, Any]:
    """Return tokens as ``/v1/chat/completions`` tells them."""

    def shown(text: str, value: float | None, spelling: bytes) -> dict[str, Any]:
        return {"token": text, "logprob": value, "bytes": list(spelling)}

    content = [
        {
            **shown(token.text, token.likelihood, token.spelling),
            "top_logprobs": [shown(text, value, spelling) for text, spelling, value in token.others],
        }
        for token in tokens
    ]
    return {"content": content, "refusal": None}


def _together(rows: Sequence[Scored]) -> Iterator[list[Scored]]:
    """Yield texts that are computed together, in their order."""
    some: list[Scored] = []
    longest = 0
    for row in rows:
        size = len(row.source) + len(row.start) + len(row.target)
        longest = max(longest, size)
        if some and longest * (len(some) + 1) > _ROOM:
            yield some
            some, longest = [], size
        some.append(row)
    if some:
        yield some


def _unless(stop: threading.Event) -> Callable[[], None]:
    def look() -> None:
        if stop.is_set():
            raise Refusal(499, "nobody waits for it any more")

    return look


def _finite(value: float) -> float:
    return max(value, _NEVER)


def _text(spelling: bytes) -> str:
    try:
        return spelling.decode("utf-8")
    except UnicodeDecodeError:
        return _as_bytes(spelling)


def _as_bytes(spelling: bytes) -> str:
    return "bytes:" + "".join(f"\\x{each:02x}" for each in spelling)
