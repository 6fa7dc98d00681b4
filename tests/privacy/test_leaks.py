"""What was not told leaks, however it is written; what was told does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.checks import Source
from dalle_kit.privacy import leaked, leaks, load_finder

FINDER = load_finder(names=False)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Call +44 20 7946 0000.", "tel +442079460000"),
        ("Call +442079460000.", "020 7946 0000"),
        ("Call 020 7946 0000.", "+44 (0)20 7946 0000"),
        ("Pay by 4111111111111111.", "card 4111 1111 1111 1111"),
        ("Pay to DE89370400440532013000.", "DE89 3704 0044 0532 0130 00"),
        ("Write to Ana.B@corp.org.", "ana.b@CORP.org"),
        ("Write to ana.b@corp.org.", "see <mailto:ana.b@corp.org>."),
        ("Dear Anna,\n", "to: Anna Smith"),
        ("Ask Mr Smith.", "anna smith"),
        ("Ask @Annas.", "her handle is annas"),
        ("Come to 12 High St, London.", "12 High Street in London"),
        ("Come to 7 Station Road, Leeds LS1 4AP.", "7 station road, leeds ls14ap"),
        ("It was 81.2.69.142.", "from 81.2.69.142, yes"),
    ],
)
def test_what_was_told_is_no_leak(text: str, told: str) -> None:
    assert FINDER.find(text)
    assert leaks(text, Source([told]), finder=FINDER) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Call +44 20 7946 0000.", "call 020 7946 0001"),
        ("Pay by 4111111111111111.", "pay by card"),
        ("Write to ana.b@corp.org.", "write to b@corp.org and diana.b@corp.org"),
        ("Dear Anna,\n", "to: Tom"),
        ("Ask Mr Smith.", "anna smithers"),
        ("Come to 12 High Street.", "the High Street"),
        ("It was 81.2.69.142.", "from 81.2.69.14, 812.69.142"),
        ("Dear Anna,\n", ""),
    ],
)
def test_what_was_not_told_is_a_leak(text: str, told: str) -> None:
    (finding,) = leaks(text, Source([told]), finder=FINDER, slot="body")
    (found,) = leaked(text, Source([told]), finder=FINDER)
    assert (finding.check, finding.severity, finding.slot) == ("personal data", "error", "body")
    assert finding.span == (found.start, found.end)
    assert repr(found.text) in finding.message and found.kind in finding.message


PIECES = (
    "Dear Anna,\n\n",
    "Mr O'Brien-Okafor",
    "+44 (0)20 7946 0000",
    "(555) 123-4567 x89",
    "4111-1111-1111-1111",
    "DE89 3704 0044 0532 0130 00",
    "NHS 943 476 5919",
    "2a00:1450:4009:81f::200e",
    "Ana.B+news@Corp.org",
    "@annas_42",
    "Flat 3, 12 High Street, Stow-on-the-Wold GL54 1AB",
    "and",
    "on 12 May",
    ".",
)


@given(st.lists(st.sampled_from(PIECES), max_size=8), st.sampled_from((" ", ", ", "\n")))
def test_nothing_leaks_of_what_was_told(pieces: list[str], between: str) -> None:
    text = between.join(pieces)
    assert leaks(text, Source([text]), finder=FINDER) == []
    assert leaks(text, Source([text.casefold()]), finder=FINDER) == []


@given(
    digits=st.text("0123456789", min_size=7, max_size=7),
    marks=st.lists(st.sampled_from(("", " ", "-", "\u202f", "\u2011")), min_size=7, max_size=7),
    prefix=st.sampled_from(("+49", "0049", "0")),
)
def test_a_phone_number_is_told_however_it_is_written(digits: str, marks: list[str], prefix: str) -> None:
    number = "+49 30" + "".join(mark + digit for mark, digit in zip(marks, digits, strict=True))
    told = Source([f"call {prefix}30{digits}"])
    assert leaks(f"Call {number}.", told, finder=FINDER) == []
    wrong = Source([f"call {prefix}30{digits[:-1]}{9 - int(digits[-1])}"])
    assert [finding.check for finding in leaks(f"Call {number}.", wrong, finder=FINDER)] == ["personal data"]


def test_digits_of_another_script_are_the_same_number() -> None:
    text = "Pay by \uff14111 1111 1111 111\u0661."
    assert leaks(text, Source(["card 4111111111111111"]), finder=FINDER) == []
    (finding,) = leaks(text, Source(["pay by card"]), finder=FINDER)
    assert finding.span and text[slice(*finding.span)] == "\uff14111 1111 1111 111\u0661"
