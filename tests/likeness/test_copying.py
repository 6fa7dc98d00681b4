"""Runs of words from examples: found in the slots, told apart from what the request says, written again or dropped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dalle_kit import Draft, Finding, Kit, Skeleton, Slot, SourcePlace, make_examples
from dalle_kit.examples import ExampleStore, Found
from dalle_kit.examples.choosing import Pool
from dalle_kit.likeness.copying import copied_runs
from dalle_kit.testing import ScriptedKit

LONG = "The van is booked for Saturday, so please bring the keys back to the desk by noon."
LETTERS = (f"Hi Ana,\n\n{LONG}\n\nCheers,\nOle", "Hi Bo,\n\nLunch is at one today.\n\nCheers,\nOle")
REQUEST: dict[str, Any] = {
    "to": ["Priya Raman <priya@example.com>"],
    "subject": "Van",
    "points": ["van booked for Saturday", "keys back by noon"],
    "sender": "Tom",
}


def findings(
    *parts: str | Slot, texts: dict[str, str], told: tuple[str, ...] = (), pools: tuple[Pool, ...] = ()
) -> list[Finding]:
    check = copied_runs(pools or (make_examples(LETTERS, kind="email", name="letters"),), told)
    return list(check(None, Draft(Skeleton(parts), texts)))


def test_a_run_is_an_error_that_names_its_example_and_where_it_stands() -> None:
    text = f"Hello. {LONG} Thanks."
    (finding,) = findings(Slot("a"), texts={"a": text})
    id = make_examples(LETTERS).texts[0].id[:12]
    assert (finding.check, finding.severity, finding.slot) == ("copy", "error", "a")
    assert finding.message == f"17 words in a row stand in the example letters {id}, and not in the request"
    assert text[slice(*(finding.span or ()))] == LONG.rstrip(".")


def test_seven_words_are_no_run_and_eight_are() -> None:
    assert not findings(Slot("a"), texts={"a": "Please bring the keys back to the hall."})
    assert findings(Slot("a"), texts={"a": "Please bring the keys back to the desk."})


def test_any_text_of_a_set_counts_and_every_set(tmp_path: Path) -> None:
    store = ExampleStore(tmp_path)
    store.add("old", [Found(text=f"text number {n}") for n in range(50)] + [Found(text=LETTERS[0], origin="a")])
    others = make_examples(["Nothing of that."])
    (finding,) = findings(Slot("a"), texts={"a": LONG}, pools=(others, store.open("old")))
    assert "the example old " in finding.message
    store.remove("old", [Found(text=LETTERS[0]).id])
    assert not findings(Slot("a"), texts={"a": LONG}, pools=(store.open("old"),))


def test_what_was_told_in_the_same_words_is_no_finding() -> None:
    texts = {"a": LONG}
    assert not findings(Slot("a"), texts=texts, told=(f"Tell them: {LONG.upper()}",))
    assert not findings(Slot("a", about=(LONG,)), texts=texts)
    assert not findings(Slot("a", about=("x",), otherwise=(LONG,)), texts=texts)
    assert not findings(Slot("a", choices=(LONG, "Other.")), texts=texts)
    # Not by words that are told one by one, or in another order.
    assert findings(Slot("a"), texts=texts, told=tuple(LONG.split()))


def test_slots_side_by_side_are_read_as_one_and_the_templates_words_part_them() -> None:
    texts = {"a": "The van is booked for", "b": "Saturday, so please bring the keys."}
    (finding,) = findings(Slot("a"), " ", Slot("b"), texts=texts)
    assert finding.slot == "b" and finding.span == (0, len(texts["b"]) - 1)
    assert not findings(Slot("a"), " Saturday, or ", Slot("b"), texts=texts)
    assert not findings(Slot("a"), texts={"a": ""})


def test_a_copied_sentence_is_dropped_and_its_points_are_stated() -> None:
    like = make_examples(LETTERS, kind="email")
    kit = ScriptedKit(lambda prompt, slot: LONG)
    raw = kit.generate("email", REQUEST, like=like, repair=False)
    assert LONG in raw.text and "copy" in {each.check for each in raw.findings}
    mended = kit.generate("email", REQUEST, like=like)
    assert LONG not in mended.text and "copy" not in {each.check for each in mended.findings}
    assert "Van booked for Saturday." in mended.text and "Keys back by noon." in mended.text
    assert any(line.startswith("dropped: ") for line in mended.provenance.repairs)


def test_the_real_model_does_not_keep_a_sentence_that_stands_in_an_example(home: Path) -> None:
    kit, request = Kit(), {**REQUEST, "points": ["van must be back in yard by noon on Sunday"]}
    letters = ["Hi Ana,\n\nLunch is late.\n\nCheers,\nOle", "Hi Bo,\n\nNo news yet.\n\nCheers,\nOle"]
    before = kit.generate("email", request, like=make_examples(letters, kind="email"), steer="prompt")
    written = before.slots["point_1"]
    assert len(written.split()) >= 8 and not before.findings
    after = kit.generate("email", request, like=make_examples([*letters, written], kind="email"), steer="prompt")
    assert written not in after.text and not [each for each in after.findings if each.severity == "error"]
    assert "noon on Sunday" in after.text


def test_code_of_the_file_itself_is_told_and_anothers_is_not() -> None:
    body = "total = 0\n    for row in range(height):\n        total += width\n    return total"
    own = f"def area(width, height):\n    {body}\n"
    other = "for each in sorted(names, key=len, reverse=True):\n    print(each, end=' ')\n"
    like = make_examples([own, other], kind="code")
    place = SourcePlace(text=f"{own}\n\ndef volume(width, height, depth):\n    ", path="shapes.py")
    for written, checks in (
        (f"{body} * depth", set()),
        ("for each in sorted(names, key=len, reverse=True):\n        print(each, end=' ')", {"copy"}),
    ):
        document = ScriptedKit(lambda prompt, slot: written).generate("code complete", place=place, like=like)  # noqa: B023
        assert {each.check for each in document.findings} & {"copy"} == checks


@pytest.mark.parametrize("steer", ["prompt", "vector"])
def test_whichever_way_examples_take_their_runs_are_found(home: Path, steer: str) -> None:
    from dalle_kit.choosing import checks_of
    from dalle_kit.requesting import Shaping, work_of

    kit = Kit()
    like = make_examples([*LETTERS, "Hi Cy,\n\nAll is well.\n\nCheers,\nOle"], kind="email")
    work = work_of(kit, "email", REQUEST, {}, Shaping(like=like, steer=steer))
    names = [slot.name for slot in work.shaped.skeleton.slots]
    draft = Draft(work.shaped.skeleton, {name: LONG if name == "point_1" else "" for name in names})
    found = [each for check in checks_of(kit.plugins, work) for each in check(work.request, draft)]
    assert "copy" in {each.check for each in found}
