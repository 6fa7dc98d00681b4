"""Hand-written requests, to evaluate the domain on."""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Iterator, Mapping


def cases() -> Iterator[Mapping[str, object]]:
    """Yield the requests of ``cases.jsonl``, each with ``id``, ``tags`` and ``fields``."""
    text = importlib.resources.files("dalle_kit_news").joinpath("cases.jsonl").read_text(encoding="utf-8")
    yield from map(json.loads, text.splitlines())
