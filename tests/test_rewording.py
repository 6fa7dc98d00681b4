"""Sentences beside what their notes become, with the real default model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import dalle_kit.rewording as rewording
from dalle_kit import Document, GenerationOptions, Kit, Slot, make_examples, pipeline
from dalle_kit.records import Skeleton
from dalle_kit.requesting import Shaping, work_of
from dalle_kit.review import Reviewer


@pytest.fixture(scope="module")
def kit(loaded_kit: Kit) -> Kit:
    return loaded_kit


def letter(kit: Kit, subject: str, *points: str, **more: Any) -> Document:
    fields = {"to": ["Jo Marsh <jo@example.com>"], "sender": "Sam", "subject": subject, "points": points}
    return kit.generate("email", fields, seed=0, **more)


@pytest.mark.parametrize(
    ("subject", "note", "told"),
    [
        ("Apprentice", "told him twice already", "I have told him twice already."),
        ("Car", "someone scratched my car in the yard this morning", "Someone scratched my car"),
        ("Party", "a slice of cake will be sent to you", "A slice of cake will be sent to you."),
        ("Rota", "Jo isn't on duty on Sunday, Kim is", "Jo isn't on duty on Sunday, but Kim is."),
        ("Invoices", "they need the invoices of May and June", "They need the invoices of May and June."),
        ("Boiler", "must be serviced before winter", "It must be serviced before winter."),
        ("Corrections", "we also misspelt Siân's name. Sorry, Siân!", "We also misspelt Siân's name. Sorry, Siân!"),
    ],
)
def test_a_note_is_told_in_its_own_words_where_others_twist_it(kit: Kit, subject: str, note: str, told: str) -> None:
    document = letter(kit, subject, note)
    assert told in document.text
    assert not [each for each in document.findings if each.severity == "error"]


def test_a_loss_that_no_check_sees_is_undone(kit: Kit) -> None:
    fields = {"headline": "My first winter as a beekeeper", "facts": ["lost one of two hives", "in March they flew"]}
    assert "I lost one of two hives." in kit.generate("blog", fields, seed=0).text


#: A note whose sentence gives way to what the note becomes.
STICKS = "sticks halfway in cold weather"
DRAFTED = "The door sticks halfway in cold weather."

ASKED = b"""From: Nora Blake <nora@example.com>
To: tom@example.com
Subject: Saturday
Date: Mon, 23 Nov 2026 09:00:00 +0000
Message-ID: <1@example.com>

Hi Tom, can you still bring the big toolbox on Saturday? Shall we meet at 8:30?

Nora
"""


@pytest.mark.parametrize(
    ("sender", "points", "told"),
    [
        ("Tom Ilves", ["will call Kim on Monday"], "I will call Kim on Monday."),
        ("Tom Ilves", ["have no car this week"], "I have no car this week."),
        ("Tom Ilves", ["could bring the toolbox Friday evening"], "ould bring the toolbox"),
    ],
)
def test_one_person_who_answers_speaks_for_nobody_else(kit: Kit, sender: str, points: list[str], told: str) -> None:
    fields = {"reply_to": ASKED, "sender": sender, "points": points, "quote": False}
    text = kit.generate("email", fields, seed=0).text
    assert told in text and not {"We", "we"} & set(text.split())


def test_an_answer_stands_as_it_was_typed_where_no_sentence_is_likely(kit: Kit) -> None:
    fields = {"reply_to": ASKED, "sender": "Tom", "points": ["flu since Saturday, fever gone"], "quote": False}
    assert "Flu since Saturday, fever gone." in kit.generate("email", fields, seed=0).text


def test_sentences_are_held_to_what_is_trusted_after_a_message_and_not_after_examples(kit: Kit) -> None:
    many = [f"key {number} with Dev" for number in range(30)]
    letters = [
        f"Hi {name},\n\nThe {what} goes out on Tuesday.\n\nCheers,\nOle"
        for name, what in (("Jo", "bin"), ("Al", "cat"))
    ]
    like = (make_examples(letters, kind="email"),)
    for fields in ({"to": ["jo@example.com"], "subject": "Shed"}, {"reply_to": ASKED}):
        for shaping, is_alone in ((Shaping(), True), (Shaping(like=like, steer="prompt"), False)):
            work = work_of(kit, "email", {**fields, "points": many, "sender": "Tom"}, {}, shaping)
            reviewer = Reviewer(work.domain, work.request, work.shaped.skeleton)
            assert rewording._is_alone(work, reviewer) is is_alone


@pytest.mark.parametrize(
    ("sender", "is_one"),
    [
        *(("Tom", True), ("Tom Ilves", True), ("José O. Łukasz-Ünal <j@example.com>", True)),
        *(("", False), ("Ana and Ben", False), ("Ana, Ben", False), ("Harbour Cinema", False), ("IKEA", False)),
    ],
)
def test_who_writes_is_one_person_if_that_is_a_persons_name(kit: Kit, sender: str, is_one: bool) -> None:
    request = kit.request("email", {"to": ["jo@example.com"], "subject": "Room", "points": ["x"], "sender": sender})
    shaped = kit.shape("email", request)
    assert Reviewer(kit.plugins.domain("email"), request, shaped.skeleton).is_by_one_person is is_one


def test_what_is_told_of_the_person_whom_a_letter_is_about_is_not_said_of_who_writes(kit: Kit) -> None:
    points = [
        "Neha Patel worked on our ward for five years",
        "took night shifts at short notice",
        "stayed calm in emergencies",
    ]
    text = letter(kit, "Reference for Neha Patel", *points).text
    assert "Neha took night shifts at short notice." in text and "Neha stayed calm in emergencies." in text


@pytest.mark.parametrize(
    ("subject", "point", "topic"),
    [
        ("Reference for Neha Patel", "Neha Patel worked here", "Neha"),
        ("Reference for Shakira Branch", "Shakira Branch worked here", "Shakira"),
        ("Reference for Hope Branch", "Hope Branch worked here", "Hope Branch"),
        ("Reference for Dr. Neha Patel", "Dr. Neha Patel worked here", "Dr. Patel"),
        ("Recommendation: J. Patel", "J. Patel worked here", "J. Patel"),
        ("Reference for Joanna Reed", "Jo worked here", ""),
        ("Reference for Dr van Dyk", "Dr van Dyk worked here", ""),
        ("Reference number 12, Netflix", "Netflix charged me twice", ""),
        ("Harbour Cinema", "Harbour Cinema opened a second screen", ""),
        ("Reference", "Neha Patel worked here", ""),
        ("Neha Patel", "she worked here", ""),
        ("Rehearsal", "Rehearsal moved to the church", ""),
    ],
)
def test_whom_a_letter_is_about_is_named_in_its_subject_and_told_of(
    kit: Kit, subject: str, point: str, topic: str
) -> None:
    request = kit.request("email", {"to": ["jo@example.com"], "subject": subject, "points": [point], "sender": "Sam"})
    assert Reviewer(kit.plugins.domain("email"), request, kit.shape("email", request).skeleton).topic == topic


@pytest.mark.parametrize(
    ("subject", "points"),
    [
        ("Christmas party", ["Christmas party is on 18 December", "booked the hall"]),
        ("Netflix account", ["Netflix charged me twice", "cancelled the account in May"]),
    ],
)
def test_what_who_writes_did_is_not_said_of_a_feast_or_a_company_in_the_subject(
    kit: Kit, subject: str, points: list[str]
) -> None:
    text = letter(kit, subject, *points).text
    assert f"{subject.split()[0]} {points[1].split()[0]}" not in text and f"{subject.split()[0]} has" not in text


def test_what_who_writes_did_stays_theirs_in_a_letter_about_somebody(kit: Kit) -> None:
    points = ["Neha Patel worked on our ward for five years", "met her in 2010", "recommend her"]
    text = letter(kit, "Reference for Neha Patel", *points).text
    assert "Neha met" not in text and "Neha recommend" not in text


def test_a_good_sentence_stays(kit: Kit) -> None:
    document = letter(kit, "Museum", "closed monday, open tuesday")
    assert "The museum is closed on Monday and open on Tuesday." in document.text


def test_who_feels_something_is_said_and_who_is_out_of_something_is_not_guessed(kit: Kit) -> None:
    document = letter(kit, "Logo and the printer", "like the green one best", "out of toner again")
    assert "I like the green one best." in document.text
    assert "I am out of toner" not in document.text and "We are out of toner" not in document.text


def test_what_is_stated_is_not_asked(kit: Kit) -> None:
    assert "?" not in letter(kit, "Deer in the orchard", "should try to stop them").text


def test_where_the_model_finds_no_sentence_likely_the_note_stands_as_it_was_typed(kit: Kit) -> None:
    document = letter(kit, "Hall", "cash only, no website")
    assert "Cash only, no website." in document.text
    assert any(line.startswith("stated: ") for line in document.provenance.repairs)


def test_a_whole_sentence_stands_as_it_was_typed_and_costs_no_token(kit: Kit) -> None:
    document = letter(kit, "Report", "the report is ready", "can i read it by Friday?", "please call Ana first")
    assert "The report is ready. Can I read it by Friday? Please call Ana first." in document.text
    assert document.provenance.generated_tokens == 0
    assert set(document.provenance.finish_reasons.values()) == {"stated"}
    assert len([line for line in document.provenance.repairs if line.startswith("stated: ")]) == 3


def test_what_stands_beside_a_whole_sentence_is_written_after_it(kit: Kit) -> None:
    document = letter(kit, "Report", "the report is ready", "two pages longer than planned", candidates=2)
    assert next(iter(document.slots.values())) == "The report is ready."
    assert document.provenance.generated_tokens > 0


def test_what_a_later_slot_depends_on_is_written(kit: Kit) -> None:
    fields = {"to": "jo@example.com", "points": ["the report is ready", "please call Ana first"]}
    work = work_of(kit, "email", fields, {}, Shaping())
    first = work.shaped.skeleton.slots[0].name
    more = Slot("more", choices=("Thanks.",), when=(first, ("The report is late.",)))
    work = replace(work, shaped=replace(work.shaped, skeleton=Skeleton((*work.shaped.skeleton.parts, more))))
    documents: list[Document] = []
    for _ in pipeline.write(kit.plugins, [work], kit.load(), GenerationOptions(), documents=documents):
        pass
    assert "The report is ready. Please call Ana first." in documents[0].text and "Thanks." not in documents[0].text


@pytest.mark.parametrize("more", [{"temperature": 0.7}, {"repair": False}])
def test_the_model_is_asked_for_all_where_its_own_words_are_wanted(kit: Kit, more: dict[str, Any]) -> None:
    document = letter(kit, "Report", "the report is ready", **more)
    assert document.provenance.generated_tokens > 0


def test_what_was_written_again_is_told(kit: Kit) -> None:
    (line,) = letter(kit, "Door", STICKS).provenance.repairs
    assert line == f'wrote again: "{DRAFTED}" as "It sticks halfway in cold weather."'


def test_points_that_share_a_fact_are_all_told(kit: Kit) -> None:
    document = letter(kit, "Saturday", "tickets cost 12 euros", "parking costs 12 euros", "lunch for 12 euros")
    assert document.text.count("12 euros") == 3 and "arking" in document.text and "unch" in document.text


def test_without_repair_the_draft_stays(kit: Kit) -> None:
    document = letter(kit, "Door", STICKS, repair=False)
    assert document.provenance.repairs == () and DRAFTED in document.text


def test_what_is_not_to_be_had_without_is_told_as_it_was_typed(kit: Kit) -> None:
    assert "No ribbon, no bike." in letter(kit, "Bicycle cellar", "no ribbon, no bike").text


def test_a_sign_that_may_stand_for_any_word_is_kept(kit: Kit) -> None:
    assert "Rain = cancelled." in letter(kit, "Garden day", "meet 9am at the gate", "rain = cancelled").text


def test_a_point_of_words_that_another_has_is_told_beside_it(kit: Kit) -> None:
    text = letter(kit, "Outing", "Lunch follows at one.", "Each child needs a packed lunch and a hat.").text
    assert "Lunch follows at one. Each child needs a packed lunch and a hat." in text


def test_quotation_marks_are_kept(kit: Kit) -> None:
    fields = {"headline": "Photo competition opens", "facts": ['theme: "Water"', "entries until 1 June"]}
    assert '"Water"' in kit.generate("news", fields, seed=0).text
    assert '"cannot obtain IP address"' in letter(kit, "Wifi", 'error is "cannot obtain IP address" again').text


def test_words_that_the_user_has_drawn_stay(kit: Kit) -> None:
    repairs = letter(kit, "Door", STICKS, temperature=0.7).provenance.repairs
    assert not any(line.startswith("wrote again") for line in repairs)


def test_an_interruption_leaves_the_draft(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(rewording, "rewritten", interrupted)
    fields = {"to": ["jo@example.com"], "sender": "Sam", "subject": "Door", "points": [STICKS]}
    stream = kit.stream("email", fields, seed=0)
    with pytest.raises(KeyboardInterrupt):
        list(stream)
    assert DRAFTED in stream.document.text


def test_a_failure_leaves_the_draft_and_is_told(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: Any) -> None:
        raise RuntimeError("no memory")

    monkeypatch.setattr(rewording, "rewritten", failing)
    document = letter(kit, "Door", STICKS)
    assert DRAFTED in document.text
    assert any("RuntimeError: no memory" in each.message for each in document.findings)
