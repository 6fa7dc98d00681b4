"""Notes as people type them, and what they mean."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.corpora import Meant, read_meant
from dalle_kit_email.corpus import MEANT as EMAIL_NOTES
from dalle_kit_news.corpus import MEANT as NEWS_NOTES

FILES = [EMAIL_NOTES, NEWS_NOTES]
FIGURE = re.compile(r"\d+(?:[.,:]\d+)*")


@pytest.mark.parametrize("file", FILES, ids=["email", "news"])
def test_each_note_has_whole_sentences_and_none_tells_a_figure_that_nobody_told(file: Path) -> None:
    for request in read_meant(file):
        told = " ".join((request.about, *request.fields.values()))
        assert len(request.notes) == len(request.says) > 0, request.about
        for note, says in zip(request.notes, request.says, strict=True):
            told = f"{told} {note}"
            assert says and note.strip() == note, request.about
            for sentence in says:
                assert re.fullmatch(r"\W*[A-Z\u00c0-\u017d\d].*[.?!]\W*", sentence), sentence
                assert set(FIGURE.findall(sentence)) <= set(FIGURE.findall(told)), sentence


def test_an_eighth_is_held_out_and_no_request_is_there_twice() -> None:
    requests = list(read_meant(*FILES))
    assert len({(each.domain, each.about.casefold()) for each in requests}) == len(requests)
    assert 0.1 < sum(each.is_held_out for each in requests) / len(requests) < 0.15


WORDS = st.text("abc", min_size=1, max_size=3)


@given(
    st.lists(st.tuples(WORDS, st.lists(WORDS, min_size=1, max_size=5)), min_size=2, max_size=6),
    st.integers(),
)
def test_another_text_says_notes_that_stand_together_in_their_order(
    points: list[tuple[str, list[str]]], seed: int
) -> None:
    notes = tuple(note for note, _ in points)
    meant = Meant("subject", {}, notes, tuple(tuple(says) for _, says in points))
    some, text = meant.another(random.Random(seed))
    starts = [start for start in range(len(notes)) if notes[start : start + len(some)] == some]
    assert some and any(
        all(word in says for word, (_, says) in zip(text.split(), points[start:], strict=False)) for start in starts
    )
    assert len(text.split()) == len(some)


def test_a_request_is_read_with_its_fields(tmp_path: Path) -> None:
    file = tmp_path / "notes.jsonl"
    points = [{"note": "keys lost", "says": ["The keys are lost.", "I lost the keys."]}]
    file.write_text(json.dumps({"subject": "Shed", "to": "Ana", "sender": "Tom", "points": points}) + "\n")
    (meant,) = read_meant(file)
    assert (meant.about, meant.best) == ("Shed", "The keys are lost.")
    assert meant.request(["keys lost"]) == {
        "subject": "Shed",
        "to": ['"Ana" <someone@example.com>'],
        "sender": "Tom",
        "points": ["keys lost"],
    }


def test_a_request_may_answer_a_message_or_be_a_blog_post(tmp_path: Path) -> None:
    file = tmp_path / "notes.jsonl"
    rows = [
        {"subject": "Shed", "to": "Ana", "sender": "Tom", "message": "Hi Tom,\n\nwho has the key?"},
        {"headline": "A shed", "domain": "blog"},
        {"headline": "Shed on fire"},
    ]
    points = [{"note": "with Dev", "says": ["It is with Dev."]}]
    file.write_text("".join(json.dumps({**row, "points": points}) + "\n" for row in rows))
    reply, post, article = read_meant(file)
    assert [each.domain for each in (reply, post, article)] == ["email", "blog", "news"]
    message = 'From: "Ana" <someone@example.com>\nSubject: Shed\n\nHi Tom,\n\nwho has the key?'
    assert reply.request() == {"sender": "Tom", "reply_to": message, "points": ["with Dev"]}
    assert post.request() == {"headline": "A shed", "facts": ["with Dev"]}
