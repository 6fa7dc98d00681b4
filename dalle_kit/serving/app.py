"""The application that a server runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from dalle_kit import __version__
from dalle_kit.errors import DalleKitError, in_plain_words
from dalle_kit.kit import Kit
from dalle_kit.serving.answers import HealthAnswer, ReadyAnswer
from dalle_kit.serving.description import ERRORS, answers, describe
from dalle_kit.serving.desk import Desk
from dalle_kit.serving.documents import documents_router
from dalle_kit.serving.failures import Refusal, answer, as_json, refusal_of
from dalle_kit.serving.gatekeeper import OPEN, Gatekeeper
from dalle_kit.serving.infill import infill_router
from dalle_kit.serving.limits import Limits
from dalle_kit.serving.openai_api import openai_router
from dalle_kit.serving.own import own_router
from dalle_kit.serving.texts import Writers

if TYPE_CHECKING:
    from starlette.types import ASGIApp

#: What the page may do: nothing but what comes from this server.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_PAGE = {
    "/": ("index.html", "text/html"),
    "/page.js": ("page.js", "text/javascript"),
    "/page.css": ("page.css", "text/css"),
}


def make_app(
    kit: Kit,
    desk: Desk,
    *,
    limits: Limits,
    key: str = "",
    hosts: Collection[str] | None = None,
    origins: Collection[str] = (),
) -> ASGIApp:
    """Return the application that serves a Kit, as the ``Gatekeeper`` lets in; loads the model.

    Raises ModelError and its subclasses.
    """
    writers = Writers(kit)
    app = FastAPI(
        title="dalle-kit",
        version=__version__,
        docs_url=None,  # these would load scripts from elsewhere
        redoc_url=None,
        responses=ERRORS,
    )
    texts, documents = (openai_router, infill_router), (documents_router, own_router)
    for router in [*(make(writers, desk) for make in texts), *(make(kit, desk) for make in documents)]:
        app.include_router(router)
    _add_state(app, desk)
    _add_page(app)
    _add_errors(app)
    describe(app, domains=list(kit.plugins.domains), has_key=bool(key), is_open=OPEN)
    inner = Gatekeeper(app, key=key, hosts=hosts, origins=origins, limits=limits)
    if not origins:
        return inner
    return CORSMiddleware(
        inner,
        allow_origins=list(origins),
        allow_methods=["GET", "POST"],
        allow_headers=["authorization", "content-type"],
    )


def _add_state(app: FastAPI, desk: Desk) -> None:
    @app.get("/health", tags=["State"], summary="Whether the server is there.", responses=answers(HealthAnswer))
    def health() -> Response:
        return as_json({"status": "ok", "version": __version__})

    said = {**answers(ReadyAnswer), 503: {"model": ReadyAnswer, "description": "A request would not be taken."}}

    @app.get("/ready", tags=["State"], summary="Whether a request would be taken.", responses=said)
    def ready() -> Response:
        state = {"ready": desk.takes_more, "running": desk.running, "waiting": desk.waiting}
        return as_json(state, status=200 if desk.takes_more else 503)


def _add_page(app: FastAPI) -> None:
    folder = Path(__file__).parent / "page"

    def adding(path: str, file: str, kind: str) -> None:
        def page() -> Response:
            headers = {
                "Content-Security-Policy": _POLICY,
                "X-Content-Type-Options": "nosniff",
                "Cache-Control": "no-cache",
            }
            headers["Referrer-Policy"] = "no-referrer"
            return Response((folder / file).read_bytes(), media_type=f"{kind}; charset=utf-8", headers=headers)

        app.add_api_route(path, page, include_in_schema=False)

    for path, (file, kind) in _PAGE.items():
        adding(path, file, kind)


def _add_errors(app: FastAPI) -> None:
    """Tell every error in the shape of OpenAI's API."""

    async def failed(request: Request, error: Exception) -> Response:
        return answer(refusal_of(error))

    async def invalid(request: Request, error: Any) -> Response:
        return answer(_unfit(error.errors()[0]))

    async def refused(request: Request, error: Any) -> Response:
        nothing = f"there is nothing at {request.url.path}; /openapi.json says what there is"
        message = nothing if error.status_code == 404 else str(error.detail)
        return answer(Refusal(error.status_code, message), headers=error.headers)

    for kind in (DalleKitError, Refusal, Exception):
        app.add_exception_handler(kind, failed)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, refused)


def _unfit(problem: Mapping[str, Any]) -> Refusal:
    """Return the refusal of a body, from what pydantic says is wrong with it."""
    # Which of several kinds a value was held against is no place in the body.
    parts = [str(part) for part in problem["loc"][1:] if str(part).replace("_", "").isalnum()]
    message = in_plain_words(problem)
    if problem["type"] == "json_invalid":
        return Refusal(400, f"the body is no JSON: {problem['ctx']['error']}")
    if not parts and problem["type"] == "value_error":
        return Refusal(400, message, param=message.partition(":")[0])
    if not parts:
        return Refusal(400, "the body must be a JSON object, sent with 'Content-Type: application/json'")
    return Refusal(400, f"{'.'.join(parts)}: {message}", param=".".join(parts))
