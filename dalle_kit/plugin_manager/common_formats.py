"""The formats every domain has."""

from __future__ import annotations

import json

from dalle_kit.records import Document, Format


def _text(document: Document) -> str:
    return document.text


def _json(document: Document) -> str:
    return json.dumps(document.as_dict(), ensure_ascii=False, indent=2) + "\n"


COMMON_FORMATS = (
    Format("text", _text, "plain text"),
    Format("json", _json, "request, text, slots, findings and provenance", ".json", "application/json"),
)
