"""Articles as JSON-LD in the vocabulary of schema.org, which says that a model wrote them."""

from __future__ import annotations

import json
from typing import Any

from dalle_kit import Document
from dalle_kit_news.article import read_article
from dalle_kit_news.request import ArticleRequest

#: The class of each domain's documents; news alone has a dateline.
_TYPES = {"news": "NewsArticle", "blog": "BlogPosting"}
_GENERATED = "https://schema.org/TrainedAlgorithmicMediaDigitalSource"


def write_jsonld(document: Document) -> str:
    """Return a NewsArticle or a BlogPosting; nothing in it can end the script element that it may be put into."""
    text = json.dumps(describe(document), ensure_ascii=False, indent=2)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text + "\n"


def describe(document: Document) -> dict[str, Any]:
    """Return what the vocabulary can say about a document; what is not known is left out."""
    article, request = read_article(document), document.request
    described = {
        "@context": "https://schema.org",
        "@type": _TYPES[document.domain],
        "headline": article.headline,
        "alternativeHeadline": article.kicker,
        "description": article.standfirst,
        "dateline": getattr(request, "dateline", None),
        "articleSection": request.section,
        "articleBody": article.body,
        "wordCount": len(article.body.split()),
        "inLanguage": "en",
        **_people(request),
        "citation": list(article.sources),
        "dateCreated": document.provenance.created,
        "dateModified": document.provenance.created,
        "creativeWorkStatus": "Draft",
        # A document that no model wrote, because its template has no slot, is nobody's synthetic text.
        "digitalSourceType": _GENERATED if document.provenance.model else None,
    }
    return {name: value for name, value in described.items() if value not in (None, "", [])}


def _people(request: ArticleRequest) -> dict[str, Any]:
    quotations = [
        {"@type": "Quotation", "text": quote.text, "creator": {"@type": "Person", "name": quote.speaker}}
        for quote in request.quotes
    ]
    return {
        "author": [{"@type": "Person", "name": name} for name in request.authors],
        "audience": {"@type": "Audience", "audienceType": request.audience} if request.audience else None,
        "hasPart": quotations,
    }
