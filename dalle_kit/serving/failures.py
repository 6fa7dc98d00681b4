"""Errors as HTTP answers, in the shape in which OpenAI's API tells them."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from dalle_kit.errors import (
    ContextOverflowError,
    DalleKitError,
    DeviceError,
    ModelError,
    OptionError,
    PluginError,
    PrivacyError,
    RequestError,
    UnknownNameError,
)
from dalle_kit.serving.names import public_name

#: Kinds of names that stand in an address; one that is not there is not found.
_PLACES = ("domain", "model")

#: An option of the command line, as messages name it.
_FLAG = re.compile(r"--([a-z][a-z-]*)")

#: Seconds after which a client may ask again.
_AGAIN = "1"


class Refusal(Exception):
    """A request that is refused: the HTTP status, the message, the kind of error, a code and the field at fault."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
    ) -> None:
        self.status, self.message, self.kind, self.code, self.param = status, message, kind, code, param
        super().__init__(message)

    def as_dict(self) -> dict[str, Any]:
        """Return the error in OpenAI's shape."""
        return {"error": {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}}


def refusal_of(error: Exception) -> Refusal:
    """Return the refusal that stands for an error; the message of one that nobody raised on purpose is kept back."""
    message = _FLAG.sub(lambda found: found[1].replace("-", "_"), str(error))
    match error:
        case Refusal():
            return error
        case RequestError(field=field):
            return Refusal(400, message, param=field)
        case OptionError(name=name):
            return Refusal(400, message, param=name)
        case ContextOverflowError(model=model):
            told = message.replace(model, public_name(model))
            return Refusal(400, told, code="context_length_exceeded")
        case UnknownNameError(kind=kind) if kind in _PLACES:
            return Refusal(404, message, code=f"{kind}_not_found", param=kind)
        case PrivacyError():
            return Refusal(400, message, code="personal_data")
        case DeviceError():
            return Refusal(503, message, kind="server_error", code="device")
        case ModelError() | PluginError():
            return Refusal(500, message, kind="server_error")
        case DalleKitError():
            return Refusal(400, message)
    return Refusal(500, "the server failed at this request; its log says where", kind="server_error")


def answer(refusal: Refusal, *, headers: Mapping[str, str] | None = None) -> Response:
    """Return the HTTP answer of a refusal."""
    told = dict(headers or {})
    if refusal.status == 503:
        told["Retry-After"] = _AGAIN
    if refusal.status == 401:
        told["WWW-Authenticate"] = "Bearer"
    return as_json(refusal.as_dict(), status=refusal.status, headers=told)


def as_json(value: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return an answer in JSON, of which nothing keeps a copy on its way."""
    told = {"Cache-Control": "no-store", **(headers or {})}
    return Response(json_line(value), status_code=status, headers=told, media_type="application/json")


def json_line(value: Any) -> str:
    """Return a value as JSON on one line, in ASCII: a text may hold half a character, which UTF-8 cannot say."""
    return json.dumps(value, separators=(",", ":"))


def note(error: Exception) -> None:
    """Say on stderr that and where a request failed in a way that nobody foresaw.

    What the error says is left out: it may hold what was in the request.
    """
    if isinstance(error, Refusal | DalleKitError):
        return
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "an unknown place"
    print(f"a request failed: {type(error).__name__} at {where}", file=sys.stderr, flush=True)
