"""What was not told leaks, however it is written; what was told does not."""

from __future__ import annotations

import pytest

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
