"""The domain as it is registered."""

from __future__ import annotations

from collections.abc import Iterator

from dalle_kit import Domain, GenerationOptions
from dalle_kit.corpora import plain_texts
from dalle_kit_email.cases import cases, counterfactuals
from dalle_kit_email.checks import check
from dalle_kit_email.context import people, shorten, template_context
from dalle_kit_email.corpus import SITUATIONS, corpus
from dalle_kit_email.finish import finish
from dalle_kit_email.formats import FORMATS
from dalle_kit_email.phrases import known_texts
from dalle_kit_email.request import EmailRequest


def _plain() -> Iterator[str]:
    return plain_texts(SITUATIONS)


def make_domain() -> Domain:
    """Return the domain ``email``."""
    return Domain(
        name="email",
        summary="Write an e-mail, or a reply to one",
        request=EmailRequest,
        templates="dalle_kit_templates.email",
        formats=FORMATS,
        context=template_context,
        finish=finish,
        check=check,
        shorten=shorten,
        options=GenerationOptions(max_tokens=256),
        sources=known_texts,
        people=people,
        corpus=corpus,
        cases=cases,
        counterfactuals=counterfactuals,
        plain=_plain,
    )
