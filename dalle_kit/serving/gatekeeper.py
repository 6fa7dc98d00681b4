"""Who is let in: the key, the name the server is called by, the size of a request; and nothing about it is logged."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Collection
from typing import TYPE_CHECKING

from dalle_kit.serving.failures import Refusal, answer, note, refusal_of
from dalle_kit.serving.limits import Limits

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: The names of this machine for itself.
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})

#: What is open without the key: the page, which asks for it, and what watches the server.
OPEN = ("/", "/page.js", "/page.css", "/health", "/ready")

#: Seconds in which a request's body has to come.
_BODY_TIME = 60.0

#: Where only the user whose server it is gets: over the socket that nobody else may open.
PRIVATE = "/private/"


class Gatekeeper:
    """An ASGI application around another that lets in what may come in; raises nothing.

    ``hosts`` are the names that a request may call the server by, None for any: where a key is asked for, a page of
    another site that got hold of the address has none. A page of another site is let in if it is among ``origins``.
    """

    def __init__(
        self, app: ASGIApp, *, key: str, hosts: Collection[str] | None, origins: Collection[str], limits: Limits
    ) -> None:
        self._app, self._key, self._hosts, self._origins, self._limits = app, key, hosts, origins, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            self._check(scope)
            body = await self._body(scope, receive)
            await self._app(scope, _replayed(body, receive), sending)
        except Exception as error:
            note(error)
            if not begun:
                await answer(refusal_of(error))(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        """Raise Refusal for who may not come in."""
        if is_private(scope):
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        path = scope["path"]
        host = headers.get("host", "")
        if self._hosts is not None and _name(host) not in self._hosts:
            raise Refusal(421, f"this server is not called {host[:80]!r}", code="wrong_host")
        origin = headers.get("origin")
        if origin is not None and origin not in self._origins and origin.partition("://")[2] != host:
            raise Refusal(403, "pages of other sites are not let in; see --cors", code="wrong_origin")
        if path.startswith(PRIVATE):
            raise Refusal(404, f"there is nothing at {path[:80]}", code="not_found")
        if self._key and path not in OPEN:
            scheme, _, given = headers.get("authorization", "").partition(" ")
            given = given.strip() if scheme.lower() == "bearer" else ""
            if not hmac.compare_digest(given.encode("utf-8"), self._key.encode("utf-8")):
                raise Refusal(401, "give the server's key as 'Authorization: Bearer KEY'", code="invalid_api_key")

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        """Return a request's body; raises Refusal for one that is too large or does not come."""
        limit = self._limits.body
        too_large = Refusal(413, f"the request is larger than {limit} bytes", code="too_large")
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if length.isdigit() and int(length[:20]) > limit:
            raise too_large
        body = bytearray()
        try:
            async with asyncio.timeout(_BODY_TIME):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise Refusal(400, "the connection was closed before the request was whole")
                    body += message.get("body", b"")
                    if len(body) > limit:
                        raise too_large
                    if not message.get("more_body", False):
                        return bytes(body)
        except TimeoutError:
            raise Refusal(408, f"the request was not there in {_BODY_TIME:g} seconds", code="timeout") from None


def is_private(scope: Scope) -> bool:
    """Say whether a request came over the user's own socket, which has no port."""
    server = scope.get("server")
    return server is not None and server[1] is None


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that gives the body first, then what comes after it."""
    is_read = False

    async def replay() -> Message:
        nonlocal is_read
        if is_read:
            return await receive()
        is_read = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _name(host: str) -> str:
    """Return the name in a Host header, without the port."""
    end = host.find("]") + 1 if host.startswith("[") else host.find(":")
    return (host[:end] if end > 0 else host).lower()
