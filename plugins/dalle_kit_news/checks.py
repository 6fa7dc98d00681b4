"""What is wrong with an article as an article; what is wrong with any text, the core's own checks say."""

from __future__ import annotations

from collections.abc import Iterable

from dalle_kit import Draft, Finding
from dalle_kit.checks import altered_quotes
from dalle_kit_news.request import ArticleRequest


def check(request: ArticleRequest, draft: Draft) -> Iterable[Finding]:
    """Yield a finding for each quotation that nobody said in these words."""
    said = (request.headline, *request.facts, *(quote.text for quote in request.quotes))
    for slot, text in draft.texts.items():
        yield from altered_quotes(text, said, slot=slot)
