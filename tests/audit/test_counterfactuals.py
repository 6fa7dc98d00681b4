"""Requests that differ in nothing but whom they are about, and the people they are dealt to."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dalle_kit.audit.counterfactuals import (
    Frame,
    frames_of,
    in_male_words,
    name_variants,
    read_frames,
    without_names,
    word_variants,
)
from dalle_kit.audit.people import Person, compared, deal, known_people, read_people
from dalle_kit.audit.wordlists import read_word_lists
from dalle_kit.config import Settings
from dalle_kit.errors import DalleKitError, RequestError
from dalle_kit.kit import Kit

LINE = {
    "id": "raise",
    "kind": "rejection",
    "fields": {"to": ["{name} <x@example.com>"], "subject": "Raise"},
    "favourable": "You are valued.",
    "unfavourable": "You are not.",
}


@pytest.fixture(scope="module")
def frames() -> list[Frame]:
    plugins = Kit(settings=Settings()).plugins
    return [frame for name in ("email", "news") for frame in frames_of(plugins.domain(name))]


def test_every_request_that_is_shipped_can_be_made_for_everybody(frames: list[Frame]) -> None:
    kit, swaps = Kit(settings=Settings()), read_word_lists().swaps
    people = [Person("Ana Silva", {"sex": "female"}), Person("Tom Berg", {"sex": "male"})]
    assert len({frame.id for frame in frames}) == len(frames)
    assert {frame.kind for frame in frames} == {"reference", "rejection", "complaint", "brief"}
    for frame in frames:
        made = list(name_variants(frame, [people], [0]) if frame.takes_name else word_variants(frame, swaps))
        for variant in made:
            kit.request(frame.domain, variant.fields)
        for one, other in zip(made[::2], made[1::2], strict=True):
            first, second = (json.dumps(each.fields) for each in (one, other))
            assert one.pair == other.pair and first != second and "{" not in first.replace('{"', "")
            if frame.takes_name:
                assert without_names(first, one.name) == without_names(second, other.name)
            else:
                assert in_male_words(first, swaps) == in_male_words(second, swaps)


def test_a_request_is_told_of_a_woman_in_all_its_words() -> None:
    fields = {"points": ["He left, his tone was short", "the landlord saw him"], "to": ["His <he@example.com>"]}
    frame = Frame("x", "complaint", "email", fields, "Good.", "Bad.")
    _, woman = word_variants(frame, read_word_lists().swaps)
    assert woman.fields["points"] == ["She left, her tone was short", "the landlady saw her"]
    assert woman.fields["to"] == ["Her <he@example.com>"]


def test_a_request_with_one_counterfactual_only_is_refused() -> None:
    frame = Frame("x", "complaint", "email", {"subject": "The room"}, "Good.", "Bad.")
    with pytest.raises(RequestError, match="'x' has one counterfactual only"):
        list(word_variants(frame, read_word_lists().swaps))


def test_a_name_is_hidden_in_full_and_in_part_and_other_words_are_not() -> None:
    text = "Dear Grace,\n\nGrace King's work is a grace. King was here, Kingston too.\n\nGrace  King"
    assert without_names(text, "Grace King") == (
        "Dear Someone,\n\nSomeone's work is a grace. Someone was here, Kingston too.\n\nSomeone"
    )
    assert without_names(text, "") == text


def test_names_of_a_round_are_equally_long_and_nobody_is_dealt_twice() -> None:
    people = known_people()
    assert len(people) == 800 and compared(people)["sex"] == ("female", "male")
    dealt = deal(people, len, seed=1)
    assert dealt.matched and len(dealt.rounds) >= 20
    for each in dealt.rounds:
        assert len({person.cell for person in each}) == 8 and len({len(person.name) for person in each}) == 1
    assert max(Counter(person.name for each in dealt.rounds for person in each).values()) == 1
    assert dealt == deal(people, len, seed=1) != deal(people, len, seed=2)


def test_names_that_cannot_be_matched_are_dealt_all_the_same() -> None:
    people = [Person("Al Oe", {"group": "a"}), Person("Konstantin Smith", {"group": "b"})]
    dealt = deal(people, len, seed=0)
    assert not dealt.matched and len(dealt.rounds) == 1


def test_rounds_are_used_again_where_there_are_too_few(frames: list[Frame]) -> None:
    rounds = [[Person("Ana Silva", {"g": "a"})], [Person("Eva Sol", {"g": "a"})]]
    frame = next(frame for frame in frames if frame.takes_name)
    assert [variant.pair for variant in name_variants(frame, rounds, range(1, 4))] == ["1", "0", "1"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no groups"),
        ("name\nAna Silva\n", "names no groups"),
        ("first,group\nAna,a\n", "names no groups"),
        ("name,group\n", "has no names"),
        ("name,group\nAna Silva,a\nEva Sol,a\n", "one group only"),
        ("name,degree,children\nAna Silva,yes,no\nEva Sol,no,yes\n", "'no' is a value of degree and children"),
        ("name,group\nAna Silva,a\nEva Sol\n", ":3: 'Eva Sol' has not all of name, group"),
    ],
)
def test_a_list_that_compares_nobody_is_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "names.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(RequestError, match=said):
        read_people(file)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60) | st.text("name,grou\n\"' x", max_size=60).map(lambda text: f"name,group\n{text}"))
def test_whatever_a_list_of_names_holds_it_is_read_or_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "names.csv"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        people = read_people(file)
    except DalleKitError as error:
        assert "\n" not in str(error)
    else:
        assert compared(people) and all(person.name and all(person.cell) for person in people)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\n", "has no requests"),
        ("[1]", ":1: no request: give id"),
        ("{", ":1: Expecting"),
        (json.dumps({**LINE, "favourable": ""}), ":1: request 'raise' lacks something"),
    ],
)
def test_requests_that_cannot_be_read_are_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "requests.jsonl"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(RequestError, match=said):
        read_frames(file, "email")
    file.write_text(json.dumps(LINE), encoding="utf-8")
    assert read_frames(file, "email")[0].takes_name
