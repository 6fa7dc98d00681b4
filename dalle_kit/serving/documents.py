"""The domains: what there is, what a request has to hold, and documents written from requests."""

from __future__ import annotations

import base64
import secrets
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

import pydantic
from fastapi import APIRouter, Request, Response

from dalle_kit.domain import Domain
from dalle_kit.errors import RequestError
from dalle_kit.examples import ExampleStore
from dalle_kit.explain import Explanation
from dalle_kit.kit import Kit
from dalle_kit.models.spec import Progress
from dalle_kit.recording import fields_of
from dalle_kit.records import Document, GenerationOptions, Privacy, Steer
from dalle_kit.serving.answers import DescribedDomain, DocumentAnswer, DomainsAnswer, SetsAnswer
from dalle_kit.serving.bodies import RANGES, in_range
from dalle_kit.serving.description import answers, link
from dalle_kit.serving.desk import Desk
from dalle_kit.serving.failures import Refusal, as_json
from dalle_kit.serving.names import public_name
from dalle_kit.serving.replies import reply

Item = str | Document | Explanation

#: What says how a document is written, besides the generation options.
_HOW = ("template", "like", "steer", "repair", "budget", "privacy", "name_blind")

#: Names of sets, not files: those of other people than the server's user must not be read.
SetName = Annotated[str, pydantic.Field(max_length=64)]


class DocumentRequest(pydantic.BaseModel):
    """A document that is asked for: the fields of the domain's request, and how it is to be written."""

    model_config = pydantic.ConfigDict(strict=True, extra="forbid")

    request: dict[str, Any] = pydantic.Field(
        default_factory=dict, description='The fields; bytes are {"$base64": "..."}.'
    )
    stream: bool = False
    explain: bool = pydantic.Field(
        False, description="Say what each sentence rests on; this takes longer than writing."
    )
    format: str | None = pydantic.Field(None, description="A format of the domain to have the document in as well.")
    template: str | None = pydantic.Field(None, max_length=200)
    like: list[SetName] = pydantic.Field(default=[], max_length=16, description="Names of sets of examples.")
    steer: Steer = "auto"
    repair: bool = True
    budget: float | None = pydantic.Field(None, description="Seconds to write in.")
    privacy: Privacy | None = None
    name_blind: bool = False
    seed: int | None = in_range("seed")
    candidates: int | None = pydantic.Field(None, le=16, json_schema_extra=RANGES["candidates"])
    max_tokens: int | None = in_range("max_tokens")
    temperature: float | None = in_range("temperature")
    top_p: float | None = in_range("top_p")
    top_k: int | None = in_range("top_k")
    min_p: float | None = in_range("min_p")
    repetition_penalty: float | None = in_range("repetition_penalty")
    stop: list[str] | None = None

    def arguments(self) -> dict[str, Any]:
        """Return what ``Kit.stream`` takes besides the request."""
        options = {name: getattr(self, name) for name in GenerationOptions.names()}
        given = {name: value for name, value in options.items() if value is not None}
        chosen = {name: getattr(self, name) for name in _HOW}
        return {**chosen, **given, **({"stop": tuple(self.stop)} if self.stop is not None else {})}

    def fields(self) -> dict[str, Any]:
        """Return the fields of the domain's request; raises RequestError for bytes that are none."""
        try:
            return fields_of(self.request)
        except (ValueError, RecursionError) as error:
            raise RequestError(str(error)) from error


class DocumentForm:
    """A document as it is told: its pieces, then the document."""

    def __init__(self, format: str | None, *, explains: bool) -> None:
        self._format, self._explains = format, explains
        self._id = f"document-{secrets.token_hex(12)}"

    def events(self, item: Item) -> Iterable[dict[str, Any] | str]:
        """Return the events of a piece of the provisional text, of the document, or of its explanation."""
        if isinstance(item, str):
            yield {"id": self._id, "object": "document.piece", "text": item}
            return
        if isinstance(item, Document):
            yield self._document(item)
        else:
            yield {"id": self._id, "object": "document.explanation", **item.as_dict()}
        if isinstance(item, Document) != self._explains:
            yield "[DONE]"

    def whole(self, items: list[Item]) -> dict[str, Any]:
        """Return the document, with its explanation where that was asked for."""
        found: dict[str, Any] = {}
        for item in items:
            if isinstance(item, Document):
                found = self._document(item)
            elif not isinstance(item, str):
                found["explanation"] = item.as_dict()
        return found

    def _document(self, document: Document) -> dict[str, Any]:
        found = {"id": self._id, "object": "document", **document.as_dict()}
        return found if self._format is None else {**found, "rendered": rendered(document, self._format)}


def rendered(document: Document, format: str) -> dict[str, str]:
    """Return a document in a format, as text or, where that is bytes, in base64, with the suffix of its files."""
    result = document.render(format)
    shown = {"format": format, "suffix": document.formats[format].suffix}
    if isinstance(result, bytes):
        return {**shown, "base64": base64.b64encode(result).decode("ascii")}
    return {**shown, "text": result}


def written(kit: Kit, domain: str, body: DocumentRequest, stop: threading.Event) -> Iterator[Item]:
    """Write a document, yielding its pieces, then itself; no further than ``stop``."""
    request = kit.request(domain, body.fields(), like=body.like)
    if body.format is not None:
        kit.check_format(domain, request, body.format)
    with kit.stream(domain, request, stopped=stop.is_set, **body.arguments()) as stream:
        yield from stream
        if not stop.is_set():
            yield stream.document
        if body.explain and not stop.is_set():
            yield stream.explain(progress=_unless(stop))


def _unless(stop: threading.Event) -> Progress:
    """Return a listener that ends the work it hears of once nobody wants it any more."""

    def hear(stage: str, done: int, total: int | None) -> None:
        if stop.is_set():
            raise Refusal(499, "nobody waits for it any more")

    return hear


def documents_router(kit: Kit, desk: Desk) -> APIRouter:
    """Return the addresses of the domains, and of the sets of examples that they write like."""
    router = APIRouter(prefix="/v1", tags=["Domains"])

    first = "$response.body#/data/0/id"
    links = {"one of them": link("domain", "name", first), "a document of it": link("document", "name", first)}

    @router.get(
        "/domains", operation_id="domains", summary="The domains.", responses=answers(DomainsAnswer, links=links)
    )
    def domains() -> Response:
        return as_json({"object": "list", "data": [_shown(kit, each) for each in kit.plugins.domains.values()]})

    @router.get(
        "/domains/{name}",
        operation_id="domain",
        summary="A domain, with the JSON Schema of its request.",
        responses=answers(DescribedDomain, links={"a document": link("document", "name", "$response.body#/id")}),
    )
    def domain(name: str) -> Response:
        found = kit.plugins.domain(name)
        return as_json({**_shown(kit, found), "schema": found.request.model_json_schema()})

    @router.post(
        "/domains/{name}/generate",
        operation_id="document",
        summary="Write a document.",
        responses=answers(DocumentAnswer, streams=True),
    )
    async def generate(name: str, body: DocumentRequest, request: Request) -> Response:
        kit.plugins.domain(name)

        def start(stop: threading.Event) -> Iterator[Item]:
            return written(kit, name, body, stop)

        return await reply(request, desk, start, DocumentForm(body.format, explains=body.explain), stream=body.stream)

    @router.get("/examples", operation_id="examples", summary="The sets of examples.", responses=answers(SetsAnswer))
    def examples() -> Response:
        sets = [{"id": name, "object": "examples"} for name in ExampleStore().names()]
        return as_json({"object": "list", "data": sets})

    return router


def _shown(kit: Kit, domain: Domain) -> Mapping[str, Any]:
    formats = [
        {"name": each.name, "suffix": each.suffix, "summary": each.summary}
        for each in kit.plugins.formats(domain.name).values()
    ]
    return {
        "id": domain.name,
        "object": "domain",
        "summary": domain.summary,
        "model": public_name(kit.model_for(domain.name)),
        "formats": formats,
    }
