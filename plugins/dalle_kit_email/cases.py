"""Hand-written requests, to evaluate and to audit the domain on."""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Iterator, Mapping


def cases() -> Iterator[Mapping[str, object]]:
    """Yield the requests of ``cases.jsonl``, each with ``id``, ``tags`` and ``fields``."""
    return _read("cases.jsonl")


def counterfactuals() -> Iterator[Mapping[str, object]]:
    """Yield the requests of ``counterfactuals.jsonl``, to audit the domain with."""
    return _read("counterfactuals.jsonl")


def _read(name: str) -> Iterator[Mapping[str, object]]:
    text = importlib.resources.files("dalle_kit_email").joinpath(name).read_text(encoding="utf-8")
    yield from map(json.loads, text.splitlines())
