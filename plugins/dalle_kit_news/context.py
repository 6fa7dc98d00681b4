"""The template variables made from a request."""

from __future__ import annotations

from dalle_kit.checks.notes import plain_sentence
from dalle_kit.checks.sentences import split_sentences
from dalle_kit_news.request import NewsRequest

#: So many facts make a paragraph.
_PARAGRAPH = 4
#: A fact with more words than this may need one more sentence.
_WORDS_A_SENTENCE = 25


def template_context(request: NewsRequest) -> dict[str, object]:
    """Return the facts, and the least and the most sentences of an article that reports them.

    Each fact has its ``text``, the ``plain`` sentence that says it, the most ``sentences`` it may take, and the
    ``separator`` from what stands before it where each fact has its own place.
    """
    facts = [
        {
            "text": fact,
            "plain": plain_sentence(fact),
            "sentences": _sentences(fact) + (request.length == "long"),
            "separator": "" if number == 0 else " " if number % _PARAGRAPH else "\n\n",
        }
        for number, fact in enumerate(request.facts)
    ]
    whole = sum(map(_sentences, request.facts))
    half = (whole + 1) // 2
    limits = {"short": (half, whole), "medium": (half, whole + 1), "long": (whole, whole + 3)}
    return {"headline": request.headline, "facts": facts, "sentences": limits[request.length]}


def _sentences(fact: str) -> int:
    """Return how many sentences a fact may take in one that reports it and nothing else."""
    return max(len(split_sentences(fact)), -(-len(fact.split()) // _WORDS_A_SENTENCE))
