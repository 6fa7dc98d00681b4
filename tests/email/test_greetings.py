from __future__ import annotations

from collections.abc import Callable
from typing import cast, get_args

import pytest

from dalle_kit import Domain
from dalle_kit_email.context import template_context
from dalle_kit_email.greetings import greeting_line, sign_off_line
from dalle_kit_email.languages import LANGUAGES
from dalle_kit_email.phrases import Phrases
from dalle_kit_email.request import EmailRequest, LanguageCode, Tone


@pytest.mark.parametrize(
    ("names", "tone", "language", "line"),
    [
        (["Priya Raman"], "neutral", "en", "Dear Priya,"),
        (["Priya Raman"], "formal", "en", "Dear Priya Raman,"),
        (["Priya Raman"], "friendly", "en", "Hi Priya,"),
        (["Raman, Priya"], "neutral", "en", "Dear Priya,"),
        (["Priya Raman (Finance)"], "friendly", "en", "Hi Priya,"),
        (["Dr. Priya Raman"], "neutral", "en", "Dear Dr. Raman,"),
        (["Dr. Priya Raman"], "friendly", "en", "Hi Priya,"),
        (["J. Raman"], "friendly", "en", "Hi J. Raman,"),
        (["Support Team"], "friendly", "en", "Hi Support Team,"),
        (["Human Resources"], "neutral", "en", "Dear Human Resources,"),
        (["Hill Street Lettings"], "neutral", "en", "Dear Hill Street Lettings,"),
        (["Hotel Lindner"], "neutral", "en", "Dear Hotel Lindner,"),
        (["Café Zoë"], "neutral", "en", "Dear Café Zoë,"),
        (["All staff"], "neutral", "en", "Dear all staff,"),
        (["The Harrowgate Ramblers"], "neutral", "en", "Dear Harrowgate Ramblers,"),
        (["Dental practice"], "friendly", "en", "Hi Dental practice,"),
        (["Mr and Mrs Hobbs"], "neutral", "en", "Dear Mr and Mrs Hobbs,"),
        (["Mary-Jane & Bob"], "friendly", "en", "Hi Mary-Jane & Bob,"),
        (["Ana und Bo Ek"], "friendly", "de", "Hallo Ana und Bo Ek,"),
        (["José Ortega y Gasset"], "neutral", "en", "Dear José,"),
        (["Ana Li", "Bo Ek"], "neutral", "en", "Dear Ana and Bo,"),
        (["Ana Li", "Bo Ek", "Cy Do"], "friendly", "en", "Hi Ana, Bo and Cy,"),
        (["Ana", "Bo", "Cy", "Di"], "neutral", "en", "Dear all,"),
        (["Ana", ""], "neutral", "en", "Dear all,"),
        ([""], "neutral", "en", "Hello,"),
        ([""], "formal", "en", "Dear Sir or Madam,"),
        (["Jörg Groß"], "formal", "de", "Guten Tag Jörg Groß,"),
        (["Ana", "Bo"], "friendly", "fr", "Salut Ana et Bo,"),
        (["Ana"], "neutral", "es", "Hola, Ana:"),
        (["Ana", "Bo"], "formal", "it", "Gentili Ana e Bo,"),
        (["{names}"], "neutral", "en", "Dear {names},"),
    ],
)
def test_the_greeting_fits_the_recipients_and_the_tone(names: list[str], tone: str, language: str, line: str) -> None:
    assert greeting_line(names, tone=tone, language=language) == line


@pytest.mark.parametrize("language", get_args(LanguageCode))
@pytest.mark.parametrize("tone", get_args(Tone))
def test_every_language_greets_and_signs_off_in_every_tone(
    ask: Callable[..., EmailRequest], language: str, tone: str
) -> None:
    phrases = Phrases(ask(language=language, tone=tone))
    for names in ([], ["Ana Li"], ["Ana Li", "Bo Ek"], ["Ana", "Bo", "Cy", "Di"]):
        line = greeting_line(names, tone=tone, language=language)
        assert "{" not in line
        assert line[-1] in ",:!"
        if line != "Til rette vedkommende,":
            assert phrases.without_greeting(f"{line}\n\nBody.") == "Body."
    assert phrases.is_sign_off(sign_off_line(tone=tone, language=language))


def test_languages_and_the_table_agree() -> None:
    assert set(get_args(LanguageCode)) == set(LANGUAGES)


def test_the_templates_get_whole_lines(email_domain: Domain, ask: Callable[..., EmailRequest]) -> None:
    context = email_domain.context(ask(signature="Tom Lee\nFinance", tone="friendly"))
    assert context["greeting"] == "Hi Priya,"
    assert context["sign_off"] == "All the best,"
    assert (context["sender_name"], context["signature"]) == ("Tom", "Tom Lee\nFinance")
    assert context["recipient_names"] == ["Priya Raman"]
    assert (context["parent"], context["quoted"]) == (None, "")


def test_without_a_name_the_sign_off_has_no_comma(email_domain: Domain, ask: Callable[..., EmailRequest]) -> None:
    assert email_domain.context(ask(sender=None))["sign_off"] == "Best regards"


def test_greeting_and_sign_off_can_be_given(email_domain: Domain, ask: Callable[..., EmailRequest]) -> None:
    context = email_domain.context(ask(greeting="Ahoy crew!", sign_off=""))
    assert (context["greeting"], context["sign_off"]) == ("Ahoy crew!", "")


@pytest.mark.parametrize(
    ("fields", "last"),
    [
        ({}, "Please let me know if you have any questions."),
        ({"points": []}, ""),
        ({"closing": ""}, ""),
        ({"closing": "See you on Saturday."}, "See you on Saturday."),
        ({"closing": "Bis Samstag!", "language": "de"}, "Bis Samstag!"),
    ],
)
def test_the_last_sentence_is_the_tones_or_ones_own(
    ask: Callable[..., EmailRequest], fields: dict[str, object], last: str
) -> None:
    assert template_context(ask(**{"points": ["room B12"], **fields}))["closing"] == last


@pytest.mark.parametrize(
    ("fields", "texts"),
    [
        ({"language": "de"}, ["der Saal ist frei.", "Komm bitte."]),
        ({"language": "de", "greeting": "Hallo!"}, ["Der Saal ist frei.", "Komm bitte."]),
        ({"language": "de", "greeting": ""}, ["Der Saal ist frei.", "Komm bitte."]),
        ({"language": "sv"}, ["Der Saal ist frei.", "Komm bitte."]),
        (
            {"language": "es", "points": ["\u00bfpuedes venir?", "\u00a1gracias!"]},
            ["\u00bfPuedes venir?", "\u00a1Gracias!"],
        ),
    ],
)
def test_the_first_letter_of_a_note_is_that_of_its_language(
    ask: Callable[..., EmailRequest], fields: dict[str, object], texts: list[str]
) -> None:
    statements = template_context(ask(**{"points": ["der Saal ist frei", "komm bitte"], **fields}))["statements"]
    assert [each["text"] for each in cast("list[dict[str, str]]", statements)] == texts


def test_a_point_with_an_emoji_is_said_as_it_stands(ask: Callable[..., EmailRequest]) -> None:
    statements = template_context(ask(points=["lunch is on me \U0001f355", "it is 12 \u00b0C"]))["statements"]

    said = [(each["text"], each["sentences"]) for each in cast("list[dict[str, object]]", statements)]
    assert said == [("Lunch is on me \U0001f355", 0), ("It is 12 \u00b0C.", 1)]


@pytest.mark.parametrize(
    ("greeting", "to", "line"),
    [
        ("Hi {name},", ["Priya Raman <p@example.com>"], "Hi Priya,"),
        ("Hi {name},", ["Ana <a@example.com>", "Bo <b@example.com>"], "Hi Ana and Bo,"),
        ("Hi {name},", ["p@example.com"], "Hello,"),
        ("Good morning,", ["p@example.com"], "Good morning,"),
    ],
)
def test_a_greeting_of_ones_own_calls_the_recipients_by_name(greeting: str, to: list[str], line: str) -> None:
    request = EmailRequest(to=to, subject="x", greeting=greeting)
    assert template_context(request)["greeting"] == line
