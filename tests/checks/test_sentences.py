from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dalle_kit.checks import is_finished, join_text, split_sentences, split_text

WORDS = st.lists(
    st.sampled_from(
        [
            "We",
            "meet",
            "Dr.",
            "14.30",
            "e.g.",
            "p.m.",
            "J.",
            "https://example.com/a.b?c",
            "3.",
            "ok?",
            "Yes!",
            "\n",
            "\n\n",
            "- ",
            "…",
        ]
    ),
    max_size=40,
).map(" ".join)


@pytest.mark.parametrize(
    "sentences",
    [
        ["Dr. Lee and Prof. J. R. Smith will come.", "They start at 14.30."],
        ["Bring fruit, e.g. Apples or pears.", "Thanks!"],
        ["We meet at 2 p.m. on Thursday.", "Is that all right?"],
        ["We meet at 2 p.m.", "Bring the slides."],
        ["See https://example.com/a.b?c=1. for more."],
        ["It costs No. 5 and Fig. 3 of 1.000 euros.", "Really?!", '"Yes."', "(No.)"],
        ["Wir treffen uns am 12. Juni.", "Das ist z.B. Peters Idee."],
        ["We leave on the 14.", "Then we rest."],
        ["Well... maybe not.", "Wait…", "No."],
        ["It was I.", "You know."],
        ["¿Vienes?", "¡Claro!"],
    ],
)
def test_sentences_end_where_readers_think_they_do(sentences: list[str]) -> None:
    assert split_sentences(" ".join(sentences)) == sentences


def test_paragraphs_and_lists_stay() -> None:
    text = "First. Second.\n\n- one\n- two. Three\n\n1. x\n2. y\nLast."
    assert join_text(split_text(text)) == text
    assert [len(lines) for lines in split_text(text)] == [1, 2, 3]


def test_a_line_broken_in_mid_sentence_is_joined() -> None:
    text = "This line is long enough to have been broken by a model that\nwraps its lines.\nKind words\nmore"
    assert join_text(split_text(text)) == (
        "This line is long enough to have been broken by a model that wraps its lines.\nKind words\nmore"
    )


@given(WORDS | st.text(max_size=200))
@example("https://example.com/a.b?c https://example.com/a.b?c \n - ")
def test_taking_a_text_apart_loses_no_word_and_happens_once(text: str) -> None:
    once = join_text(split_text(text))
    assert "".join(once.split()) == "".join(text.split())
    assert join_text(split_text(once)) == once


@pytest.mark.parametrize("sentence", ["Yes.", "Yes!", "Yes?", 'He said "yes."', "(Yes.)", "Yes…", "はい。"])
def test_finished(sentence: str) -> None:
    assert is_finished(sentence)
    assert not is_finished(sentence.rstrip('.!?…)。"') + ",")
