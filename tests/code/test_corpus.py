"""Gaps in real functions, for training: what was taken out is what belongs there."""

from __future__ import annotations

import itertools

import pytest

from dalle_kit_code.corpus import corpus
from dalle_kit_code.request import CompleteRequest


@pytest.fixture(scope="module")
def examples() -> list[tuple[CompleteRequest, str, str]]:
    some = itertools.islice(corpus("train"), 0, 1500, 11)
    return [(CompleteRequest.model_validate(each.fields), each.text, each.name) for each in some]


def test_the_same_gaps_come_each_time() -> None:
    first, again = (list(itertools.islice(corpus("train"), 40)) for _ in range(2))
    assert first == again and len({each.name for each in first}) == 40


def test_there_are_gaps_of_all_kinds(examples: list[tuple[CompleteRequest, str, str]]) -> None:
    assert len(examples) > 100
    assert all(text.strip() for _, text, _ in examples)
    assert {"\n" in text for _, text, _ in examples} == {True, False}
    assert {bool(request.spot.line_before.strip()) for request, _, _ in examples} == {True, False}


def test_each_module_is_an_author_with_several_texts() -> None:
    authors = [each.author for each in itertools.islice(corpus("train"), 200)]
    assert all(author.endswith(".py") for author in authors) and len(set(authors)) < len(authors) / 2
