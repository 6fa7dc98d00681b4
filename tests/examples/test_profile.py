"""The voice of a set of texts."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.examples import Found, Profile, Spread, profile_of
from dalle_kit.examples.habits import greeting_form, languages_of, sign_off_form


def messages(*texts: str) -> Profile:
    return profile_of(Found(text=text, kind="email") for text in texts)


GREETINGS = {
    "Hi Ana,\n\nyes.": "Hi {name},",
    "hi there!\nyes": "hi there!",
    "Dear Mr. Smith,\nyes": "Dear {name},",
    "Dear Dr Kovac and Tom,\n": "Dear {name},",
    "Hello,\nyes": "Hello,",
    "Hi all -\nyes": "Hi all -",
    "Hey Ana, are you there?": "Hey {name},",
    "Ana,\n\nyes": "{name},",
    "Ana Kovac:\nYes": "{name}:",
    "Dear Mr. Smith:\nYes": "Dear {name}:",
    "Good morning everyone,\nyes": "Good morning everyone,",
    "Morning Ana,\n\nyes": "Morning {name},",
    "Afternoon all,\nyes": "Afternoon all,",
    "Guten Tag Frau Kovac,\nja": "Guten Tag {name},",
    "Bonjour Ana,\noui": "Bonjour {name},",
    "Hi": "Hi",
}
SIGN_OFFS = {
    "Yes.\n\nBest regards,\nTom": "Best regards,",
    "Yes.\n\nCheers, Tom": "Cheers,",
    "Yes.\nThanks!\n\nTom Ilves\nHead of Supply": "Thanks!",
    "Yes.\n\nThanks in advance.": "Thanks in advance.",
    "Yes.\n\nKind regards\n\nTom": "Kind regards",
    "Yes.\n\nBest,\nT.": "Best,",
    "Ja.\n\nMit freundlichen Grüßen\nTom": "Mit freundlichen Grüßen",
    "Yes.\n\nSincerely yours,\n\nTom": "Sincerely yours,",
}
NEITHER = [
    "Yes, Friday suits me.",
    "Hi Ana I wanted to ask about the room",
    "Dearest things are never lost.",
    "Thanks for the room.\nIt is fine.",
    "The best\nof all of them is this one here, I think",
    "Regards are due to many people, of whom\nI name two.",
    "",
    "High,\nand low",
    "thanks",
    "Hello World:\n\nprint it.",
    "Hello Python: a short course",
    "Dear Ana: the room",
    "Note:\nIt is late.",
    "Morning: walk to the hut.",
    "Evening classes begin on Monday.",
]
#: What answers begin with; none of it names whom they greet.
ANSWERS = """Thanks|Thanks Ana|Many thanks|Yes|Yes Ana|No|Ok|OK|Okay|Sorry|Well|Sure|Great|Agreed|Right|Hmm|Cheers|Best
Kind Regards|Danke|Ja|Nein|Merci|Oui|Gracias|Grazie|Obrigado|Bedankt|Tack|Leider|Summary""".replace("\n", "|").split(
    "|"
)


@pytest.mark.parametrize(("text", "form"), GREETINGS.items())
def test_greetings_are_found_as_forms(text: str, form: str) -> None:
    greeting = greeting_form(text)
    assert greeting is not None and greeting.text == form


@pytest.mark.parametrize(("text", "form"), SIGN_OFFS.items())
def test_sign_offs_are_found_without_the_name(text: str, form: str) -> None:
    sign_off = sign_off_form(text)
    assert sign_off is not None and sign_off.text == form
    assert text[: sign_off.start].strip() in ("Yes.", "Ja.")


@pytest.mark.parametrize(
    ("form", "languages"),
    {
        "Hi {name},": {"en"},
        "Hallo {name},": {"de", "nl"},
        "Hej {name},": {"sv", "da"},
        "{name},": set(),
        "Cheers,": {"en"},
        "Beste Grüße": {"de", "nl"},  # as "Beste Ana," greets
        "Ciao,": {"en", "de", "it"},
        "Cordiali saluti,": {"it"},
    }.items(),
)
def test_the_words_of_a_form_tell_its_languages(form: str, languages: set[str]) -> None:
    assert languages_of(form) == languages


def test_a_voice_has_the_habits_of_each_language() -> None:
    english, german = "Hi Ana,\n\nit rains.\n\nCheers,\nTom", "Hallo Ana,\n\nes regnet.\n\nLiebe Grüße\nTom"
    voice = messages(*[english] * 4, *[german] * 4)
    assert (voice.in_language("en").greeting("Eva"), voice.in_language("en").sign_off) == ("Hi Eva,", "Cheers,")
    assert (voice.in_language("de").greeting("Eva"), voice.in_language("de").sign_off) == ("Hallo Eva,", "Liebe Grüße")
    assert (voice.in_language("pl").greeting("Eva"), voice.in_language("pl").sign_off) == (None, None)


@pytest.mark.parametrize("text", NEITHER)
def test_sentences_are_neither(text: str) -> None:
    assert (greeting_form(text), sign_off_form(text)) == (None, None)


@pytest.mark.parametrize("word", ANSWERS)
@pytest.mark.parametrize("end", [",", ":", " -", "\u2014"])
def test_the_beginning_of_an_answer_is_no_name(word: str, end: str) -> None:
    text = f"{word}{end}\n\nI got the papers."
    assert greeting_form(text) is None
    assert messages(*[text] * 5).greeting("Ana") is None


@pytest.mark.parametrize("name", ["Norah", "Bestami", "Wellington", "Janet", "Tatjana", "Sima", "Grover"])
def test_a_name_that_begins_like_an_answer_is_a_name(name: str) -> None:
    assert (greeting_form(f"{name},\n\nYes.") or ("",))[0] == "{name},"


def test_a_habit_is_kept_to_when_it_is_clear() -> None:
    habit = [f"Hi {name},\n\nthe room is free.\n\nCheers,\nTom" for name in ("Ana", "Eva", "Liis")]
    voice = messages(*habit, "Yes.", "No.")
    assert voice.greeting("Mart") == "Hi Mart," and voice.sign_off == "Cheers,"
    assert voice.greeting() is None
    assert [(each.form, each.count, each.share) for each in voice.greetings] == [("Hi {name},", 3, 0.6)]
    assert messages(*habit[:2]).greeting("Mart") is None
    assert messages(*habit, *["Yes."] * 5).sign_off is None


def test_spellings_of_one_form_count_together() -> None:
    voice = messages("Hi Ana,\nx", "Hi Eva,\nx", "hi Tom!\nx", "Hello,\nx")
    assert [(each.form, each.count) for each in voice.greetings] == [("Hi {name},", 3), ("Hello,", 1)]


def test_lengths_are_quartiles_and_sentences_those_of_the_body() -> None:
    voice = messages(*(f"Hi Ana,\n\n{'word ' * size}end.\n\nBest,\nTom" for size in (3, 7, 11, 15)))
    assert voice.words == Spread(8, 12, 16)
    assert voice.sentence_words == Spread(4, 8, 12)


def test_marks_and_words_are_counted_in_a_hundred_words() -> None:
    voice = messages("I'm here! Are you? We'd say: please, don't (ever) wait ... :-)")
    counts = {name: round(value * 11 / 100) for name, value in voice.per_100_words.items() if value}
    assert counts == {
        "exclamation marks": 1,
        "question marks": 1,
        "commas": 1,
        "colons": 1,
        "ellipses": 1,
        "parentheses": 1,
        "emoticons": 1,
        "contractions": 3,
        "first person": 2,
        "second person": 1,
        "polite formulas": 1,
    }


def test_formality_tells_a_formal_voice_from_an_informal_one() -> None:
    formal = messages("Dear Ms Kovac,\n\nI would appreciate your reply. However, we cannot wait.\n\nSincerely,\nTom")
    informal = messages("Hey Ana!\n\nYeah, I'm cool with it, thanks :-)\n\nCheers,\nTom")
    assert formal.formality == 1.0 and informal.formality == 0.0
    assert messages("Rain.").formality is None


def test_texts_have_no_habits_and_code_has_lines() -> None:
    voice = profile_of([Found(text="Hi Ana,\n\none two. Three!"), Found(text="a\nb\nc", kind="code")])
    assert (voice.greetings, voice.sign_offs, voice.formality, voice.messages) == ((), (), None, 0)
    assert voice.lines == Spread(3, 3, 3) and voice.words == Spread(5, 5, 5)
    assert "contractions" not in voice.per_100_words
    assert profile_of([]).as_dict() == {"texts": 0, "messages": 0}


@given(st.lists(st.text(max_size=120), max_size=6), st.sampled_from(["email", "text", "code"]))
def test_any_texts_have_a_profile_fit_for_json_and_the_same_each_time(texts: list[str], kind: str) -> None:
    found = [Found(text=text, kind=kind) for text in texts]  # type: ignore[arg-type]
    values = profile_of(found).as_dict()
    assert json.loads(json.dumps(values)) == values
    assert profile_of(reversed(found)).as_dict() == values


@pytest.mark.parametrize("text", ["Hullo Ana,\n\nyes.", "Ahoy Ben,\nyes."])
def test_a_greeting_that_is_not_known_is_no_name(text: str) -> None:
    assert greeting_form(text) is None
