"""Answers made of what comes piece by piece: all at once, or as server-sent events."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from typing import Any, Protocol, TypeVar

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from dalle_kit.serving.desk import Desk
from dalle_kit.serving.failures import as_json, json_line, note, refusal_of

T = TypeVar("T")
Item = TypeVar("Item", contravariant=True)

#: Nobody reads an answer with this status: whoever asked has gone.
_GONE = 499


class Form(Protocol[Item]):
    """How the pieces of a text, and what comes after the last, are told in an API."""

    def events(self, item: Item) -> Iterable[dict[str, Any] | str]:
        """Return the events that tell of a further item: objects, told as JSON, or texts."""

    def whole(self, items: list[Any]) -> dict[str, Any]:
        """Return all items as one object."""


async def reply(
    request: Request, desk: Desk, start: Callable[[threading.Event], Iterator[T]], form: Form[T], *, stream: bool
) -> Response:
    """Return the answer to a request that a thread of the desk works on; who goes frees the place.

    Raises what goes wrong before the first item is there; later errors are events.
    """
    items = desk.run(start)
    if stream:
        first = await _while_there(request, _first(items))
        if first is None:
            return Response(status_code=_GONE)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(_sent(first, items, form), media_type="text/event-stream", headers=headers)
    everything = await _while_there(request, _all(items))
    return Response(status_code=_GONE) if everything is None else as_json(form.whole(everything))


async def _first(items: AsyncIterator[T]) -> list[T]:
    return [await anext(items)]


async def _all(items: AsyncIterator[T]) -> list[T]:
    return [item async for item in items]


async def _sent(first: list[T], items: AsyncIterator[T], form: Form[T]) -> AsyncIterator[str]:
    """Yield the events of all items, and an error's where one comes."""
    try:
        for event in form.events(first[0]):
            yield _event(event)
        async for item in items:
            for event in form.events(item):
                yield _event(event)
    except Exception as error:
        note(error)
        yield _event(refusal_of(error).as_dict())
    finally:
        close = getattr(items, "aclose", None)
        if close is not None:
            await close()


def _event(event: dict[str, Any] | str) -> str:
    return f"data: {event if isinstance(event, str) else json_line(event)}\n\n"


async def _while_there(request: Request, work: Coroutine[Any, Any, T]) -> T | None:
    """Return what is worked on, or None if the client goes before that is done; the work is then given up."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        return await working if working.done() else None
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.wait((working, leaving))


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
