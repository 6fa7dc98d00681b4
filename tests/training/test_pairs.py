"""Samples as tokens, on the real default model, and in batches."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.engine.tokenization import Tokenizer
from dalle_kit.kit import Kit
from dalle_kit.training.pairs import Pair, batches, make_pairs
from dalle_kit.training.sources import Sample

END = 2
FIELDS = {"to": ["a@example.com"], "subject": "Review", "points": ["now Monday"]}
TEXT = "It is on Monday now."


def sample(kit: Kit) -> Sample:
    return Sample(kit.shape("email", FIELDS).prompt, "Hello,\n\n", TEXT, ("Yes.", "No, on Tuesday."))


def test_a_pair_is_what_the_engine_reads_and_then_the_text(home: Path) -> None:
    kit = Kit(model="smollm2-135m")
    engine = kit.load()
    (pair,) = make_pairs([sample(kit)], engine.tokenizer, end=END, longest=400)
    before = engine.tokenizer.encode_prompt(kit.shape("email", FIELDS).prompt)
    assert list(pair.given[: len(before)]) == before
    assert engine.tokenizer.decode(pair.given[len(before) :]) == "Hello,\n\n"
    assert engine.tokenizer.decode(pair.target[:-1]) == TEXT
    assert pair.target[-1] == END and pair.examples == ()


def test_longer_texts_are_left_out(home: Path, default_model_path: Path) -> None:
    tokenizer, kit = Tokenizer.load(default_model_path), Kit()
    (pair,) = make_pairs([sample(kit)], tokenizer, end=END, longest=400)
    assert len(list(make_pairs([sample(kit)], tokenizer, end=END, longest=len(pair)))) == 1
    assert not list(make_pairs([sample(kit)], tokenizer, end=END, longest=len(pair) - 1))


def test_examples_are_in_the_encoders_tokens(home: Path, default_model_path: Path) -> None:
    tokenizer = Tokenizer.load(default_model_path)
    read = make_pairs(
        [sample(Kit())],
        tokenizer,
        end=END,
        longest=400,
        read_examples=lambda each: [[len(text)] for text in each.examples],
    )
    assert next(read).examples == ((4,), (15,))


@given(st.lists(st.integers(1, 9), max_size=60), st.integers(1, 9), st.integers(0, 3))
def test_every_pair_is_in_one_batch(lengths: list[int], size: int, seed: int) -> None:
    many = [Pair((1,) * length, (number,)) for number, length in enumerate(lengths)]
    found = batches(many, size=size, seed=seed)
    assert sorted(pair.target[0] for batch in found for pair in batch) == list(range(len(many)))
    assert all(1 <= len(batch) <= size for batch in found)
    assert found == batches(many, size=size, seed=seed)


def test_batches_are_of_similar_lengths() -> None:
    many = [Pair((1,) * (7 * number % 100 + 1), (1,)) for number in range(100)]
    padding = sum(max(map(len, batch)) - len(pair) for batch in batches(many, size=4, seed=0) for pair in batch)
    assert padding < 0.05 * sum(map(len, many))
