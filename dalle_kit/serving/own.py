"""The address that the command line of the server's own user asks at, over a socket that nobody else may open."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import APIRouter, Request, Response

from dalle_kit.errors import DalleKitError, RequestError
from dalle_kit.kit import Kit
from dalle_kit.records import Document
from dalle_kit.serving.desk import Desk
from dalle_kit.serving.documents import DocumentRequest, rendered, written
from dalle_kit.serving.documents import Item as Told
from dalle_kit.serving.gatekeeper import PRIVATE
from dalle_kit.serving.replies import reply

Item = Told | DalleKitError


class OwnForm:
    """A document, or the error in the place of it, with all that the command line says of either.

    ``history`` is the setting: who asks reads none, which takes longer than to ask.
    """

    def __init__(self, format: str | None, *, history: str) -> None:
        self._format, self._history = format, history

    def events(self, item: Item) -> Iterable[dict[str, Any]]:
        """Return the event of a piece, of the document, or of an error."""
        if isinstance(item, str):
            yield {"piece": item}
        elif isinstance(item, Document):
            shown = None if self._format is None else rendered(item, self._format)
            yield {"document": item.as_dict(), "rendered": shown, "history": self._history}
        elif isinstance(item, DalleKitError):
            yield {"error": str(item), "field": item.field if isinstance(item, RequestError) else None}

    def whole(self, items: list[Item]) -> dict[str, Any]:
        """Return the last event."""
        (event,) = self.events(items[-1])
        return event


def own_router(kit: Kit, desk: Desk) -> APIRouter:
    """Return the address of the command line."""
    router = APIRouter(prefix=PRIVATE.rstrip("/"), include_in_schema=False)

    @router.post("/{name}")
    async def generate(name: str, body: DocumentRequest, request: Request) -> Response:
        def start(stop: threading.Event) -> Iterator[Item]:
            try:
                yield from written(kit, name, body, stop)
            except DalleKitError as error:
                yield error

        form = OwnForm(body.format, history=kit.settings.history)
        return await reply(request, desk, start, form, stream=True)

    return router
