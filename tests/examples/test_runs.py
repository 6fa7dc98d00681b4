"""Words in a row that texts have in common: whatever the index says, the words prove it."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.examples import runs
from dalle_kit.examples.runs import RUN, Run, common_runs, folded_words, keys_of, merged, windows_of, without, words_of

SENTENCE = "The van is booked for Saturday, so bring the keys back."

texts = st.lists(st.text(st.sampled_from("ab "), max_size=60), max_size=8)


def found(text: str, others: list[str], *, told: list[str] | None = None) -> list[Run]:
    return common_runs(
        folded_words(text),
        keys_of(enumerate(others, 1)),
        lambda number: others[number - 1],
        told=lambda: windows_of(told or []),
    )


def test_a_run_is_as_long_as_it_goes_on_whatever_stands_around_it() -> None:
    others = ["Nothing here.", f"Hello Ana! {SENTENCE} Thank you.", "The van is booked for Saturday only, they say."]
    assert found(f"Dear Bo, {SENTENCE.upper()} Bye.", others) == [Run(2, 13, 2)]
    assert found("The van is booked for Saturday, so bring it.", others) == [Run(0, 8, 2)]
    assert found("The van is booked for Saturday, so.", others) == []


def test_accents_marks_and_line_ends_make_no_difference() -> None:
    others = ["Le caf\u00e9 n\u2019est pas ouvert -- avant dix heures, le lundi."]
    assert found("le cafe n'est pas\nouvert avant: dix heures le LUNDI", others) == [Run(0, 10, 1)]


def test_numbers_and_names_of_code_are_one_word_each() -> None:
    words = [word for word, *_ in words_of("At 14:30 it's 1.5 by my_own.count, don\u2019t: x-ray 2026-11-29")]
    assert words == ["at", "14:30", "it's", "1.5", "by", "my_own", "count", "don't", "x", "ray", "2026", "11", "29"]


def test_what_was_told_is_no_run_unless_more_of_it_stands_in_a_text() -> None:
    told = ["van is booked for Saturday, so bring the keys"]
    assert found("van is booked for Saturday, so bring the keys", [SENTENCE], told=told) == []
    assert found(SENTENCE, [SENTENCE], told=told) == [Run(0, 11, 1)]


def test_of_a_formula_that_stands_in_thousands_only_a_few_are_compared() -> None:
    formula = "please let me know if you have any questions about it"
    asked: list[int] = []

    def text_of(number: int) -> str:
        asked.append(number)
        return formula

    keys = keys_of((number, formula) for number in range(1, 5001))
    assert common_runs(folded_words(formula), keys, text_of, told=set) == [Run(0, 11, 1)]
    assert len(asked) == 16


def test_words_that_are_said_over_and_over_take_no_time_that_grows_with_their_square() -> None:
    text = "so " * 60_000
    start = time.process_time()
    (run,) = found("so " * 400, [text] * 3)
    assert (run.start, run.end) == (0, 400) and time.process_time() - start < 3


def test_a_text_that_is_gone_is_passed_over() -> None:
    assert common_runs(folded_words(SENTENCE), keys_of([(1, SENTENCE)]), lambda _: None, told=set) == []


def _expected(words: list[str], others: list[str]) -> set[int]:
    """The words that stand in a run, by comparing every window with every other."""
    rows = [folded_words(other) for other in others]
    windows = {tuple(row[at : at + RUN]) for row in rows for at in range(len(row) - RUN + 1)}
    starts = (at for at in range(len(words) - RUN + 1) if tuple(words[at : at + RUN]) in windows)
    return {place for at in starts for place in range(at, at + RUN)}


@given(texts, st.text(st.sampled_from("ab "), max_size=80))
def test_all_that_a_scan_finds_is_found_and_nothing_else(others: list[str], text: str) -> None:
    words = folded_words(text)
    places = {place for run in found(text, others) for place in range(run.start, run.end)}
    assert places == _expected(words, others)


@given(texts, st.text(st.sampled_from("ab "), max_size=80))
def test_windows_that_share_a_hash_are_told_apart(others: list[str], text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "_hash", lambda word: 7)
        test_all_that_a_scan_finds_is_found_and_nothing_else.hypothesis.inner_test(others, text)  # type: ignore[attr-defined]


@given(texts, st.sets(st.integers(1, 8)))
def test_an_index_without_some_texts_is_sorted_at_every_moment(others: list[str], gone: set[int]) -> None:
    keys = keys_of(enumerate(others, 1))
    left = without(keys, sorted(gone))
    rest = keys_of((number, text) for number, text in enumerate(others, 1) if number not in gone)
    assert len(left) == len(keys) and set(merged(left).tolist()) - {0} == set(rest.tolist())
    for done in range(len(keys)):
        assert (np.diff(np.concatenate([left[:done], keys[done:]]).astype(object)) >= 0).all()


@given(texts, texts)
def test_an_index_that_grew_is_the_one_made_of_all(first: list[str], second: list[str]) -> None:
    numbered = list(enumerate([*first, *second], 1))
    grown = merged(keys_of(numbered[: len(first)]), keys_of(numbered[len(first) :]))
    assert grown.tolist() == keys_of(numbered).tolist()
