"""The domains as they are registered."""

from __future__ import annotations

from collections.abc import Iterator

from dalle_kit import Domain, GenerationOptions
from dalle_kit.corpora import plain_texts
from dalle_kit_news.cases import blog_cases, cases, counterfactuals
from dalle_kit_news.checks import check
from dalle_kit_news.context import people, sources, template_context
from dalle_kit_news.corpus import SITUATIONS, corpus
from dalle_kit_news.formats import FORMATS
from dalle_kit_news.request import BlogRequest, NewsRequest


def _plain() -> Iterator[str]:
    return plain_texts(SITUATIONS)


def make_news() -> Domain:
    """Return the domain ``news``."""
    return Domain(
        name="news",
        summary="Write a news article from a headline and facts",
        request=NewsRequest,
        templates="dalle_kit_templates.news",
        formats=FORMATS,
        context=template_context,
        check=check,
        options=GenerationOptions(max_tokens=512),
        sources=sources,
        people=people,
        corpus=corpus,
        cases=cases,
        counterfactuals=counterfactuals,
        plain=_plain,
    )


def make_blog() -> Domain:
    """Return the domain ``blog``."""
    return Domain(
        name="blog",
        summary="Write a blog post from a headline and facts",
        request=BlogRequest,
        templates="dalle_kit_templates.blog",
        formats=FORMATS,
        context=template_context,
        check=check,
        options=GenerationOptions(max_tokens=512),
        sources=sources,
        people=people,
        cases=blog_cases,
        plain=_plain,
    )
