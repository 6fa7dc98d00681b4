"""The template variables made from a request."""

from __future__ import annotations

import re

from dalle_kit.checks import capitalised, content_words, is_finished, plain_sentence, split_sentences
from dalle_kit_news.facts import Statement, statements
from dalle_kit_news.request import ArticleRequest

#: So many facts make a paragraph.
_PARAGRAPH = 4
#: Where there are quotations, the first stands after so many facts, the others after so many more each.
_BEFORE_QUOTE, _BETWEEN_QUOTES = 2, 3
#: A fact with more words than this may need one more sentence.
_WORDS_A_SENTENCE = 25
#: A slot takes no more sentences than this.
_MOST_SENTENCES = 200
#: A kicker is chosen from so many words of the request; shorter ones name no topic.
_MOST_TOPICS, _SHORTEST_TOPIC = 8, 4
_REASON = "The reason: "


def template_context(request: ArticleRequest) -> dict[str, object]:
    """Return the variables of an article or a post.

    Each fact has the name of its ``slot``, its ``text``, the ``note`` that the model is told, the ``plain`` sentence
    that says it, what its sentence ``starts_with``, the most ``sentences`` it may take, whether it is a ``reason``, the
    ``separator`` from what stands before it where each fact has its own place, and the ``quotes`` that follow it there.
    ``standfirst`` is the one that is said below the headline, and not again; ``notes`` are the notes of all by slot.
    ``sentences`` are the least and the most of a text that says all but the standfirst.
    """
    told = statements(request.facts)
    standfirst = told.pop(_for_standfirst(told)) if request.standfirst else None
    whole = sum(_sentences(statement.text) for statement in told)
    half = (whole + 1) // 2
    facts = _placed(told, request)
    notes = {"standfirst": standfirst.note} if standfirst else {}
    notes |= {str(fact["slot"]): str(fact["note"]) for fact in facts}
    limits = {"short": (half, whole), "medium": (half, whole + 1), "long": (whole, whole + 3)}
    return {
        "headline": request.headline,
        "facts": facts,
        "standfirst": _fact(standfirst, request) if standfirst else None,
        "notes": notes,
        "quotes": [quote.line for quote in request.quotes],
        "sentences": [min(limit, _MOST_SENTENCES) for limit in limits[request.length]],
        "byline": f"By {request.byline}" if request.byline else "",
        "dateline": getattr(request, "dateline", None) or "",
        "style": getattr(request, "style", ""),
        "references": list(request.sources),
        "topics": _topics(request),
    }


def sources(request: ArticleRequest) -> tuple[str, ...]:
    """Return what an article may take its facts from."""
    return request.headline, *request.facts


def people(request: ArticleRequest) -> list[str]:
    """Return the names of the authors, and of those who are quoted by name."""
    speakers = (quote.speaker.partition(",")[0] for quote in request.quotes)
    quoted = [name for name in speakers if all(word[0].isupper() for word in name.split())]
    return [*request.authors, *quoted]


def _placed(told: list[Statement], request: ArticleRequest) -> list[dict[str, object]]:
    """Return the facts, each with its place: four make a paragraph, and a quotation ends one."""
    placed = _quotes_after(len(told), [quote.line for quote in request.quotes])
    facts: list[dict[str, object]] = []
    in_paragraph = 0
    for number, statement in enumerate(told):
        apart = in_paragraph == _PARAGRAPH or bool(number and placed[number - 1])
        in_paragraph = 1 if apart else in_paragraph + 1
        separator = "" if number == 0 else "\n\n" if apart else " "
        fact = _fact(statement, request)
        facts.append({**fact, "slot": f"fact_{number + 1}", "separator": separator, "quotes": placed[number]})
    return facts


def _fact(statement: Statement, request: ArticleRequest) -> dict[str, object]:
    text = statement.text
    return {
        "text": text,
        "note": statement.note,
        "plain": f"{_REASON}{text}{'' if is_finished(text) else '.'}" if statement.reason else plain_sentence(text),
        "starts_with": _REASON if statement.reason else _first_word(text) if _is_step(request) else "",
        "sentences": min(_sentences(text) + (request.length == "long"), _MOST_SENTENCES),
        "reason": statement.reason,
    }


def _is_step(request: ArticleRequest) -> bool:
    """Say whether the facts are steps: those tell what to do with their first word."""
    return getattr(request, "style", "") == "how-to"


def _first_word(text: str) -> str:
    first = re.match(r"[^\W\d_]+(?=\s)", text)
    return capitalised(first[0]) if first else ""


def _for_standfirst(told: list[Statement]) -> int:
    """Return the fact that stands below the headline: not the lead, and no reason for it if there is another."""
    return next((number for number, each in enumerate(told) if number and not each.reason), len(told) - 1)


def _topics(request: ArticleRequest) -> list[str]:
    """Return what a kicker is chosen from: the section, or words of the headline, those that the facts have first."""
    if request.section:
        return [request.section]
    told = set(re.findall(r"\w+", " ".join(request.facts).casefold()))
    headline = re.sub(r"\bto [^\W\d_]+", " ", request.headline, flags=re.IGNORECASE)  # what is to be done is no topic
    words = [word for word in re.findall(r"[^\W\d_]+", headline) if len(word) >= _SHORTEST_TOPIC]
    words = [word for word in words if content_words(word)] or [request.headline]
    ranked = sorted(words, key=lambda word: word.casefold() not in told)
    return list(dict.fromkeys(capitalised(word) for word in ranked))[:_MOST_TOPICS]


def _quotes_after(facts: int, quotes: list[str]) -> list[list[str]]:
    """Return which quotations stand after each fact."""
    placed: list[list[str]] = [[] for _ in range(facts)]
    for number, quote in enumerate(quotes):
        place = _BEFORE_QUOTE + number * _BETWEEN_QUOTES
        placed[min(place, facts) - 1].append(quote)
    return placed


def _sentences(fact: str) -> int:
    """Return how many sentences a fact may take in one that reports it and nothing else."""
    return max(len(split_sentences(fact)), -(-len(fact.split()) // _WORDS_A_SENTENCE))
