"""What a user says about the article they want."""

from __future__ import annotations

import unicodedata
from typing import Any, Literal

from pydantic import ConfigDict, Field, JsonValue, field_validator

from dalle_kit import Request
from dalle_kit.checks import without_list_mark

Length = Literal["short", "medium", "long"]

#: Requests with little and with much in them, to show and to check templates with; the last is the most usual.
EXAMPLES: list[JsonValue] = [
    {"headline": "First snow in the Arvel hills", "facts": ["10 centimetres overnight"], "length": "short"},
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


class NewsRequest(Request):
    """A news article to write."""

    model_config = ConfigDict(json_schema_extra={"examples": EXAMPLES})

    headline: str = Field(description="The headline; it stands above the article as it is.", max_length=300)
    facts: tuple[str, ...] = Field(
        (),
        description="Something the article has to report; give at least one. Quotations are kept word for word.",
        validate_default=True,
    )
    length: Length = Field("medium", description="How much to write.")

    @field_validator("facts", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("headline")
    @classmethod
    def _one_line(cls, value: str) -> str:
        line = " ".join(value.split())
        if not line:
            raise ValueError("it is empty; give the line that stands above the article")
        control = next((character for character in line if unicodedata.category(character) == "Cc"), None)
        if control is not None:
            raise ValueError(f"{line!r:.80} holds a control character (U+{ord(control):04X}); leave it out")
        return line

    @field_validator("facts")
    @classmethod
    def _reported_facts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        facts = tuple(filter(None, (without_list_mark(" ".join(fact.split())) for fact in value)))
        if not facts:
            raise ValueError(
                "an article cannot be written from nothing; give at least one fact, such as 'closed until 14 June'"
            )
        return facts
