"""Documents that a running server of the same user writes: it has the model in its memory already."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dalle_kit.errors import DalleKitError, RequestError
from dalle_kit.records import Finding

if TYPE_CHECKING:
    from http.client import HTTPResponse


#: Seconds in which a server says that it is there: one that was halted does not.
_PATIENCE = 3.0


class ServedDocument:
    """A finished document as a server told of it; has what the command line needs of one."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        self._record, self._rendered = told["document"], told["rendered"]
        self.history: str = told["history"]
        self.text: str = self._record["text"]
        self.findings = tuple(map(_finding, self._record["findings"]))

    def as_dict(self) -> dict[str, Any]:
        """Return request, text, slots, findings and provenance as JSON-ready values."""
        found: dict[str, Any] = self._record
        return found

    def render(self, format: str) -> str | bytes:
        """Return the document in the format that was asked for."""
        assert self._rendered["format"] == format
        text: str | None = self._rendered.get("text")
        return base64.b64decode(self._rendered["base64"]) if text is None else text


class ServedStream:
    """A document while a server writes it, as ``DocumentStream`` is one; closing it stops the server's work."""

    def __init__(self, connection: socket.socket, response: HTTPResponse, first: Mapping[str, Any]) -> None:
        self._connection, self._response = connection, response
        self._told = first
        self._document: ServedDocument | None = None
        self.is_gone = False  # the server was there no more before the document was

    def __iter__(self) -> Iterator[str]:
        while "piece" in self._told:
            yield self._told["piece"]
            try:
                self._told = _next(self._response)
            except (OSError, ValueError, EOFError) as error:
                self.is_gone = True
                message = "the server that wrote it has gone; run the command again, or with --local"
                raise DalleKitError(message) from error
        if "document" not in self._told:
            raise _error(self._told)
        self._document = ServedDocument(self._told)

    @property
    def is_finished(self) -> bool:
        """Whether the document is there."""
        return self._document is not None

    @property
    def document(self) -> ServedDocument:
        """The finished document."""
        assert self._document is not None
        return self._document

    def close(self) -> None:
        """Let the server go."""
        with contextlib.suppress(OSError):
            self._response.close()
        self._connection.close()


def ask_server(domain: str, body: Mapping[str, Any], chosen: Mapping[str, Any]) -> ServedStream | None:
    """Have a server write a document; None where there is none, or it does not take the request.

    Raises RequestError, or DalleKitError with the message of another error.
    """
    from dalle_kit.serving.meeting import meet

    connection = meet(chosen)
    if connection is None:
        return None
    stream = None
    try:
        response = _asked(connection, f"/private/{quote(domain, safe='')}", json.dumps(body, default=_plain).encode())
        if response.status == 200:
            stream = ServedStream(connection, response, _next(response))
    except (OSError, ValueError, TypeError, EOFError):
        pass  # whatever is wrong with it, it can be written here
    finally:
        if stream is None:
            connection.close()
    if stream is not None and "error" in stream._told:
        stream.close()
        raise _error(stream._told)
    return stream


def _asked(connection: socket.socket, path: str, body: bytes) -> HTTPResponse:
    from http.client import HTTPConnection, HTTPException

    asking = HTTPConnection("localhost")
    asking.sock = connection
    try:
        connection.settimeout(_PATIENCE)
        asking.request("GET", "/health")
        asking.getresponse().read()
        connection.settimeout(None)  # it may wait for its turn
        asking.request("POST", path, body, {"Content-Type": "application/json"})
        return asking.getresponse()
    except HTTPException as error:
        raise OSError(str(error)) from error


def _next(response: HTTPResponse) -> dict[str, Any]:
    """Return the next event; raises EOFError where there is none."""
    while line := response.readline():
        if line.startswith(b"data: "):
            event: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
            return event
    raise EOFError


def _error(told: Mapping[str, Any]) -> DalleKitError:
    """Return the error that a server told of."""
    problem = told["error"]
    if isinstance(problem, Mapping):  # it was not an error of ours
        return DalleKitError(f"{problem['message']}; run the command with --local")
    return RequestError(problem, field=told["field"]) if told["field"] else DalleKitError(problem)


def _finding(told: Mapping[str, Any]) -> Finding:
    place = None if told["start"] is None else (told["start"], told["end"])
    span = None if told["span"] is None else tuple(told["span"])
    return Finding(told["check"], told["severity"], told["message"], told["slot"], span, place)


def _plain(value: Any) -> dict[str, str]:
    """Return bytes as JSON has them; raises TypeError for what else JSON does not have."""
    if isinstance(value, bytes):
        return {"$base64": base64.b64encode(value).decode("ascii")}
    raise TypeError(f"{type(value).__name__} is nothing that JSON has")
