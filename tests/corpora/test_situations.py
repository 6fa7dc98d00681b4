"""Hand-written situations: what varies is filled in the same way everywhere in one text."""

from __future__ import annotations

import json
import random
from importlib.resources import files
from pathlib import Path

import pytest

from dalle_kit.corpora import Names, has_personal_data, read_situations
from dalle_kit.corpora.situations import Situation

NAMES = Names({"a": ["Ana Ferreira", "Tom Ilves"], "b": ["Linh Nguyen"]})


def write(folder: Path, **situation: object) -> Situation:
    file = folder / "situations.jsonl"
    file.write_text(json.dumps(situation) + "\n", encoding="utf-8")
    return next(read_situations(file))


def test_a_place_has_one_value_in_subject_notes_and_sentences(tmp_path: Path) -> None:
    situation = write(
        tmp_path,
        subject=["{topic} on {weekday}"],
        fill={"topic": ["lunch", "dinner"]},
        points=[{"notes": ["{topic} {weekday} {time}"], "texts": ["The {topic} is on {weekday} at {time}."]}],
    )
    for seed in range(20):
        written = situation.write(random.Random(seed), NAMES)
        topic, _, weekday = written.subject.split()
        assert written.sentences[0].startswith(f"The {topic} is on {weekday} at ")
        time = written.sentences[0].rstrip(".").split(" at ")[1]
        assert written.notes == (f"{topic} {weekday} {time}",)


def test_the_same_source_writes_the_same_text(tmp_path: Path) -> None:
    situation = write(
        tmp_path, subject=["{person}"], points=[{"notes": ["{amount} {date}"], "texts": ["{amount} by {date}."]}] * 3
    )
    assert situation.write(random.Random(7), NAMES) == situation.write(random.Random(7), NAMES)


def test_no_sentence_is_its_own_note_where_there_is_another(tmp_path: Path) -> None:
    notes, texts = ["we start at noon", "start: noon"], ["We start  at noon.", "Noon is when we start."]
    situation = write(tmp_path, subject=["Hello"], points=[{"notes": notes, "texts": texts}])
    drawn = {situation.write(random.Random(seed), NAMES) for seed in range(40)}
    pairs = {(*each.notes, *each.sentences) for each in drawn}
    assert pairs == {(note, text) for note in notes for text in texts} - {(notes[0], texts[0])}


def test_an_unknown_place_is_an_error_that_names_it(tmp_path: Path) -> None:
    situation = write(tmp_path, subject=["Hello"], points=[{"notes": ["{wekday}"], "texts": ["On {wekday}."]}])
    with pytest.raises(ValueError, match=r"unknown place \{wekday\}"):
        situation.write(random.Random(0), NAMES)


@pytest.mark.parametrize("package", ["dalle_kit_email", "dalle_kit_news"])
def test_every_situation_that_ships_can_be_written(package: str) -> None:
    situations = list(read_situations(Path(str(files(package) / "situations.jsonl"))))
    assert len(situations) >= 60
    for number, situation in enumerate(situations):
        for seed in range(4):
            written = situation.write(random.Random(number * 10 + seed), NAMES)
            text = " ".join([written.subject, *written.notes, *written.sentences])
            assert "{" not in text and "}" not in text
            assert written.sentences and all(sentence.rstrip('"')[-1] in ".?!" for sentence in written.sentences)


def test_personal_data_is_seen_and_names_are_replaced_consistently() -> None:
    assert has_personal_data("write to joe@site.org")
    assert has_personal_data("call +44 20 7946 0958")
    assert has_personal_data("see http://site.org/x")
    assert not has_personal_data("We meet on 12 May at 14:00 in room 12.")
    subject, text = NAMES.replace(
        ["About Maria", "Maria Lopez says hello. Mr Lopez knows."], people=["Maria Lopez"], source=random.Random(3)
    )
    assert "Maria" not in text and "Lopez" not in text
    assert subject.split()[1] == text.split()[0]
