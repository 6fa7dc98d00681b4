"""Documents revised: what was asked for changes, and nothing else."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dalle_kit import (
    AsyncKit,
    ConfigError,
    Kit,
    PrivacyError,
    RevisionError,
    UnknownNameError,
)
from dalle_kit.records import Document
from dalle_kit.testing import ScriptedKit
from tests.revising.conftest import SENTENCES, request, write

ALL = tuple(SENTENCES)
CODE = {"signature": "add(a: int, b: int) -> int"}


def notes(document: Document) -> list[str]:
    """Return what is said about a revision."""
    return [finding.message for finding in document.findings if finding.check == "revision"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(points=st.lists(st.sampled_from(ALL), min_size=2, max_size=5, unique=True), data=st.data())
def test_sentences_that_were_not_to_change_are_the_same_bytes(
    scripted: ScriptedKit, points: list[str], data: st.DataObject
) -> None:
    before = scripted.generate("email", request(*points[:-1], tone=data.draw(st.sampled_from(["neutral", "firm"]))))
    number = data.draw(st.integers(0, len(points) - 2))
    name, point = f"point_{number + 1}", points[number]
    redone = scripted.revise(before, redo=[number + 1])
    assert redone.text == before.text.replace(SENTENCES[point][0], redone.slots[name])
    assert redone.slots[name] != before.slots[name]
    added = scripted.revise(before, add=[points[-1]])
    new = added.slots[f"point_{len(points)}"]
    assert new and added.text.replace(new, "").split() == before.text.split()
    assert {**before.slots, f"point_{len(points)}": new} == added.slots
    if len(points) > 2:
        dropped = scripted.revise(before, drop=[number + 1])
        assert dropped.text.split() == before.text.replace(SENTENCES[point][0], "").split()


def test_several_things_are_asked_for_at_once(scripted: ScriptedKit) -> None:
    before = scripted.generate("email", request(*ALL[:3]))
    after = scripted.revise(before, "shorter", redo=["lift"], add=[ALL[3]], drop=["water"])
    assert after.text == (
        "Dear Ana,\n\nAs usual, the lift works. Please bring the cost sheet. The review starts at 14:00.\n\n"
        "Best regards,\nTom\n"
    )
    assert after.request.points == (ALL[0], ALL[2], ALL[3]) and after.request.length == "short"
    assert notes(after) == []


def test_the_numbers_of_points_to_drop_are_those_of_the_text_as_it_is(scripted: ScriptedKit) -> None:
    before = scripted.generate("email", request(*ALL[:3]))
    assert scripted.revise(before, drop=["1", "2"]).request.points == (ALL[2],)
    assert scripted.revise(before, drop=["2", "water", "2"]).request.points == (ALL[0], ALL[2])


def test_shorter_saves_words_and_loses_no_point(scripted: ScriptedKit) -> None:
    before = scripted.generate("email", request(ALL[3], ALL[0], length="short"))
    after = scripted.revise(before, "shorter")
    assert after.text == before.text.replace("Please note that the review", "The review")
    again = scripted.revise(after, "shorter")
    assert again.text == after.text
    assert notes(again) == ["nothing shorter that still says every point was found"]


def test_a_tone_changes_the_frame_and_the_sentences_that_the_model_says_otherwise(scripted: ScriptedKit) -> None:
    before = scripted.generate("email", request(*ALL[:2]))
    after = scripted.revise(before, "more formal")
    assert "As usual, the lift works. On Friday, the water is off." in after.text and "Yours sincerely" in after.text
    assert scripted.revise(after, "formal").text == after.text
    assert notes(scripted.revise(after, "formal")) == ["'formal': it is so already"]


def test_a_sentence_that_was_replaced_does_not_come_back(scripted: ScriptedKit) -> None:
    document = scripted.generate("email", request(ALL[4]))
    seen = [document.slots["point_1"]]
    for _ in range(2):
        document = scripted.revise(document, redo=[1])
        seen.append(document.slots["point_1"])
    assert seen == ["Oslo has signed.", "Oslo has signed already.", "Oslo has signed already."]
    assert notes(document) == [
        'no other sentence that passes the checks was found for "Oslo has signed already.": it stays'
    ]


def test_a_sentence_with_a_fault_is_never_the_new_one() -> None:
    kit = ScriptedKit(
        lambda prompt, slot: (
            "Oslo has signed for 900 euros." if slot.options.get("temperature") else write(prompt, slot)
        )
    )
    before = kit.generate("email", request(ALL[4]))
    after = kit.revise(before, redo=[1])
    assert after.text == before.text and len(notes(after)) == 1


def test_a_point_that_the_model_cannot_say_is_stated() -> None:
    kit = ScriptedKit(lambda prompt, slot: "We are glad." if slot.about == ("Kiel has paid",) else write(prompt, slot))
    before = kit.generate("email", request(ALL[0]))
    assert "The lift works as usual. Kiel has paid." in kit.revise(before, add=["Kiel has paid"]).text


def test_a_whole_sentence_that_is_added_stands_as_it_was_typed() -> None:
    kit = ScriptedKit(
        lambda prompt, slot: "I'm glad to say that the key has been found." if "key" in slot.about[0] else "Fine."
    )
    before = kit.generate("email", request("the key is lost"))
    assert "The key is found." in kit.revise(before, drop=["lost"], add=["the key is found"]).text


def test_a_revised_document_is_one_that_can_be_revised_and_made_again(scripted: ScriptedKit) -> None:
    first = scripted.revise(scripted.generate("email", request(*ALL[:2])), redo=[1])
    second = scripted.revise(json.loads(json.dumps(first.as_dict())), "shorter", add=[ALL[4]])
    record = json.loads(json.dumps(second.as_dict()))
    assert record["revision"]["instructions"] == ["shorter"] and record["revision"]["of"]["text"] == first.text
    assert "revision" not in record["revision"]["of"]
    assert record["revision"]["changes"][-1]["now"] == "Oslo has signed."
    again = scripted.reproduce(record)
    assert again.same
    assert not scripted.reproduce({**record, "text": "Something else"}).same


@pytest.mark.parametrize(
    ("instructions", "options", "error", "message"),
    [
        ((), {}, RevisionError, r"nothing is to change: .*shorter.*1 'The lift works as usual.'"),
        (("shortr",), {}, UnknownNameError, "did you mean 'shorter'.*email knows shorter, .*in German"),
        (("make it more freindly",), {}, UnknownNameError, "did you mean 'friendly'"),
        (("as a poem",), {}, UnknownNameError, "choose from apologetic, "),
        (("shorter", "longer"), {}, RevisionError, "'shorter' and 'longer' are both about the length"),
        (("in German",), {}, RevisionError, "'in German' would put the plain notes in the place of 2 sentences"),
        ((), {"redo": [9]}, RevisionError, "there is no sentence 9; choose from 1 'The lift"),
        ((), {"redo": ["the"]}, RevisionError, "'the' is in 2 sentences"),
        ((), {"redo": ["The lift works as usuall."]}, UnknownNameError, "did you mean 'The lift works as usual.'"),
        ((), {"drop": ["bread"]}, UnknownNameError, "no point named 'bread'"),
        ((), {"drop": ["1", "9"]}, RevisionError, "there is no point 9; choose from 1 'the lift"),
        ((), {"add": [" "]}, RevisionError, "--add has no text"),
    ],
)
def test_what_cannot_be_done_is_told_with_what_can(
    scripted: ScriptedKit, instructions: tuple[str, ...], options: Any, error: type[Exception], message: str
) -> None:
    document = scripted.generate("email", request(*ALL[:2]))
    with pytest.raises(error, match=message) as told:
        scripted.revise(document, *instructions, **options)
    assert "\n" not in str(told.value)


def test_a_text_that_was_edited_is_refused(scripted: ScriptedKit) -> None:
    record = scripted.generate("email", request(ALL[0])).as_dict()
    with pytest.raises(RevisionError, match="it was edited, or a template has changed since"):
        scripted.revise({**record, "text": record["text"] + "PS: cake!\n"}, "shorter")
    with pytest.raises(ConfigError, match="no record of a document"):
        scripted.revise({"text": "Hello"}, "shorter")


def test_articles_are_rebuilt_around_the_same_sentences(scripted: ScriptedKit) -> None:
    facts = ALL[:2] + ALL[3:5]
    before = scripted.generate("news", headline="Review in Oslo", facts=facts)
    after = scripted.revise(before, "as an analysis", "with standfirst")
    assert sorted(filter(None, after.slots.values())) == sorted(filter(None, before.slots.values()))
    assert "## In detail" in after.text and after.request.standfirst


def test_code_is_written_anew_as_a_whole() -> None:
    bodies = {False: "return a + b\n", True: "return sum((a, b))\n"}
    kit = ScriptedKit(lambda prompt, slot: bodies[bool(slot.options.get("temperature"))])
    before = kit.generate("code function", CODE)
    after = kit.revise(before, redo=[1])
    assert "return sum((a, b))" in after.text and after.text.startswith(before.text.partition("return")[0])
    with pytest.raises(RevisionError, match="code function knows no instructions, such as 'shorter'"):
        kit.revise(before, "shorter")
    with pytest.raises(RevisionError, match="code function has no points"):
        kit.revise(before, add=["be fast"])


def test_personal_data_is_guarded_against_in_what_stays_as_well(scripted: ScriptedKit) -> None:
    script = {"point_1": "The lift works as usual, write to bo.larsen@posteo.net.", "point_2": "Oslo has signed."}
    document = ScriptedKit(script).generate("email", request(ALL[0], ALL[4]), privacy="off", repair=False)
    with pytest.raises(PrivacyError):
        scripted.revise(document, drop=[2], privacy="refuse")
    redacted = scripted.revise(document, drop=[2], privacy="redact")
    assert "bo.larsen@posteo.net" not in redacted.text and redacted.provenance.privacy == "redact"


def test_asyncio_revises_as_well(scripted: ScriptedKit) -> None:
    before = scripted.generate("email", request(ALL[3], length="short"))
    after = asyncio.run(AsyncKit(scripted).revise(before, "shorter"))
    assert "The review starts at 14:00." in after.text


def test_the_real_model_revises_what_it_wrote(loaded_kit: Kit) -> None:
    fields = request("moved to Thursday 14:00", "room B12, not B2")
    before = loaded_kit.generate("email", fields)
    after = loaded_kit.revise(before, "shorter", redo=[1], add=["the canteen is closed"])
    assert after.slots["point_1"] != before.slots["point_1"] and "14:00" in after.slots["point_1"]
    assert after.slots["point_3"] and "any questions" not in after.text
    assert not [finding for finding in after.findings if finding.severity == "error"]
    assert loaded_kit.reproduce(after).same
