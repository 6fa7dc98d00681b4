"""How likely texts are, as a server tells it: it is asked to say a text again, with the likelihood of each token.

That is ``echo`` and ``logprobs`` of OpenAI's ``/v1/completions``. What is told is only believed where the tokens are
the text, byte by byte. A server of others is asked to write one token more, the likeliest, and has to call it that:
there are some that tell the likelihoods of another place.
"""

from __future__ import annotations

import codecs
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dalle_kit.engine.remote.events import Malformed
from dalle_kit.engine.remote.loop import together
from dalle_kit.engine.remote.pace import Again
from dalle_kit.engine.remote.writing import Speaker

#: Texts that a server of ours takes at once.
_TOGETHER = 64

_PATH = "/completions"

#: By how much, in nats, a server may round.
_SLACK = 1e-3

#: What stands for a token that is a part of a character.
_BYTES = re.compile(r"bytes:((?:\\x[0-9a-f]{2})+)")


@dataclass(frozen=True, slots=True)
class ToldToken:
    """A token of a text: the byte it begins at, its bytes, its log-likelihood in nats, and the likeliest at its place.

    The first of a text has no likelihood.
    """

    start: int
    spelling: bytes
    likelihood: float | None
    others: tuple[tuple[str, float], ...]


async def tokens_of(speaker: Speaker, texts: Sequence[str], *, top: int) -> list[list[ToldToken]]:
    """Return the tokens of texts, asked about in few requests; raises ServerError, RequestError for one too long."""
    size = _TOGETHER if speaker.way.takes_slots else 1
    parts = (texts[start : start + size] for start in range(0, len(texts), size))
    return [row for rows in await together(_ask(speaker, part, top) for part in parts) for row in rows]


async def _ask(speaker: Speaker, texts: Sequence[str], top: int) -> list[list[ToldToken]]:
    """Return the tokens of the texts of one request.

    A server of others may not know how to write nothing, nor take several texts.
    """
    ours, retries = speaker.way.takes_slots, speaker.retries()
    body = {"model": speaker.model, "prompt": list(texts), "max_tokens": 0, "echo": True, "logprobs": top}
    if not ours:
        body |= {"prompt": texts[0], "max_tokens": 1, "logprobs": max(1, top), "temperature": 0}
    while True:
        try:
            answer = await speaker.client.ask(_PATH, body)
            break
        except Again as failure:
            await retries.pause(failure)
    try:
        return _rows(texts, answer, ours=ours)
    except Malformed as error:
        raise speaker.client.malformed(error, _PATH) from error


def _rows(texts: Sequence[str], answer: dict[str, Any], *, ours: bool) -> list[list[ToldToken]]:
    choices = answer.get("choices")
    if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
        raise Malformed("no choices")
    places = [choice.get("index", 0) for choice in choices]
    if not all(isinstance(place, int) for place in places) or sorted(places) != list(range(len(texts))):
        raise Malformed("other texts than it was asked about")
    by_place = dict(zip(places, choices, strict=True))
    return [_tokens(text, by_place[number].get("logprobs"), ours=ours) for number, text in enumerate(texts)]


def size_of(text: str) -> int:
    """Return the bytes of a text, which may have half a character."""
    return len(_bytes(text))


def pieces_of(tokens: Sequence[ToldToken]) -> list[str]:
    """Return what each token adds to the text; of a character that several spell, the last of them has it."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    return [decoder.decode(token.spelling) for token in tokens]


def _tokens(text: str, told: Any, *, ours: bool) -> list[ToldToken]:
    """Return the tokens that are told of a text; raises Malformed where they are not its."""
    if not isinstance(told, dict):
        raise Malformed("no likelihoods of the text's tokens")
    names = ("tokens", "token_logprobs", "top_logprobs")
    rows = [told.get(name) for name in names[: 3 if told.get("top_logprobs") else 2]]
    if not all(isinstance(row, list) and len(row) == len(rows[0] or ()) for row in rows):
        raise Malformed("likelihoods that are no lists of one length")
    whole, found, start = _bytes(text), list[ToldToken](), 0
    for number, (token, given, *others) in enumerate(zip(*rows, strict=True)):
        spelling, value, best = _spelling(token), _likelihood(given), _others(others[0] if others else None)
        if number == 0 and value is None and not whole.startswith(spelling):
            continue  # what a tokenizer puts before every text
        if value is None and not (given is None and number == 0):
            raise Malformed(f"the likelihood {given!r:.40}")
        if start == len(whole) and not ours:
            if value is None or not best or value < best[0][1] - _SLACK:
                raise Malformed("likelihoods of other places than their tokens'")
            return found
        if not whole.startswith(spelling, start):
            raise Malformed(f"the token {token!r:.40}, where the text goes on otherwise")
        found.append(ToldToken(start, spelling, value, best))
        start += len(spelling)
    if start < len(whole) or not ours:
        raise Malformed("fewer tokens than there are")
    return found


def _spelling(token: Any) -> bytes:
    if not isinstance(token, str):
        raise Malformed(f"the token {token!r:.40}")
    found = _BYTES.fullmatch(token)
    return bytes.fromhex(found[1].replace("\\x", "")) if found else _bytes(token)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _likelihood(told: Any) -> float | None:
    """Return a log-likelihood in nats, None for what cannot be one."""
    if isinstance(told, bool) or not isinstance(told, float | int):
        return None
    # Numbers of JSON may be none, or larger than any float.
    return float(told) if -sys.float_info.max <= told <= _SLACK else None


def _others(told: Any) -> tuple[tuple[str, float], ...]:
    """Return the likeliest tokens at a place, the likeliest first."""
    found = told.items() if isinstance(told, dict) else ()
    known = [(text, value) for text, given in found if (value := _likelihood(given)) is not None]
    return tuple(sorted(known, key=lambda pair: -pair[1]))
