"""The server's OpenAPI document: what each address takes and answers, its errors, who may ask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pydantic
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from dalle_kit import __version__
from dalle_kit.serving.answers import ErrorAnswer

#: When each of the errors comes that any address may have.
_ERRORS: dict[int | str, str] = {
    400: "What is wrong with the request.",
    401: "The key is missing or wrong.",
    403: "A page of another site asks.",
    404: "There is no such model or domain.",
    405: "The address does not take this method.",
    408: "The request did not come.",
    413: "The request is too large.",
    421: "The server is not called so.",
    500: "The server failed.",
    503: "Too many requests are waiting, or the server is shutting down.",
    504: "The time for a request is over.",
}

#: What all addresses may answer besides.
ERRORS: dict[int | str, dict[str, Any]] = {
    code: {"description": text, "model": ErrorAnswer} for code, text in _ERRORS.items()
}

#: The validation error of the framework, which is told as any other error here.
_UNUSED = ("HTTPValidationError", "ValidationError")


def answers(
    model: type[pydantic.BaseModel], *, streams: bool = False, links: dict[str, Any] | None = None
) -> dict[int | str, dict[str, Any]]:
    """Return what an address answers where all is well, for its route."""
    told: dict[str, Any] = {"model": model, "description": (model.__doc__ or "").strip()}
    if streams:
        told["content"] = {"text/event-stream": {}}
    return {200: {**told, "links": links} if links else told}


def link(operation: str, name: str, value: str) -> dict[str, Any]:
    """Return the link from an answer to an operation that takes a part of it as a parameter."""
    return {"operationId": operation, "parameters": {name: value}}


def describe(app: FastAPI, *, domains: Sequence[str], has_key: bool, is_open: Sequence[str]) -> None:
    """Have an application describe itself; the addresses that are open take no key."""

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = get_openapi(title=app.title, version=__version__, routes=app.routes, summary=app.summary)
            for path, operations in found["paths"].items():
                for operation in operations.values():
                    operation["responses"].pop("422", None)
                    for parameter in operation.get("parameters", ()):
                        if parameter["name"] == "name":
                            parameter["schema"]["enum"] = list(domains)
                    if has_key and path not in is_open:
                        operation["security"] = [{"key": []}]
            components = found["components"]
            for name in _UNUSED:
                components["schemas"].pop(name, None)
            if has_key:
                components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
            app.openapi_schema = found
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]
