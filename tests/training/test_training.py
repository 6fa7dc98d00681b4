"""Training on the real default model: what is learned, and that a stopped run goes on as if it had not been."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from dalle_kit.domain import Example
from dalle_kit.engine.tokenization import Tokenizer
from dalle_kit.errors import OptionError
from dalle_kit.kit import Kit
from dalle_kit.training.loop import Recipe, Step, held_out_loss, train
from dalle_kit.training.pairs import Pair, batches, make_pairs

END = 2
EXAMPLES = [
    Example(f"{day}", {"to": ["a@example.com"], "subject": "Review", "points": [f"now {day}"]}, f"It is on {day} now.")
    for day in ("Monday", "Tuesday", "Wednesday", "Thursday")
]


@pytest.fixture
def pairs(home: Path, default_model_path: Path) -> list[Pair]:
    tokenizer = Tokenizer.load(default_model_path)
    return list(make_pairs(Kit(), "email", EXAMPLES, tokenizer, end=END, longest=400))


def test_a_pair_is_what_the_engine_reads_and_then_the_text(pairs: list[Pair], home: Path) -> None:
    kit = Kit(model="smollm2-135m")
    engine = kit.load()
    shaped = kit.shape("email", EXAMPLES[0].fields)
    before = engine.tokenizer.encode_prompt(shaped.prompt)
    assert list(pairs[0].given[: len(before)]) == before
    assert engine.tokenizer.decode(pairs[0].given[len(before) :]) == "Hello,\n\n"
    assert engine.tokenizer.decode(pairs[0].target[:-1]) == EXAMPLES[0].text
    assert pairs[0].target[-1] == END


def test_too_long_texts_and_impossible_requests_are_left_out(home: Path, default_model_path: Path) -> None:
    examples = [EXAMPLES[0], Example("no recipient", {"subject": "Review"}, "Yes."), EXAMPLES[1]]
    tokenizer = Tokenizer.load(default_model_path)
    assert len(list(make_pairs(Kit(), "email", examples, tokenizer, end=END, longest=400))) == 2
    assert not list(make_pairs(Kit(), "email", examples, tokenizer, end=END, longest=10))


def test_every_pair_is_in_one_batch() -> None:
    many = [Pair((1,) * (number % 7), (number,)) for number in range(100)]
    found = batches(many, size=8, seed=1)
    assert sorted(pair.target[0] for batch in found for pair in batch) == list(range(100))
    assert found == batches(many, size=8, seed=1) != batches(many, size=8, seed=2)


def test_a_few_steps_lower_the_loss_and_a_stopped_run_goes_on_to_the_same_adapter(
    pairs: list[Pair], default_model_path: Path, tmp_path: Path
) -> None:
    recipe = Recipe(rank=4, alpha=8, rate=2e-3, warmup=1, passes=3, batch=2, checkpoint_every=2)
    folder = str(default_model_path)
    whole = train(folder, pairs, recipe, checkpoint=tmp_path / "whole.pt", report=lambda step: None)

    class Stopped(Exception):
        pass

    def stop(step: Step) -> None:
        if step.number == 3:
            raise Stopped

    with pytest.raises(Stopped):
        train(folder, pairs, recipe, checkpoint=tmp_path / "half.pt", report=stop)
    numbers: list[int] = []
    resumed = train(
        folder, pairs, recipe, checkpoint=tmp_path / "half.pt", report=lambda step: numbers.append(step.number)
    )
    assert numbers == [3, 4, 5, 6]
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    assert held_out_loss(folder, pairs, whole, recipe) < 0.7 * held_out_loss(folder, pairs, None, recipe)
    with pytest.raises(OptionError, match="same recipe"):
        other = Recipe(rank=4, alpha=8, rate=1e-3)
        train(folder, pairs, other, checkpoint=tmp_path / "half.pt", report=lambda step: None)
