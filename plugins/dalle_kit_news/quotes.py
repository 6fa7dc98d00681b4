"""Quotations: what somebody said, word for word, and who it was."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import pydantic

from dalle_kit.checks import capitalised

_HOW = "write it as '\"We are glad.\" -- Ana Silva, mayor'"
_DASH = r"(?:--+|[\u2013\u2014])"
_MARKS = {'"': '"', "\u201c": "\u201d", "\u201e": "\u201c\u201d", "\u00ab": "\u00bb", "\u00bb": "\u00ab"}
_QUOTED = re.compile(
    r"(?P<open>[\"\u201c\u201e\u00ab\u00bb])(?P<text>.+)(?P<close>[\"\u201c\u201d\u00ab\u00bb])(?P<rest>.*)"
)
_BARE = re.compile(rf"(?P<text>.+\S)\s+{_DASH}\s+(?P<speaker>.*)")
_SPEAKER = re.compile(rf"\s*+,?\s*+{_DASH}\s*(?P<speaker>.*)")


class Quote(pydantic.BaseModel):
    """What somebody said: ``text`` without quotation marks, taken word for word, and ``speaker``.

    May be given as one text: ``"We are glad." -- Ana Silva, mayor``.
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    text: str = pydantic.Field(description="The words as they were said, without quotation marks.", max_length=2000)
    speaker: str = pydantic.Field(description="Who said them, such as 'Ana Silva, mayor'.", max_length=200)

    @pydantic.model_validator(mode="before")
    @classmethod
    def _one_text(cls, value: Any) -> Any:
        if isinstance(value, str):
            return parse_quote(value)
        if isinstance(value, dict) and "speaker" not in value:
            raise ValueError(f"{str(value.get('text', ''))!r:.80} has no speaker; {_HOW}")
        return value

    @pydantic.field_validator("text", "speaker")
    @classmethod
    def _on_one_line(cls, value: str, info: pydantic.ValidationInfo) -> str:
        line = on_one_line(value)
        if not line.strip("".join(_MARKS) + "".join(_MARKS.values()) + " "):
            raise ValueError(f"the {info.field_name} of a quotation is empty; {_HOW}")
        return line

    @property
    def marked(self) -> str:
        """The words in quotation marks; curly ones where they hold straight ones themselves."""
        return f"\u201c{self.text}\u201d" if '"' in self.text else f'"{self.text}"'

    @property
    def line(self) -> str:
        """The sentence that stands in an article."""
        first, space, rest = self.speaker.partition(" ")
        comma = "," if "," in self.speaker else ""
        return f"{capitalised(first)}{space}{rest}{comma} said: {self.marked}"


def parse_quote(written: str) -> dict[str, str]:
    """Take ``"text" -- speaker`` apart; raises ValueError with the fix where one of the two is missing."""
    line = on_one_line(written)
    quoted = _QUOTED.fullmatch(line)
    if quoted and quoted["close"] in _MARKS[quoted["open"]]:
        said = _SPEAKER.fullmatch(quoted["rest"])
        text, speaker = quoted["text"], said["speaker"] if said else ""
    else:
        bare = _BARE.fullmatch(line)
        text, speaker = (bare["text"], bare["speaker"]) if bare else (line, "")
    if not text.strip():
        raise ValueError(f"a quotation has no text; {_HOW}")
    if not speaker.strip():
        raise ValueError(f"{line!r:.80} has no speaker; {_HOW}")
    return {"text": text, "speaker": speaker}


def on_one_line(text: str) -> str:
    """Return a text with its line breaks as spaces and nothing else changed; ValueError for control characters."""
    parts = (part.strip(" ") for part in re.split(r"[\r\n\t\v\f\x85\u2028\u2029]+", text))
    line = " ".join(filter(None, parts)).strip()
    control = next((character for character in line if unicodedata.category(character) in ("Cc", "Cs")), None)
    if control is not None:
        raise ValueError(f"{line!r:.80} holds a control character (U+{ord(control):04X}); leave it out")
    return line
