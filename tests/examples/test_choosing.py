"""Choosing the examples for a request: near, diverse, within a budget."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.errors import ExampleError
from dalle_kit.examples import ExampleSet, ExampleStore, Found, MemorySet, choose, cut, encode_set, read_examples

from .conftest import BagOfWords, found

LETTER = "Dear Ana, the review moved. It is on Thursday at ten.\n\nThe room is B12. Bring the cost sheet."


def in_memory(*texts: Found) -> MemorySet:
    return MemorySet("files", texts)


@pytest.fixture
def plans(store: ExampleStore, encoder: BagOfWords) -> ExampleSet:
    store.add("plans", found("room price order", "room price order now", "room letter", "invoice sample", "cold rain"))
    encode_set(store.open("plans"), encoder)
    return store.open("plans")


def test_the_nearest_comes_first_and_the_next_is_unlike_it(plans: ExampleSet, encoder: BagOfWords) -> None:
    chosen = choose([plans], "room price order letter", encoder=encoder, budget=1000, count=2)
    assert [each.text for each in chosen] == ["room price order", "room letter"]
    assert chosen[0].similarity == pytest.approx(0.866, abs=1e-3) and chosen[0].similarity > chosen[1].similarity
    assert (chosen[0].set, chosen[0].id, chosen[0].origin) == ("plans", found("room price order")[0].id[:12], "1.txt")
    assert not chosen[0].is_cut


def test_sets_and_files_are_chosen_from_together_each_text_once(
    plans: ExampleSet, encoder: BagOfWords, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("room letter", encoding="utf-8")
    (tmp_path / "b.txt").write_text("room order of letters", encoding="utf-8")
    files = read_examples([tmp_path])
    chosen = choose([plans, files], "room letter", encoder=encoder, budget=1000, count=10)
    assert [each.text for each in chosen].count("room letter") == 1
    assert {each.set for each in chosen} == {"plans", "files"}


def test_the_same_examples_are_chosen_again(plans: ExampleSet, encoder: BagOfWords) -> None:
    first, second = (choose([plans], "order a room", encoder=encoder, budget=40, count=3) for _ in range(2))
    assert first == second


def test_another_kind_is_left_out(encoder: BagOfWords) -> None:
    texts = in_memory(Found(text="room order", kind="email"), Found(text="def room(): pass", kind="code"))
    assert [each.kind for each in choose([texts], "room", encoder=encoder, budget=100, kind="code")] == ["code"]
    assert choose([texts], "room", encoder=encoder, budget=100, kind="text") == ()


def test_what_is_not_wanted_is_left_out_however_much_of_it_is_near(store: ExampleStore, encoder: BagOfWords) -> None:
    texts = found(*(f"room price order {number}" for number in range(50)), "cold rain")
    store.add("kept", texts)
    encode_set(store.open("kept"), encoder)
    for pool in (store.open("kept"), in_memory(*texts)):
        chosen = choose([pool], "room price", encoder=encoder, budget=1000, without=lambda each: "room" in each.text)
        assert [each.text for each in chosen] == ["cold rain"]


def test_what_does_not_fit_any_more_is_passed_over(encoder: BagOfWords) -> None:
    texts = in_memory(*found("room price " * 8, "room price order letter " * 4, "room"))
    chosen = choose([texts], "room price", encoder=encoder, budget=100)
    assert [each.text for each in chosen] == ["room price " * 8, "room"]


def test_an_example_longer_than_the_budget_is_cut_at_a_sentence(encoder: BagOfWords) -> None:
    (chosen,) = choose([in_memory(*found(LETTER))], "review", encoder=encoder, budget=75)
    assert chosen.text == "Dear Ana, the review moved. It is on Thursday at ten.\n\nThe room is B12."
    assert chosen.is_cut and chosen.id == found(LETTER)[0].id[:12]


def test_a_budget_may_be_counted_in_tokens(encoder: BagOfWords) -> None:
    def words(text: str) -> int:
        return len(text.split())

    (chosen,) = choose([in_memory(*found(LETTER))], "review", encoder=encoder, budget=12, measure=words)
    assert chosen.text == "Dear Ana, the review moved. It is on Thursday at ten."


def test_no_room_and_no_texts_give_no_examples(plans: ExampleSet, encoder: BagOfWords) -> None:
    assert choose([plans], "room", encoder=encoder, budget=0) == ()
    assert choose([plans], "room", encoder=encoder, budget=3) == ()
    assert choose([], "room", encoder=encoder, budget=100) == ()
    assert choose([in_memory()], "room", encoder=encoder, budget=100) == ()


def test_a_set_of_another_encoder_is_refused(plans: ExampleSet) -> None:
    with pytest.raises(ExampleError, match="were encoded with words"):
        choose([plans], "room", encoder=BagOfWords("other", "cd" * 32), budget=100)


def test_texts_in_memory_are_encoded_once_for_an_encoder(encoder: BagOfWords) -> None:
    texts = in_memory(*found("one", "two"))
    for _ in range(3):
        choose([texts], "one", encoder=encoder, budget=100)
    assert encoder.encoded.count("one") == 4 and encoder.encoded.count("two") == 1


def test_code_is_cut_at_lines() -> None:
    assert cut("def one():\n    a = 1. B = 2\n    return a\n", "code", 30) == "def one():\n    a = 1. B = 2"
    assert cut("a very long line", "code", 8) == "a very"
    assert cut("unbreakable", "text", 5) == ""


SENTENCES = st.lists(st.from_regex(r"[A-Z][a-z]{1,7}( [a-z]{1,7}){0,5}[.!?]", fullmatch=True), min_size=1, max_size=8)


@given(SENTENCES, st.lists(st.sampled_from([" ", "\n", "\n\n"]), min_size=8, max_size=8), st.integers(0, 300))
def test_a_cut_text_is_its_beginning_and_ends_where_a_sentence_does(
    sentences: list[str], gaps: list[str], room: int
) -> None:
    text = "".join(f"{sentence}{gap}" for sentence, gap in zip(sentences, gaps, strict=False)).strip()
    short = cut(text, "text", room)
    assert text.startswith(short) and len(short) <= room
    if short and len(sentences[0]) <= room:
        assert short[-1] in ".!?"
    if len(sentences[0]) <= room:
        assert short.startswith(sentences[0])


@given(st.text(max_size=300), st.integers(0, 100), st.sampled_from(["text", "code", "email"]))
def test_any_text_is_cut_to_its_room(text: str, room: int, kind: str) -> None:
    short = cut(text, kind, room)  # type: ignore[arg-type]
    assert len(short) <= room and text.startswith(short)


@given(st.lists(st.text("ab .\n", min_size=1, max_size=60), max_size=12), st.integers(1, 120), st.integers(1, 5))
def test_chosen_examples_fit_together(texts: list[str], budget: int, count: int) -> None:
    pool = MemorySet("files", [each for each in {f.id: f for f in found(*texts)}.values() if each.text.strip()])
    chosen = choose([pool], "a b", encoder=BagOfWords(), budget=budget, count=count)
    assert sum(len(each.text) for each in chosen) <= budget and len(chosen) <= count
    assert len({each.id for each in chosen}) == len(chosen)
