"""A small model with random weights, and texts that it can learn in a few steps."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import Checkpoints

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

WriteLines = Callable[..., Path]


@pytest.fixture
def small_model(checkpoints: Checkpoints) -> Path:
    """The folder of a causal LM of the Llama family."""
    return Path(checkpoints("llama-long")[1].path)


@pytest.fixture
def write_lines(tmp_path: Path) -> WriteLines:
    """Write records to a file of JSON lines."""

    def write(records: Iterable[Any], name: str = "texts.jsonl") -> Path:
        file = tmp_path / name
        file.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
        return file

    return write


@pytest.fixture
def days(write_lines: WriteLines) -> Path:
    """A file of a text for each day, of different lengths."""
    return write_lines(
        {"prompt": f"When is it? {'Please. ' * number}", "text": f"It is on {day} now."}
        for number, day in enumerate(DAYS)
    )


@pytest.fixture
def held_out(write_lines: WriteLines) -> Path:
    """A file of texts to measure on."""
    return write_lines([{"prompt": "When?", "text": "It is on Sunday now."}], "held_out.jsonl")
