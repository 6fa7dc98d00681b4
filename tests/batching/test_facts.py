"""What the texts depend on beside requests and options: a change of it is noticed where a batch goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dalle_kit import Kit, OutputError
from dalle_kit.batching import Plan
from dalle_kit.batching.facts import facts_of
from dalle_kit.batching.journal import opened
from dalle_kit.examples.memory_set import read_examples


def test_the_examples_are_told_by_their_texts(tmp_path: Path) -> None:
    file = tmp_path / "mine.txt"

    def examples() -> Any:
        plan = Plan(domain="email", arguments={"like": [read_examples([str(file)])], "steer": "vector"})
        return facts_of(Kit(), plan, [])["examples"]

    file.write_text("We meet at noon. Bring your own cups.", encoding="utf-8")
    first = examples()
    assert first == examples() and len(first) == 1
    file.write_text("We meet at one. Bring your own cups.", encoding="utf-8")
    assert first != examples()


def test_a_model_is_told_by_its_hash_or_its_files(tmp_path: Path, home: Path) -> None:
    plan = Plan(domain="email")
    assert len(facts_of(Kit(), plan, [])["model_files"]) == 64
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"1")
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    first = facts_of(Kit(model=str(tmp_path)), plan, [])["model_files"]
    weights.write_bytes(b"22")
    assert first != facts_of(Kit(model=str(tmp_path)), plan, [])["model_files"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("examples", "the examples have changed since"),
        ("model_files", "the model's files have changed since"),
        ("plugins", "the plugins, or their versions, have changed since"),
    ],
)
def test_what_has_changed_is_named(name: str, words: str, tmp_path: Path) -> None:
    output = tmp_path / "letters"
    with opened(output, {name: "a"}, force=False):
        pass
    with opened(output, {name: "a"}, force=False):
        pass
    with pytest.raises(OutputError, match=words), opened(output, {name: "b"}, force=False):
        pass
    if name == "model_files":  # a model that was fetched since is the one that was meant
        with opened(output, {name: None}, force=False):
            pass
