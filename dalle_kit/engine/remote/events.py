"""What a server sends, read with limits: server-sent events line by line, JSON as a whole."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

#: Bytes of one event, and of all that one answer may have; a text of 100,000 tokens takes about 30 MB.
_EVENT, ANSWER = 1_000_000, 100_000_000


class Malformed(Exception):
    """What was sent is not what the API says; the message says what it is."""


@dataclass(frozen=True, slots=True)
class Delta:
    """A further piece of a text; ``reason`` says why it ends, ``facts`` what our own server tells of it then.

    ``thought`` says that the model was thinking aloud, which is no part of the text.
    """

    text: str = ""
    reason: str | None = None
    thought: bool = False
    facts: dict[str, Any] | None = None


class Told(Exception):
    """An error that a server told of in the middle of a text: its ``message`` and ``code``."""

    def __init__(self, message: str, code: str) -> None:
        self.message, self.code = message, code
        super().__init__(message)


async def deltas(chunks: AsyncIterator[bytes]) -> AsyncIterator[Delta]:
    """Yield the pieces of a text from the bytes of a stream, up to its last event; raises Malformed and Told.

    A stream that breaks off before it raises EOFError.
    """
    is_ended = is_begun = False
    async with aclosing(_lines(chunks)) as lines:  # type: ignore[type-var]  # it is a generator
        async for line in lines:
            if not line.startswith(b"data:"):
                continue  # a comment that keeps the connection alive, or the kind of an event
            data = line.removeprefix(b"data:").strip()
            if data == b"[DONE]":
                if not is_begun:
                    raise Malformed("no choice at all")
                return
            for delta in read_delta(as_object(data)):
                is_begun = True
                is_ended = is_ended or delta.reason is not None
                yield delta
    if not is_ended:
        raise EOFError


async def whole(chunks: AsyncIterator[bytes], *, limit: int = _EVENT) -> bytes:
    """Return all bytes of an answer, which are no more than ``limit``; raises Malformed."""
    found = b""
    async for chunk in chunks:
        found += chunk
        if len(found) > limit:
            raise Malformed(f"more than {limit} bytes")
    return found


def read_delta(value: dict[str, Any]) -> list[Delta]:
    """Return the piece that an event, or an answer that comes all at once, tells; an event of figures has none."""
    if value.get("error"):
        raise _told(value["error"])
    choices = value.get("choices")
    if not isinstance(choices, list):
        raise Malformed(f"no choices, but {_shown(value)}")
    if not choices:
        return []
    choice = choices[0]
    if not isinstance(choice, dict):
        raise Malformed(f"a choice that is {_shown(choice)}")
    held = next((held for name in ("delta", "message") if isinstance(held := choice.get(name), dict)), None)
    text = choice.get("text") if held is None else held.get("content")
    reason = choice.get("finish_reason")
    if not isinstance(text, str | None) or not isinstance(reason, str | None):
        raise Malformed(f"a choice that is {_shown(choice)}")
    thought = bool(held and (held.get("reasoning_content") or held.get("reasoning")))
    facts = choice.get("slot")
    return [Delta(text or "", reason, thought, facts if isinstance(facts, dict) else None)]


def as_object(data: bytes) -> dict[str, Any]:
    """Return bytes as a JSON object; raises Malformed."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise Malformed(f"no JSON: {data[:60]!r}") from None
    if not isinstance(value, dict):
        raise Malformed(f"no JSON object: {_shown(value)}")
    return value


def error_message(data: bytes) -> tuple[str, str]:
    """Return the message and the code of an error, however a server tells it; both empty where none can be read."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return "", ""
    if isinstance(value, dict):
        told = _told(value.get("error") or value)
        return told.message, told.code
    return "", ""


def _told(error: Any) -> Told:
    """Return what an error says: OpenAI's, vLLM's, TGI's and FastAPI's differ in where it stands."""
    if isinstance(error, str):
        return Told(error, "")
    if not isinstance(error, dict):
        return Told("an error without a message", "")
    message = next((text for name in ("message", "detail", "error") if isinstance(text := error.get(name), str)), "")
    code = error.get("code")
    return Told(message, "" if code is None else str(code))


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    rest, total = b"", 0
    async for chunk in chunks:
        total += len(chunk)
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.rstrip(b"\r")
        if len(rest) > _EVENT or total > ANSWER:
            raise Malformed(f"a line of more than {_EVENT} bytes" if len(rest) > _EVENT else f"{total} bytes")
    if rest:
        yield rest


def _shown(value: Any) -> str:
    return f"{json.dumps(value):.60}"
