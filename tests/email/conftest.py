"""Requests, drafts and documents made by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from dalle_kit import Document, Domain, Draft, GenerationOptions, Provenance, Skeleton, Slot
from dalle_kit_email.domain import make_domain
from dalle_kit_email.request import EmailRequest

ASKED: Mapping[str, object] = {
    "to": ["Priya Raman <priya@example.com>"],
    "subject": "Q3 budget review moved to Thursday",
    "points": ["now Thursday 14:00", "room B12"],
    "sender": "Tom",
    "address": "tom@example.org",
}


@pytest.fixture(scope="session")
def email_domain() -> Domain:
    return make_domain()


@pytest.fixture(scope="session")
def ask(email_domain: Domain) -> Callable[..., EmailRequest]:
    """Make a request: the usual one with some fields changed."""

    def make(**fields: object) -> EmailRequest:
        request = email_domain.parse({**ASKED, **fields})
        assert isinstance(request, EmailRequest)
        return request

    return make


@pytest.fixture(scope="session")
def reply(email_domain: Domain) -> Callable[..., EmailRequest]:
    """Make a request that answers a message and says nothing else but the sender."""

    def make(source: bytes | str, **fields: object) -> EmailRequest:
        request = email_domain.parse({"reply_to": source, "sender": "Tom", "address": "tom@example.org", **fields})
        assert isinstance(request, EmailRequest)
        return request

    return make


@pytest.fixture(scope="session")
def draft() -> Callable[..., Draft]:
    """Make a draft with one slot between a greeting and a sign-off."""

    def make(body: str) -> Draft:
        return Draft(Skeleton(("Dear Priya,\n\n", Slot("body"), "\n\nBest regards,\nTom\n")), {"body": body})

    return make


@pytest.fixture(scope="session")
def finished(email_domain: Domain, ask: Callable[..., EmailRequest], draft: Callable[..., Draft]) -> Callable[..., str]:
    """Return the body that finishing makes of what a model wrote."""

    def run(body: str, **fields: object) -> str:
        return email_domain.finish(ask(**fields), draft(body)).texts["body"]

    return run


@pytest.fixture(scope="session")
def document(email_domain: Domain) -> Callable[..., Document]:
    """Make a document of a text."""

    def make(request: EmailRequest, text: str, *, created: str = "2025-06-12T09:15:00+02:00") -> Document:
        facts: dict[str, Any] = {name: "" for name in ("version", "model", "device", "dtype", "template")}
        provenance = Provenance(
            **facts,
            created=created,
            domain="email",
            model_sha256=None,
            options=GenerationOptions(),
            candidate=0,
            prompt_tokens=0,
            generated_tokens=0,
            finish_reasons={},
            dropped=(),
            plugins={},
            timings={},
        )
        return Document(
            domain="email",
            request=request,
            text=text,
            slots={"body": text},
            findings=(),
            provenance=provenance,
            formats={each.name: each for each in email_domain.formats},
        )

    return make
