"""The template variables made from a request."""

from __future__ import annotations

from dalle_kit.checks import plain_sentence, split_sentences
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
#: What a kicker is chosen from.
NEWS_TOPICS = (
    *("Politics", "Business", "Sport", "Culture", "Science", "Health", "Education", "Transport", "Weather", "Crime"),
    *("Courts", "Technology", "Environment", "Local news"),
)
BLOG_TOPICS = (
    *("Home", "Garden", "Food", "Travel", "Work", "Technology", "Health", "Money", "Family", "Books", "Sport"),
    *("Music", "Crafts", "City life"),
)


def news_context(request: ArticleRequest) -> dict[str, object]:
    """Return the variables of a news article."""
    return {**_article(request), "dateline": getattr(request, "dateline", None) or "", "topics": list(NEWS_TOPICS)}


def blog_context(request: ArticleRequest) -> dict[str, object]:
    """Return the variables of a blog post."""
    return {**_article(request), "topics": list(BLOG_TOPICS)}


def sources(request: ArticleRequest) -> tuple[str, ...]:
    """Return what an article may take its facts from."""
    return request.headline, *request.facts


def _article(request: ArticleRequest) -> dict[str, object]:
    """Return the facts, the quotations and the least and the most sentences of a text that reports them.

    Each fact has the name of its ``slot``, its ``text``, the ``plain`` sentence that says it, the most ``sentences`` it
    may take, whether it is a ``reason``, the ``separator`` from what stands before it where each fact has its own
    place, and the ``quotes`` that follow it there.
    """
    told = statements(request.facts)
    placed = _quotes_after(len(told), [quote.line for quote in request.quotes])
    facts: list[dict[str, object]] = []
    in_paragraph = 0
    for number, statement in enumerate(told):
        apart = in_paragraph == _PARAGRAPH or bool(number and placed[number - 1])
        in_paragraph = 1 if apart else in_paragraph + 1
        facts.append(
            {
                "slot": f"fact_{number + 1}",
                "text": statement.text,
                "plain": _plain(statement),
                "sentences": min(_sentences(statement.text) + (request.length == "long"), _MOST_SENTENCES),
                "reason": statement.reason,
                "separator": "" if number == 0 else "\n\n" if apart else " ",
                "quotes": placed[number],
            }
        )
    whole = sum(_sentences(statement.text) for statement in told)
    half = (whole + 1) // 2
    limits = {"short": (half, whole), "medium": (half, whole + 1), "long": (whole, whole + 3)}
    return {
        "headline": request.headline,
        "facts": facts,
        "quotes": [quote.line for quote in request.quotes],
        "sentences": [min(limit, _MOST_SENTENCES) for limit in limits[request.length]],
        "byline": f"By {request.byline}" if request.byline else "",
        "style": getattr(request, "style", ""),
        "references": list(request.sources),
    }


def _plain(statement: Statement) -> str:
    sentence = plain_sentence(statement.text)
    return f"The {sentence[:1].lower()}{sentence[1:]}" if statement.reason else sentence


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
