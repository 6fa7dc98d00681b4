from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.evaluation.prose import is_greeting, is_sign_off, opens_with_greeting, plain_words, sentences

TEXT = """Dear Ana Ferreira,

The room is B12 and it is on the
second floor. Please bring:
- cost sheet
- your laptop, charged

This one breaks off and

Many thanks,
Tom Ilves
Office

On 2 November, Ana wrote:
> Hello
> who
"""


def test_sentences_are_the_running_text_without_its_frame() -> None:
    assert [(each.text, each.finished, each.item) for each in sentences(TEXT)] == [
        ("The room is B12 and it is on the second floor.", True, False),
        ("Please bring:", True, False),
        ("cost sheet", True, True),
        ("your laptop, charged", True, True),
        ("This one breaks off and", False, False),
    ]


def test_a_sentence_knows_its_place() -> None:
    for each in sentences(TEXT):
        assert " ".join(TEXT[each.start : each.end].split()) == each.text


@pytest.mark.parametrize("ending", ["Yes.", "Why?", "Good!", 'He said "no."', "Well…", "See you. :)", "Bye 🙂"])
def test_these_are_finished(ending: str) -> None:
    assert all(each.finished for each in sentences(ending))


@pytest.mark.parametrize("ending", ["We will", "The room,", "Please bring:", "We met Dr. Sow and"])
def test_these_break_off(ending: str) -> None:
    assert not sentences(ending)[-1].finished


@pytest.mark.parametrize("line", ["Dear Ana,", "Hi", "Hello everyone!", "Hola, Lucía:", "Cari amici,", "Good morning,"])
def test_these_are_greetings(line: str) -> None:
    assert is_greeting(line)
    assert opens_with_greeting(line)


@pytest.mark.parametrize("line", ["Hello is what he said.", "Dear is the price", "Hi Ana, the room is booked."])
def test_these_are_no_mere_greetings(line: str) -> None:
    assert not is_greeting(line)


@pytest.mark.parametrize(
    "line", ["Best regards,", "Yours sincerely", "Many thanks,", "Mit freundlichen Grüßen", "Best"]
)
def test_these_are_sign_offs(line: str) -> None:
    assert is_sign_off(line)


@pytest.mark.parametrize("line", ["Thank you for the room.", "Best wishes to all of them.", "The best regards it."])
def test_these_are_no_sign_offs(line: str) -> None:
    assert not is_sign_off(line)


def test_a_sign_off_far_from_the_end_does_not_swallow_the_text() -> None:
    text = "Thank you,\n\n" + "This is a sentence of some length. " * 10
    assert len(sentences(text)) == 10


@given(st.text(alphabet=st.sampled_from("aB .!?:,\n->1é'\"\t")))
def test_sentences_lie_in_the_text_one_after_the_other(text: str) -> None:
    end = 0
    for each in sentences(text):
        assert end <= each.start <= each.end <= len(text)
        end = each.end


def test_words_are_compared_without_capitals_and_marks() -> None:
    assert plain_words("Don't: BRING it!") == ("don't", "bring", "it")
