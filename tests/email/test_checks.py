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
        (f"Dear Priya,\n\n{GOOD}", "second greeting"),
        (f"{GOOD}\n\nKind regards,\nTom.", "second sign-off"),
        ("  ", "empty body"),
    ],
)
def test_each_fault_is_found(found: Checks, body: str, check: str) -> None:
    assert found(body) == [check]


def test_what_the_core_checks_is_not_reported_twice(found: Checks) -> None:
    assert found(f"{GOOD} {GOOD} Ask [Name] at 15:30. Let me") == []


@pytest.mark.parametrize("fields", [{"instruction": "Thank her."}, {}])
def test_a_text_that_no_point_asked_for_is_to_be_read_with_care(found: Checks, fields: dict[str, str]) -> None:
    assert found("Thank you for waiting.", points=[], **fields) == ["no point"]
    assert "no point" not in found("Thank you for waiting.", points=["room B12"], **fields)


def test_a_text_in_a_language_the_model_does_not_speak_is_to_be_read_with_care(found: Checks) -> None:
    assert found("Der Termin ist am Donnerstag.", points=["Termin am Donnerstag"], language="de") == ["language"]
