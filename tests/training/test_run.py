"""From a domain's corpus to an adapter's folder, with a small model of random weights."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dalle_kit.cli.main import main
from dalle_kit.domain import Example
from dalle_kit.errors import RequestError
from dalle_kit.kit import Kit
from dalle_kit.models.adapters import load_adapter
from dalle_kit.models.adapters.files import adapter_hash
from dalle_kit.training.loop import Recipe, Step
from dalle_kit.training.run import train_adapter

if TYPE_CHECKING:
    from tests.conftest import Checkpoints

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
RECIPE = Recipe(rank=2, alpha=4, rate=1e-2, warmup=1, passes=6, batch=2)


def corpus(split: str) -> Iterable[Example]:
    for day in DAYS if split == "train" else DAYS[:1]:
        yield Example(day, {"to": ["a@example.com"], "subject": "x", "points": [f"now {day}"]}, f"It is on {day}.")


def kit_with(checkpoints: Checkpoints, corpora: dict[str, object]) -> Kit:
    kit = Kit(model=checkpoints("llama-long")[1].path)
    for name, texts in corpora.items():
        kit.plugins.domains[name] = replace(kit.plugins.domain(name), corpus=texts)  # type: ignore[arg-type,index]
    return kit


def test_an_adapter_is_written_with_the_record_of_how_it_was_made(
    checkpoints: Checkpoints, home: Path, tmp_path: Path
) -> None:
    kit, steps = kit_with(checkpoints, {"email": corpus}), list[Step]()
    card = train_adapter(kit, ["email"], tmp_path / "made", recipe=RECIPE, limit=4, report=steps.append)
    assert sorted(file.name for file in (tmp_path / "made").iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
        "training.json",
    ]
    assert json.loads((tmp_path / "made/training.json").read_text(encoding="utf-8")) == card
    assert card["pairs"] == {"email train": 4, "email dev": 1}
    assert card["adapter_sha256"] == adapter_hash(tmp_path / "made")
    assert card["held_out_loss"]["trained"] < card["held_out_loss"]["bare"]
    assert [step.number for step in steps] == list(range(1, 13)) and len(card["training_loss"]) == 12
    adapter = load_adapter(tmp_path / "made")
    assert (adapter.rank, adapter.alpha, len(adapter.layers)) == (2, 4, 14)  # seven matrices in each of two layers
    assert any(second.abs().max() > 0 for _, second in adapter.layers.values())


def test_a_domain_without_texts_is_refused(checkpoints: Checkpoints, home: Path, tmp_path: Path) -> None:
    kit = kit_with(checkpoints, {"email": corpus, "news": lambda split: ()})
    with pytest.raises(RequestError, match="'news' has no train texts"):
        train_adapter(kit, ["email", "news"], tmp_path / "made", recipe=RECIPE, report=print)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("option", ["--passes", "--rank", "--rate", "--batch", "--limit"])
def test_nothing_is_trained_with_a_number_that_means_nothing(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "email", "--output", str(tmp_path / "made"), option, "0"]) == 2
    assert option in capsys.readouterr().err
    assert not (tmp_path / "made").exists()
