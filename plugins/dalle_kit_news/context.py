"""The template variables made from a request."""

from __future__ import annotations

from dalle_kit.checks import plain_sentence, split_sentences
from dalle_kit_news.request import NewsRequest

#: So many facts make a paragraph.
_PARAGRAPH = 4
#: A fact with more words than this may need one more sentence.
_WORDS_A_SENTENCE = 25
#: A slot takes no more sentences than this.
_MOST_SENTENCES = 200


def template_context(request: NewsRequest) -> dict[str, object]:
    """Return the facts, and the least and the most sentences of an article that reports them.

    Each fact has its ``text``, the ``plain`` sentence that says it, the most ``sentences`` it may take, and the
    ``separator`` from what stands before it where each fact has its own place.
    """
    facts = [
        {
            "text": fact,
            "plain": plain_sentence(fact),
            "sentences": min(_sentences(fact) + (request.length == "long"), _MOST_SENTENCES),
            "separator": "" if number == 0 else " " if number % _PARAGRAPH else "\n\n",
        }
        for number, fact in enumerate(request.facts)
    ]
    whole = sum(map(_sentences, request.facts))
    half = (whole + 1) // 2
    limits = {"short": (half, whole), "medium": (half, whole + 1), "long": (whole, whole + 3)}
    sentences = [min(limit, _MOST_SENTENCES) for limit in limits[request.length]]
    return {"headline": request.headline, "facts": facts, "sentences": sentences}


def sources(request: NewsRequest) -> tuple[str, ...]:
    """Return what an article may take its facts from."""
    return request.headline, *request.facts


def _sentences(fact: str) -> int:
    """Return how many sentences a fact may take in one that reports it and nothing else."""
    return max(len(split_sentences(fact)), -(-len(fact.split()) // _WORDS_A_SENTENCE))
