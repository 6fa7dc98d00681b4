"""What a user says about the article or the blog post they want."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import ConfigDict, Field, JsonValue, field_validator, model_validator

from dalle_kit import Request, option
from dalle_kit.checks import list_items, says_nothing, spelled_out
from dalle_kit_news.facts import QUESTIONS, statements
from dalle_kit_news.quotes import Quote, on_one_line

Length = Literal["short", "medium", "long"]
NewsStyle = Literal["inverted-pyramid", "brief", "analysis"]
BlogStyle = Literal["post", "how-to", "list", "opinion"]

#: More facts are no article any more; a file that is given by mistake is told from one that is meant.
_MOST_FACTS, _LONGEST_FACT = 200, 2000

#: Requests with little and with much in them, to show and to check templates with; the last is the most usual.
NEWS_EXAMPLES: list[JsonValue] = [
    {"headline": "First snow in the Arvel hills", "facts": ["10 centimetres overnight"], "length": "short"},
    {
        "headline": "Council saves the library",
        "facts": ["who: the council of Brackwell", "what: kept the library open", "when: Tuesday", "why: a petition"],
        "quotes": ['"A town needs books." -- Oona Prendergast, council leader'],
        "dateline": "BRACKWELL, June 3",
        "byline": "Ana Silva",
        "section": "Local",
        "style": "analysis",
        "audience": "residents",
        "sources": ["council minutes, 3 June"],
        "standfirst": True,
        "kicker": True,
    },
    {
        "headline": "Old Mill Bridge closed for repairs",
        "facts": [
            "closed from Monday to 14 June",
            "cracks found in two of six pillars",
            "detour via Hanfield, 12 km",
            "pedestrians can still cross",
        ],
    },
]
BLOG_EXAMPLES: list[JsonValue] = [
    {"headline": "Back from the lake", "facts": ["four days without a telephone"]},
    {
        "headline": "Why I sold my car",
        "facts": ["why: 2,400 euros a year", "the bus stops at my door", "rented a van twice"],
        "quotes": ['"You will regret it." -- my brother'],
        "byline": "Ana Silva",
        "section": "Life",
        "style": "opinion",
        "audience": "people in cities",
        "sources": ["https://example.com/costs"],
        "standfirst": True,
        "kicker": True,
    },
    {
        "headline": "How to repair a flat bicycle tyre",
        "facts": ["take off the wheel", "find the hole in a bowl of water", "glue on a patch", "wait five minutes"],
        "style": "how-to",
    },
]


class ArticleRequest(Request):
    """What a news article and a blog post have in common."""

    headline: str = Field(description="The headline, or title; it stands above the text as it is.", max_length=300)
    facts: tuple[str, ...] = Field(
        (),
        description="Something the text has to report; give at least one. One that begins with who:, what:, when:, "
        "where:, why: or how: goes into the lead. Quotations are kept word for word.",
    )
    quotes: tuple[Quote, ...] = Field(
        (),
        description='What somebody said, kept word for word: "We are glad." -- Ana Silva, mayor.',
        json_schema_extra=option(metavar="QUOTE"),
    )
    byline: str | None = Field(
        None, description="Who signs it.", max_length=200, json_schema_extra=option(metavar="NAME", identity=True)
    )
    section: str | None = Field(None, description="The section or category it belongs to.", max_length=100)
    audience: str | None = Field(None, description="Whom it is for; goes into the metadata.", max_length=100)
    sources: tuple[str, ...] = Field(
        (), description="Where the facts are from: a title or a link, listed at the end.", max_length=50
    )
    standfirst: bool = Field(False, description="Say the second fact below the headline.")
    kicker: bool = Field(False, description="Put the topic above the headline: the section, or a word of the headline.")
    length: Length = Field("medium", description="How much to write.")

    @field_validator("facts", "quotes", "sources", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        return [value] if isinstance(value, (str, dict)) else value

    @field_validator("headline")
    @classmethod
    def _headline(cls, value: str) -> str:
        line = " ".join(on_one_line(value).split())
        if not line:
            raise ValueError("it is empty; give the line that stands above the text")
        return line

    @field_validator("facts")
    @classmethod
    def _reported_facts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        lines = (" ".join(on_one_line(item).split()) for fact in value for item in list_items(fact))
        facts = tuple(spelled_out(line) for line in lines if not says_nothing(line))
        if len(facts) > _MOST_FACTS:
            raise ValueError(
                f"there are {len(facts):,}, and at most {_MOST_FACTS} are allowed; give the important ones"
            )
        for fact in facts:
            if re.fullmatch(rf"({'|'.join(QUESTIONS)})\s*:", fact, re.IGNORECASE):
                raise ValueError(f"{fact!r} has no answer; say it, or leave the fact out")
            if len(fact) > _LONGEST_FACT:
                allowed = f"at most {_LONGEST_FACT:,} are allowed; give one fact a line"
                raise ValueError(f"{fact[:60]!r} ... has {len(fact):,} characters, and {allowed}")
        return facts

    @field_validator("byline", "section", "audience")
    @classmethod
    def _line(cls, value: str | None) -> str | None:
        return " ".join(on_one_line(value).split()) or None if value else None

    @field_validator("byline")
    @classmethod
    def _name(cls, value: str | None) -> str | None:
        return re.sub(r"\Aby\s+", "", value, flags=re.IGNORECASE) or None if value else None

    @field_validator("sources")
    @classmethod
    def _source_lines(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(filter(None, (" ".join(on_one_line(source).split()) for source in value)))

    @model_validator(mode="after")
    def _enough_to_write(self) -> ArticleRequest:
        if not self.facts:
            raise ValueError(
                "facts: a text cannot be written from nothing; give at least one fact, such as 'closed until 14 June'"
            )
        if self.standfirst and len(statements(self.facts)) < 2:
            raise ValueError("standfirst: it says a second fact, and there is one only; give another, or leave it out")
        return self

    @property
    def authors(self) -> tuple[str, ...]:
        """The names in the byline."""
        return tuple(filter(None, re.split(r"(?<!\s)\s+(?:and|&)\s+", self.byline))) if self.byline else ()


class NewsRequest(ArticleRequest):
    """A news article to write."""

    model_config = ConfigDict(json_schema_extra={"examples": NEWS_EXAMPLES})

    dateline: str | None = Field(
        None, description="Place and date before the first sentence, such as 'HANFIELD, June 3'.", max_length=100
    )
    style: NewsStyle = Field("inverted-pyramid", description="How it is built.")

    @field_validator("dateline")
    @classmethod
    def _place_and_date(cls, value: str | None) -> str | None:
        # The dash that follows it is the template's.
        return (
            re.sub(r"(?<!\s)\s*(?:--+|[\u2013\u2014])\Z", "", " ".join(on_one_line(value).split())) or None
            if value
            else None
        )


class BlogRequest(ArticleRequest):
    """A blog post to write."""

    model_config = ConfigDict(json_schema_extra={"examples": BLOG_EXAMPLES})

    style: BlogStyle = Field("post", description="How it is built.")
