"""Documents of both domains, written by a script instead of a model."""

from __future__ import annotations

from typing import Any

import pytest

from dalle_kit import Document
from dalle_kit.testing import ScriptedKit

NEWS: dict[str, Any] = {
    "headline": "Old Mill Bridge closed",
    "facts": ["closed from Monday to 14 June", "cracks found in two pillars", "detour via Hanfield, 12 km"],
    "quotes": ['"Safety comes first." -- Ana Silva, mayor'],
    "dateline": "HANFIELD, June 3",
    "byline": "Bo Li and Ines Roth",
    "section": "Transport",
    "audience": "drivers",
    "sources": ["https://example.com/bridge?a=1&b=2", "report of the council"],
    "standfirst": True,
    "kicker": True,
}


class Writer:
    """Writes requests; a slot without a text of its own says its fact in plain words."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.kit = ScriptedKit(self._text)

    def _text(self, prompt: Any, slot: Any) -> str:
        plain = " ".join(slot.otherwise) or (slot.choices[0] if slot.choices else "")
        return self.texts.get(slot.name, plain)

    def __call__(
        self, domain: str = "news", *, template: str | None = None, texts: Any = None, **fields: Any
    ) -> Document:
        self.texts = texts or {}
        given = fields if "headline" in fields else {**NEWS, **fields}
        if domain == "blog":
            given = {name: value for name, value in given.items() if name != "dateline"}
        return self.kit.generate(domain, template=template, repair=False, **given)


@pytest.fixture(scope="session")
def write() -> Writer:
    return Writer()
