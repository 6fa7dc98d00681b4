"""The domain as it is registered."""

from __future__ import annotations

from dalle_kit import Domain, GenerationOptions
from dalle_kit_news.cases import cases
from dalle_kit_news.context import sources, template_context
from dalle_kit_news.corpus import corpus
from dalle_kit_news.request import NewsRequest


def make_domain() -> Domain:
    """Return the domain ``news``."""
    return Domain(
        name="news",
        summary="Write a news article from a headline and facts",
        request=NewsRequest,
        templates="dalle_kit_templates.news",
        context=template_context,
        options=GenerationOptions(max_tokens=512),
        sources=sources,
        corpus=corpus,
        cases=cases,
    )
