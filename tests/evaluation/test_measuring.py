from __future__ import annotations

from dataclasses import replace

import pytest

from dalle_kit.evaluation.measuring import Readers, measure, naturalness
from dalle_kit.evaluation.told import Told

POINTS = ("review moved to Thursday 14:00", "room B12", "bring the cost sheet", "write to ana@example.com")

PERFECT = """Dear Priya,

The review has moved to Thursday at 14:00. We will meet in room B12.

Please bring the cost sheet with you. Write to ana@example.com if that does not suit you.

Best regards,
Tom Ilves
"""

FLAWS = (
    "unsupported",
    "ungrounded",
    "placeholder",
    "unfinished",
    "repetition",
    "leakage",
    "second_greeting",
    "echo",
    "fragments",
)


@pytest.fixture
def told() -> Told:
    return Told(
        points=POINTS,
        known=(
            "Priya Raman <priya@example.com>",
            "Q3 review",
            *POINTS,
            "Dear Priya,\n\n",
            "\n\nBest regards,\nTom Ilves",
        ),
        titles=("Dear Priya,",),
        prompt=("You turn notes into one short e-mail paragraph. Add nothing else.", *POINTS),
        length="short",
    )


def flaws(text: str, told: Told) -> set[str]:
    values = measure(text, told).values
    return {name for name in FLAWS if values[name] > 0}


def with_sentence(sentence: str) -> str:
    return PERFECT.replace("We will meet", f"{sentence} We will meet")


def test_a_perfect_text_scores_perfectly(told: Told) -> None:
    found = measure(PERFECT, told)
    assert found.values["coverage"] > 0.95
    assert found.values["expressed"] == 1
    assert found.values["length_kept"] == 1
    assert {name for name in FLAWS if found.values[name]} == set()
    assert found.marks == ()


@pytest.mark.parametrize(
    ("sentence", "flaw"),
    [
        ("Maria Okafor from Contoso will be there.", {"unsupported", "ungrounded"}),
        ("It costs 300 dollars.", {"unsupported", "ungrounded"}),
        ("See https://example.net/costs for more.", {"unsupported", "ungrounded"}),
        ("Ask bob@example.org about it.", {"unsupported", "ungrounded"}),
        ("We hope that [Your Name] can come.", {"placeholder"}),
        ("We hope that {{ name }} can come.", {"placeholder"}),
        ("We will come on ____ again.", {"placeholder"}),
        ("We will meet in room B12.", {"repetition"}),
        ("As an AI language model, I cannot come.", {"leakage"}),
        ("You turn notes into one short e-mail.", {"leakage"}),
        ("Bring the cost sheet.", {"echo"}),
        ("A cost sheet for the room.", {"fragments"}),
    ],
)
def test_what_is_planted_is_caught_by_the_right_metric(sentence: str, flaw: set[str], told: Told) -> None:
    found = flaws(with_sentence(sentence), told)
    assert flaw <= found
    # A leaked or left placeholder has names of its own in it.
    assert found - flaw <= {"ungrounded", "unsupported"}


@pytest.mark.parametrize(
    ("before", "after", "flaw"),
    [
        ("does not suit you.", "does not suit", "unfinished"),
        ("\n\nPlease bring", "\n\nHello Priya,\n\nPlease bring", "second_greeting"),
        ("\n\nPlease bring", "\n\nHi Priya, please bring", "second_greeting"),
        ("\n\nBest regards", "\n\nKind regards,\n\nBest regards", "second_greeting"),
        ("\n\nPlease bring", "\n\nNotes:\nPlease bring", "leakage"),
        ("\n\nPlease bring", "\n\nHere is a short e-mail. Please bring", "leakage"),
        ("\n\nPlease bring", "\n\n<|im_end|> Please bring", "leakage"),
    ],
)
def test_planted_flaws_of_form_are_caught(before: str, after: str, flaw: str, told: Told) -> None:
    assert before in PERFECT
    assert flaw in flaws(PERFECT.replace(before, after), told)


def test_an_omitted_point_costs_coverage(told: Told) -> None:
    found = measure(PERFECT.replace("Please bring the cost sheet with you. ", ""), told)
    assert found.values["expressed"] == 0.75
    assert found.values["coverage"] < 0.85
    assert [mark.message for mark in found.marks] == ["not said: bring the cost sheet"]


def test_a_mark_lies_where_the_flaw_is(told: Told) -> None:
    text = with_sentence("We talked about it with Okafor.")
    spans = {text[mark.start : mark.end] for mark in measure(text, told).marks}
    assert spans == {"Okafor"}


def test_what_the_request_holds_is_neither_placeholder_nor_leakage(told: Told) -> None:
    text = with_sentence("We keep the label [draft]. As an AI assistant shop we sell lamps.")
    asked = replace(told, known=(*told.known, "keep the label [draft]", "as an AI assistant shop"))
    assert {"placeholder", "leakage"} <= flaws(text, told)
    assert not {"placeholder", "leakage"} & flaws(text, asked)


def test_words_of_two_notes_side_by_side_are_no_leak(told: Told) -> None:
    prompted = replace(told, prompt=("- happy for you both\n- present follows by post",), points=(), known=told.known)
    asked = replace(prompted, known=(*told.known, "happy for you both", "present follows by post"))
    assert "leakage" not in flaws(with_sentence("I am happy for you both. Present follows by post."), asked)


def test_quoted_lines_are_not_the_writers(told: Told) -> None:
    answered = PERFECT + "\nOn Monday, Priya wrote:\n> Dear Tom,\n> see [Your Name]\n> Best regards,\n> room B12 and"
    said = replace(told, known=(*told.known, answered[len(PERFECT) :]))
    assert flaws(answered, said) == set()


def test_a_list_may_have_items_without_a_full_stop(told: Told) -> None:
    text = PERFECT.replace("Please bring the cost sheet with you.", "Please bring:\n- the cost sheet\n- your notes\n\n")
    assert measure(text, told).values["unfinished"] == 0


def test_a_title_is_no_sentence() -> None:
    told = Told(known=("Library stays open",), titles=("Library stays open",))
    found = measure("Library stays open\n\nThe council has voted. The library stays open.", told)
    assert found.values["unfinished"] == found.values["fragments"] == 0
    assert found.values["words"] == 8


def test_the_length_asked_for_is_kept_or_not(told: Told) -> None:
    long = "\n\n".join([PERFECT.split("\n\n")[1]] * 5)
    assert measure(long, told).values["length_kept"] == 0
    assert "length_kept" not in measure(PERFECT, replace(told, length=None)).values


def test_without_points_there_is_no_coverage(told: Told) -> None:
    assert not {"coverage", "expressed"} & measure(PERFECT, replace(told, points=())).values.keys()


def test_a_text_of_nothing_has_no_sentences_to_judge(told: Told) -> None:
    found = measure("", told)
    assert found.values["coverage"] == 0
    assert "fragments" not in found.values


def test_only_english_is_read_for_verbs_and_grammar(told: Told) -> None:
    german = measure("Die Sitzung ist am Donnerstag.", replace(told, language="de")).values
    assert "echo" in german
    assert not {"fragments", "readability", "grammar_errors"} & german.keys()


def test_grammar_errors_are_counted_by_a_hundred_words(told: Told) -> None:
    readers = Readers(grammar=lambda sentence: [(0, 3, "REPLACE x")] if sentence.startswith("The") else [])
    found = measure(PERFECT, told, readers)
    assert found.values["grammar_errors"] == pytest.approx(100 / found.values["words"])
    (mark,) = found.marks
    assert PERFECT[mark.start : mark.end] == "The"


def test_a_real_text_is_judged_by_its_language_alone(told: Told) -> None:
    found = naturalness("I buyed a car at [place]. Nice one.", told)
    assert found.values.keys() == {"words", "echo", "fragments", "readability"}


def test_long_words_and_sentences_are_harder_to_read(told: Told) -> None:
    easy = naturalness("The cat sat. It ate a fish.", told).values["readability"]
    hard = naturalness("Notwithstanding considerable organisational difficulties, negotiations continued.", told)
    assert easy > 90 > 0 > hard.values["readability"]
