from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.checks import Source, find_facts, unsupported


def strange(text: str, *told: str, language: str = "en") -> list[str]:
    """Return what of a text is not supported."""
    findings = unsupported(text, Source(told, language=language), slot="body")
    for finding in findings:
        assert (finding.check, finding.severity, finding.slot) == ("unsupported", "error", "body")
    return [text[slice(*finding.span)] for finding in findings if finding.span]


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ("at 14:00", "We start at 2 p.m."),
        ("at 2 pm", "We start at 14:00."),
        ("at 2 pm", "We start at 2:00 PM, at two o'clock."),
        ("at 14.00", "We start at 14:00."),
        ("at 2", "We start at 14:00."),
        ("14:30", "We start at half past two."),
        ("2:45 pm", "We start at a quarter to three in the afternoon."),
        ("12:00", "We meet at noon."),
        ("9-11 am", "We meet from 9 am to 11:00."),
        ("between 9:00 and 11:00", "We meet between 9 and 11 in the morning."),
        ("three rooms", "There are 3 rooms."),
        ("3 rooms", "There are three rooms."),
        ("12 eggs", "Bring a dozen eggs."),
        ("twenty-five people", "There will be 25 people."),
        ("1.2 million users", "We have 1,200,000 users."),
        ("1200000 users", "We have 1.2 million users."),
        ("5k signups", "There were 5,000 signups."),
        ("25%", "It grew by 25 percent, by 25 per cent."),
        ("$300", "It costs 300 dollars, that is 300 USD or US$300."),
        ("EUR 1,000", "It costs 1000 euros, or €1,000."),
        ("3rd floor", "It is on the third floor."),
        ("half an hour", "It takes 30 minutes."),
        ("14 days", "You have two weeks."),
        ("by 2025-06-12", "It is due by 12 June 2025."),
        ("2026-03-05", "We meet on Thursday, March 5th."),
        ("2026-03-05", "We meet on the fifth of March 2026."),
        ("05/03/2026", "We meet on 5 March."),
        ("5 march", "We meet on the 5th, on Mar. 5."),
        ("thu 5 mar", "We meet on Thursday, 5 March."),
        ("5-7 March", "We meet from March 5 to 7 March."),
        ("Q3 results", "Here are the results of the third quarter."),
        ("third quarter", "Here are the Q3 results."),
        ("Priya Raman", "Priya's team and Ms Raman will come."),
        ("priya will come", "Thank Priya for it."),
        ("Germany", "The Germany team and Germany's coach."),
        ("The United Nations", "The UN agreed."),
        ("J. Smith of Acme-Corp", "J. Smith and Acme agreed."),
        ("invoice INV-4471", "The invoice INV 4471 is due."),
        ("room B12", "It is in Room B12."),
        ("ana@example.com", "Write to Ana at ANA@example.com."),
        ("see https://www.Example.com/plan", "It is on example.com/plan."),
        ("call +44 20 7946 0958", "The number is 020 7946 0958."),
    ],
)
def test_another_spelling_of_what_was_told_is_supported(told: str, text: str) -> None:
    assert strange(text, told) == []


@pytest.mark.parametrize(
    ("told", "text", "found"),
    [
        ("at 14:00", "We start at 14:30.", ["14:30"]),
        ("at 2 pm", "We start at 2 a.m.", ["2 a.m."]),
        ("14:00", "We start at 3 o'clock.", ["3 o'clock"]),
        ("14:30", "We start at half past three.", ["half past three"]),
        ("at 14:00", "We meet in the morning.", ["morning"]),
        ("costs 10 euros", "It costs 100 euros.", ["100 euros"]),
        ("costs 10 euros", "It costs 10 dollars.", ["10 dollars"]),
        ("25 people", "It grew by 52%.", ["52%"]),
        ("three rooms", "There are four rooms.", ["four"]),
        ("1.2 million", "There are 1.3 million.", ["1.3 million"]),
        ("2026-03-05", "We meet on Friday, 6 March.", ["Friday", "6 March"]),
        ("5 March", "We meet on 5 March 2027.", ["5 March 2027"]),
        ("on Thursday", "We meet on Tuesday.", ["Tuesday"]),
        ("on Thursday", "We meet tomorrow.", ["tomorrow"]),
        ("Q3", "Here are the Q4 results.", ["Q4"]),
        ("Priya Raman", "Priya and Bob will come.", ["Bob"]),
        ("Priya Raman", "Bjarni will come.", ["Bjarni"]),
        ("Priya Raman and John Smith", "Priya Smith will come.", ["Priya Smith"]),
        ("Acme", "The Globex Group agreed.", ["Globex", "Group"]),
        ("the UN", "NATO agreed.", ["NATO"]),
        ("room B12", "It is in room B13.", ["B13"]),
        ("ana@example.com", "Write to bob@example.com.", ["bob@example.com"]),
        ("example.com/a", "See https://example.com/b.", ["https://example.com/b"]),
        ("+44 20 7946 0958", "Call +44 20 7946 0959.", ["+44 20 7946 0959"]),
    ],
)
def test_what_was_not_told_is_found_with_its_place(told: str, text: str, found: list[str]) -> None:
    assert strange(text, told) == found


@pytest.mark.parametrize(
    "text",
    [
        "One of them is first of all a second look.",
        "I'm sure that you'll agree. Please let me know, OK?",
        "May I ask you to march on? The sun sat there.",
        "1. Come early.\n2. Bring food.",
        "Regrettably, this is late: Unfortunately so.",
        "Good morning! I hope that this finds you well.",
        "Thank you for your patience.\n\nSincerely yours",
        "THE MEETING IS OFF FOR NOW",
    ],
)
def test_ordinary_words_are_no_facts(text: str) -> None:
    assert strange(text) == []


def test_the_message_names_the_value_and_what_the_request_has() -> None:
    (finding,) = unsupported("We start at 15:30.", Source(["at 14:00"]))
    assert finding.message == "the time '15:30' is not in the request, which has '14:00'"


def test_a_text_made_of_the_facts_of_its_request_has_no_findings() -> None:
    told = [
        "Q3 budget review moved to Thursday",
        "now Thursday 14:00",
        "room B12, 3rd floor",
        "2026-03-05",
        "Priya Raman <priya@example.com>",
        "costs: $1.2m, 25% more",
        "twelve seats",
    ]
    text = (
        "The budget review for the third quarter has moved. It is now on Thursday, the 5th of March 2026, at 2 p.m. "
        "in Room B12 on the third floor. The 12 seats are ready. Costs are 25 percent higher, at 1,200,000 dollars. "
        "If anything is unclear, please ask Ms. Raman (priya@example.com). Priya's team will help."
    )
    assert strange(text, *told) == []


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            "de",
            "Sehr geehrte Damen und Herren, die Besprechung ist am Donnerstag im Rathaus. Wir treffen uns um 14 Uhr.",
        ),
        ("fr", "Bonjour, nous nous voyons jeudi à 14h00 pour parler du projet."),
        ("es", "Hola, nos vemos el jueves a las 14:00 para hablar del proyecto."),
    ],
)
def test_other_languages_give_no_false_findings_but_numbers_and_addresses_are_held(language: str, text: str) -> None:
    assert strange(text, "14:00", language=language) == []
    assert strange(f"{text} 15 x@example.com", "14:00", language=language) == ["15", "x@example.com"]


@given(st.text(max_size=200) | st.text(alphabet="0123456789 .,:/-apmth$%B\n", max_size=60))
def test_any_text_supports_itself(text: str) -> None:
    assert unsupported(text, Source([text])) == []
    for fact in find_facts(text):
        assert text[slice(*fact.span)] == fact.text


def test_a_long_text_is_read_in_bounded_time() -> None:
    text = "1,000 " * 3000 + "a.b-" * 3000 + "Mon " * 2000
    assert len(unsupported(text, Source(["x"]))) > 0
