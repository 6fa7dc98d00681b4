"""Points as sentences of their own words."""

from __future__ import annotations

import subprocess
import sys

import pytest

from dalle_kit.checks.coverage import assess
from dalle_kit_email.cases import cases
from dalle_kit_email.stating import stated


@pytest.mark.parametrize(
    ("point", "sentence"),
    [
        ("call me on 555-0101", "Please call me on 555-0101."),
        ("pick me up at the station", "Please pick me up at the station."),
        ("don't tell Mia", "Please don't tell Mia."),
        ("Let us know by Friday", "Please let us know by Friday."),
        ("need answers by Thursday noon", "I need answers by Thursday noon."),
        ("cannot come on 12 May", "I cannot come on 12 May."),
    ],
)
def test_what_is_asked_for_and_what_the_writer_does_become_sentences(point: str, sentence: str) -> None:
    assert stated(point) == sentence


@pytest.mark.parametrize(
    ("point", "sentence"),
    [
        ("see you at Easter", "See you at Easter."),
        ("Jack can't come", "Jack can't come."),
        ("calls me every Monday", "Calls me every Monday."),
        ("please send us the figures", "Please send us the figures."),
        ("Do not open the attachment.", "Do not open the attachment."),
        ("collect it on Thursday", "Collect it on Thursday."),
        ("cannot be opened", "Cannot be opened."),
        ("won't start since Monday", "Won't start since Monday."),
        ("contact at the door: Mei", "Contact at the door: Mei."),
        ("send you the videos?", "Send you the videos?"),
        ("call me:\n555-0101", "call me:\n555-0101"),
        ("order 991 not arrived", "Order 991 not arrived."),
    ],
)
def test_what_may_be_meant_in_two_ways_stays_as_it_is(point: str, sentence: str) -> None:
    assert stated(point) == sentence


def test_each_sentence_of_a_point_is_stated() -> None:
    assert stated("you have my ladder. Need it back") == "You have my ladder. I need it back."
    assert stated("Need for speed") == "Need for speed."


def test_a_team_speaks_of_itself_as_we() -> None:
    assert stated("am out of the office", subject="We") == "We are out of the office."


def test_the_sentence_of_every_point_of_the_cases_says_it() -> None:
    points = [point for case in cases() for point in case["fields"].get("points", ())]  # type: ignore[attr-defined]

    assert points
    assert [point for point in points if not assess([point], stated(point))[0].is_said] == []


def test_no_dictionary_is_opened_before_the_first_word() -> None:
    code = "import sys; import dalle_kit_email.stating as s; s.stated('call me'); print('simplemma' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout == b"False\n"
