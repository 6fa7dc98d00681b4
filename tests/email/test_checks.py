from __future__ import annotations

from collections.abc import Callable

import pytest

from dalle_kit import Domain, Draft
from dalle_kit_email.request import EmailRequest

Checks = Callable[..., list[str]]


@pytest.fixture
def found(email_domain: Domain, ask: Callable[..., EmailRequest], draft: Callable[..., Draft]) -> Checks:
    """Return the names of the findings about a body."""

    def run(body: str, **fields: object) -> list[str]:
        findings = list(email_domain.check(ask(**fields), draft(body)))
        for finding in findings:
            if finding.span is not None:
                assert body[slice(*finding.span)] in body
                assert finding.span[0] < finding.span[1]
        return sorted({finding.check for finding in findings})

    return run


GOOD = "The Q3 budget review moves to Thursday at 14:00 and will be in room B12."


def test_a_good_body_has_no_findings(found: Checks) -> None:
    assert found(GOOD) == []


@pytest.mark.parametrize(
    ("body", "check"),
    [
        (f"{GOOD} Ask [Name].", "placeholder"),
        (f"{GOOD} Let me know", "unfinished sentence"),
        (f"Dear Priya,\n\n{GOOD}", "second greeting"),
        (f"{GOOD}\n\nKind regards,\nTom.", "second sign-off"),
        (f"{GOOD} {GOOD}", "repeated sentence"),
        (f"{GOOD} It ends at 15:30.", "unsupported number"),
        ("The Q3 budget review moves to Thursday at 14:00.", "missing point"),
        ("The Q3 budget review moves to Thursday and is in room B12.", "missing number"),
        ("  ", "empty body"),
    ],
)
def test_each_fault_is_found(found: Checks, body: str, check: str) -> None:
    assert found(body) == [check]


@pytest.mark.parametrize(
    ("point", "body"),
    [
        ("at 14:00", "We start at 2 p.m."),
        ("at 2 pm", "We start at 14:00."),
        ("at 2 pm", "We start at 2:00 PM."),
        ("at 14.00", "We start at 14:00."),
        ("three rooms", "There are 3 rooms."),
        ("3 rooms", "There are three rooms."),
        ("by 2025-06-12", "It is due by 12 June 2025."),
        ("costs 1,000 euros", "It costs 1000 euros."),
        ("a rise of 5%", "It rises by 5%."),
        ("on 3 May", "We meet on 3rd May."),
        ("move the meeting", "The meeting was moved."),
        ("2 things", "1. The first thing.\n2. The second thing, of two."),
    ],
)
def test_another_spelling_of_a_number_or_word_is_the_same(found: Checks, point: str, body: str) -> None:
    assert found(body, points=[point], subject="Plan") == []


@pytest.mark.parametrize(
    ("point", "body"),
    [("at 14:00", "We start at 14:30."), ("at 2 pm", "We start at 2 a.m."), ("costs 10 euros", "It costs 100 euros.")],
)
def test_another_number_is_not(found: Checks, point: str, body: str) -> None:
    assert "unsupported number" in found(body, points=[point], subject="Plan")


def test_numbers_of_the_answered_message_are_supported(email_domain: Domain, draft: Callable[..., Draft]) -> None:
    source = "From: Ana <ana@example.com>\nDate: Thu, 12 Jun 2025 09:15:00 +0200\n\nAre 12 seats enough?\n"
    request = email_domain.parse({"reply_to": source, "points": ["seats"]})
    assert list(email_domain.check(request, draft("Yes, 12 seats are enough for 2025."))) == []
    (finding,) = email_domain.check(request, draft("No, we need 15 seats."))
    # Neither do the seconds or the time zone of its date support anything.
    assert len(list(email_domain.check(request, draft("The 12 seats are ready at 2:00 PM.")))) == 1
    assert (finding.check, finding.slot, finding.severity) == ("unsupported number", "body", "warning")


@pytest.mark.parametrize("fields", [{"instruction": "Thank her."}, {}])
def test_a_text_that_no_point_asked_for_is_to_be_read_with_care(found: Checks, fields: dict[str, str]) -> None:
    assert found("Thank you for waiting.", points=[], **fields) == ["no point"]
    assert "no point" not in found("Thank you for waiting.", points=["room B12"], **fields)
