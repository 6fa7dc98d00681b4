"""What differs between two texts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.revising import word_changes
from dalle_kit.revising.differences import changes

texts = st.lists(
    st.sampled_from(["We met.", "It is at 3 p.m. today.", "Bring it,", " ", "\n\n", "- so", "Dr. No"])
).map("".join)


@given(texts, texts)
def test_both_texts_can_be_read_off_the_changes(was: str, now: str) -> None:
    found = list(word_changes(was, now))
    assert "".join(text for kind, text in found if kind != "now") == was.rstrip()
    assert "".join(text for kind, text in found if kind != "was") == now.rstrip()


def test_sentences_are_told_apart_before_words() -> None:
    was = "The lift works.\n\nPlease do ask."
    assert list(word_changes(was, "The lift works.\n\nCall me.\n\nPlease do ask.")) == [
        ("same", "The lift works."),
        ("now", "\n\nCall me."),
        ("same", "\n\nPlease do ask."),
    ]
    assert changes(was, "The lift is fine.") == [{"was": "The lift works. Please do ask.", "now": "The lift is fine."}]
