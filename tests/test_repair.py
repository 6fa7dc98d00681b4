"""Drafts with planted errors, repaired with the real default model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pydantic
import pytest

from dalle_kit.budget import Budget
from dalle_kit.checks.stutter import says_twice
from dalle_kit.domain import Domain, Request
from dalle_kit.engine.engine import Engine
from dalle_kit.models.spec import StoredModel
from dalle_kit.passages import passages
from dalle_kit.records import Draft, Finding, GenerationOptions, Message, Prompt, Skeleton, Slot
from dalle_kit.repair import Repaired, Rewriting, Steps, needs_repair, repair_steps
from dalle_kit.repair.steps import SENTENCES
from dalle_kit.review import Reviewer
from dalle_kit.writing import run_repairs


class Notes(Request):
    points: tuple[str, ...] = pydantic.Field((), description="A thing to say.")


DOMAIN = Domain(name="notes", summary="Notes.", request=Notes, templates="none")
POINTS = ("the review is now on Thursday at 14:00", "it takes place in room B12", "Ana brings the cost sheet")
PLAIN = ("The review is now on Thursday at 14:00.", "It takes place in room B12.", "Ana brings the cost sheet.")
OPTIONS = GenerationOptions(max_tokens=64)

#: Too short for anything to be generated.
NO_TIME = 1e-6


@pytest.fixture(scope="module")
def engine(default_model_path: Path) -> Engine:
    return Engine.load(StoredModel(name="smollm2-135m", path=str(default_model_path)), device="cpu")


def prompt(points: tuple[str, ...] = POINTS) -> Prompt:
    notes = "\n".join(f"- {point}" for point in points)
    return Prompt((Message("user", f"Write an e-mail that says:\n{notes}"),))


def body(points: tuple[str, ...] = POINTS, plain: tuple[str, ...] = PLAIN, **more: Any) -> Skeleton:
    return Skeleton(("Dear Ana,\n\n", Slot("body", about=points, otherwise=plain, **more), "\n\nBest regards\nTom"))


def begun(draft: Draft, *, checks: Any = ()) -> tuple[Reviewer, Steps]:
    reviewer = Reviewer(DOMAIN, Notes(points=POINTS), draft.skeleton)
    review = reviewer.review(draft, checks)
    assert needs_repair(reviewer, draft, review)
    return reviewer, repair_steps(reviewer, prompt(), draft, review, checks)


def repaired(engine: Engine | None, *drafts: Draft) -> list[Repaired]:
    """Repair drafts together; without an engine nothing is generated."""
    budget = Budget() if engine is not None else Budget(NO_TIME)
    steps = {number: begun(draft)[1] for number, draft in enumerate(drafts)}
    outcomes, interruption = run_repairs(engine, steps, OPTIONS, budget)  # type: ignore[arg-type]
    assert interruption is None
    found = [outcomes[number] for number in range(len(drafts))]
    for each in found:
        assert isinstance(each, Repaired), each
    return found  # type: ignore[return-value]


def keeps_the_promise(outcome: Repaired) -> None:
    assert [each for each in outcome.review.findings if each.severity == "error"] == []
    assert outcome.review.unsaid == {} and outcome.review.coverage == pytest.approx(1.0, abs=0.2)
    assert outcome.draft.text.startswith("Dear Ana,\n\n") and outcome.draft.text.endswith("\n\nBest regards\nTom")


PLANTED = [
    (f"{PLAIN[0]} The budget is 4,700 EUR. {PLAIN[1]} {PLAIN[2]}", "4,700"),
    (f"{PLAIN[0]} {PLAIN[1]} {PLAIN[2]} Please ask Marguerite Duval.", "Duval"),
    (f"{PLAIN[0]} It takes place in room B12, floor 7. {PLAIN[2]}", "7"),
    (f"{PLAIN[0]} {PLAIN[1]} {PLAIN[2]}\n\nPlease write to [Your Name].", "[Your Name]"),
    (f"{PLAIN[0]} {PLAIN[1]} {PLAIN[2]} We are looking forward to the", "forward to the"),
    ("", "nothing"),
    (f"Ana was at the lake in 1987. {PLAIN[2]}", "1987"),
    (f"The review is now on Thursday at 15:00. {PLAIN[1]} {PLAIN[2]}", "15:00"),
    (f"{PLAIN[0]} It does not take place in room B12. {PLAIN[2]}", "not"),
    (f"{PLAIN[2]} {PLAIN[0]}", "nothing"),
]


@pytest.mark.parametrize(("text", "gone"), PLANTED)
def test_what_is_wrong_is_dropped_and_what_is_missing_is_stated(text: str, gone: str) -> None:
    [outcome] = repaired(None, Draft(body(), {"body": text}))
    keeps_the_promise(outcome)
    assert gone not in outcome.draft.texts["body"]
    assert outcome.lines and all(line.startswith(("dropped: ", "stated: ")) for line in outcome.lines)
    assert {each.sentence for each in passages(outcome.draft.texts["body"])} == set(PLAIN)
    for sentence in PLAIN:  # what was true is as it was
        assert outcome.draft.texts["body"].count(sentence) == 1


def test_missing_points_are_stated_where_they_belong() -> None:
    [outcome] = repaired(None, Draft(body(), {"body": f"{PLAIN[2]}\n\nThank you."}))
    assert outcome.draft.texts["body"] == f"{' '.join(PLAIN)}\n\nThank you."
    [outcome] = repaired(None, Draft(body(), {"body": f"{PLAIN[0]}\n\nThank you."}))
    assert outcome.draft.texts["body"] == f"{' '.join(PLAIN)}\n\nThank you."


def test_an_item_of_a_list_is_never_left_empty_even_if_another_says_its_point() -> None:
    items = [Slot(f"step_{number}", about=(POINTS[number],), otherwise=(PLAIN[number],)) for number in (0, 1)]
    skeleton = Skeleton(("Steps\n\n1. ", items[0], "\n2. ", items[1]))
    both = f"{PLAIN[0].removesuffix('.')} and {PLAIN[1][0].lower()}{PLAIN[1][1:]}"
    [outcome] = repaired(None, Draft(skeleton, {"step_0": "", "step_1": both}))
    assert outcome.draft.text == f"Steps\n\n1. {PLAIN[0]}\n2. {both}"
    assert outcome.review.findings == ()


def test_a_sentence_is_generated_again_and_together_as_alone(engine: Engine) -> None:
    drafts = [Draft(body(), {"body": PLANTED[2][0]}), Draft(body(), {"body": PLANTED[7][0]})]
    together = repaired(engine, *drafts)
    for each in together:
        keeps_the_promise(each)
    assert any(line.startswith(("wrote again: ", "added: ")) for each in together for line in each.lines)
    assert [each.draft.text for each in together] == [repaired(engine, draft)[0].draft.text for draft in drafts]


def test_a_sentence_is_asked_for_after_what_stands_before_it_and_without_what_was_wrong() -> None:
    _, steps = begun(Draft(body(), {"body": PLANTED[2][0]}))
    [asked] = next(steps)
    before, slot = asked.skeleton.parts
    assert before == f"Dear Ana,\n\n{PLAIN[0]} "
    assert isinstance(slot, Slot) and slot.sentences == (1, 1) and any("7" in each for each in slot.forbid)
    outcome = finished(steps, ["It takes place in room B12, floor 8."])  # wrong again
    keeps_the_promise(outcome)
    assert "floor" not in outcome.draft.text


def test_a_wrong_sentence_that_says_no_point_is_dropped_and_none_asked_for_in_its_place() -> None:
    _, steps = begun(Draft(body(), {"body": PLANTED[0][0]}))
    with pytest.raises(StopIteration) as done:
        next(steps)
    outcome: Repaired = done.value.value
    assert outcome.draft.texts == {"body": " ".join(PLAIN)}
    assert outcome.lines == ('dropped: "The budget is 4,700 EUR."',)


def finished(steps: Steps, texts: list[str | None]) -> Repaired:
    """Answer what a repair asks for first with ``texts``, and nothing after that."""
    try:
        asked = steps.send(texts)
        while True:
            asked = steps.send([None] * len(asked))
    except StopIteration as done:
        outcome: Repaired = done.value
        return outcome


@pytest.mark.parametrize(
    "answer", ["", "It takes place", "Bring Zoë.", PLAIN[0], "Thank you for your time.", "The review is not in B12."]
)
def test_a_generated_sentence_that_does_not_mend_is_not_taken(answer: str) -> None:
    _, steps = begun(Draft(body(), {"body": f"{PLAIN[0]} It is in room B13. {PLAIN[2]}"}))
    assert len(next(steps)) == 1
    outcome = finished(steps, [answer])
    keeps_the_promise(outcome)
    assert outcome.draft.texts["body"] == " ".join(PLAIN) or answer == "Thank you for your time."


def test_a_generated_sentence_that_mends_is_taken() -> None:
    _, steps = begun(Draft(body(), {"body": f"{PLAIN[0]} We meet in room B12 and B13. {PLAIN[2]}"}))
    next(steps)
    outcome = finished(steps, ["It takes place in room B12, as Ana knows. And more."])
    assert outcome.draft.texts["body"] == f"{PLAIN[0]} It takes place in room B12, as Ana knows. {PLAIN[2]}"
    assert outcome.lines == (
        'wrote again: "We meet in room B12 and B13." as "It takes place in room B12, as Ana knows."',
    )


def test_slots_of_one_point_each_are_replaced_by_their_plain_sentence() -> None:
    parts: list[str | Slot] = ["Dear Ana,\n\n"]
    for number, (point, plain) in enumerate(zip(POINTS, PLAIN, strict=True)):
        parts += [Slot(f"point_{number}", sentences=(1, 1), about=(point,), otherwise=(plain,)), " "]
    skeleton = Skeleton((*parts[:-1], "\n\nBest regards\nTom"))
    texts = {"point_0": PLAIN[0], "point_1": "It is in room C3.", "point_2": "Ana brings the cost sheet to Paris."}
    [outcome] = repaired(None, Draft(skeleton, texts))
    keeps_the_promise(outcome)
    assert outcome.draft.text == f"Dear Ana,\n\n{' '.join(PLAIN)}\n\nBest regards\nTom"


HALVES = ("State-funded college near Maidenhead", "opened to pupils in September", "fees are 300 EUR a year")
WHOLE = "The state-funded college near Maidenhead was opened to pupils in September."


def places(points: tuple[str, ...] = HALVES, *, between: str = " ", before: str = "") -> Skeleton:
    """Return a document with a place for each point; ``before`` stands before each."""
    parts: list[str | Slot] = []
    for number, point in enumerate(points):
        plain = f"{point[0].upper()}{point[1:]}."
        slot = Slot(f"point_{number}", sentences=(1, 1), about=(point,), otherwise=(plain,), known=(point,))
        parts += [between * (number > 0) + before, slot]
    return Skeleton(tuple(part for part in parts if part))


def asked(skeleton: Skeleton, texts: dict[str, str], points: tuple[str, ...] = HALVES) -> tuple[Steps, list[Rewriting]]:
    """Return a repair and the sentences that it asks for first."""
    draft = Draft(skeleton, texts)
    reviewer = Reviewer(DOMAIN, Notes(points=points), skeleton)
    steps = repair_steps(reviewer, prompt(points), draft, reviewer.review(draft), ())
    return steps, next(steps)


def points_of(rewritings: list[Rewriting]) -> list[tuple[str, ...]]:
    return [rewriting.skeleton.slots[0].about for rewriting in rewritings]


FEES = "The fees are 300 EUR a year."


@pytest.mark.parametrize("between", [" ", "\n\n"])
@pytest.mark.parametrize("texts", [("", ""), ("The college is state-funded.", ""), ("", "It was opened to pupils.")])
def test_halves_of_a_sentence_are_said_in_one_sentence(between: str, texts: tuple[str, str]) -> None:
    steps, rewritings = asked(places(between=between), {"point_0": texts[0], "point_1": texts[1], "point_2": FEES})
    if points_of(rewritings) != [HALVES[:2]] * 2:  # what was there had errors and is tried again first
        rewritings = steps.send([None] * len(rewritings))
    assert points_of(rewritings) == [HALVES[:2]] * 2
    held, free = (rewriting.skeleton.slots[0] for rewriting in rewritings)
    assert "Maidenhead" in held.mentions and "pupil*" in held.mentions and not free.mentions
    assert set(HALVES[:2]) <= set(held.known or ()) and all(rewriting.pressed for rewriting in rewritings)
    outcome = finished(steps, ["The college was opened in September.", WHOLE])
    assert outcome.draft.text == f"{WHOLE}{between}{FEES}"
    assert outcome.lines[-1] == f'joined: "{WHOLE}"' and outcome.review.findings == ()


@pytest.mark.parametrize(
    "answer",
    [None, "", "The college near Maidenhead is state-funded.", WHOLE[:-1] + " 2019.", WHOLE.replace("was", "was not")],
)
def test_a_sentence_that_does_not_say_both_halves_is_not_taken_and_each_is_tried_alone(answer: str | None) -> None:
    steps, _ = asked(places(), {"point_0": "", "point_1": "", "point_2": FEES})
    alone = steps.send([answer, None])
    assert points_of(alone) == [HALVES[:1], HALVES[1:2]]
    # The second is asked for after the first as it would be stated.
    assert alone[1].skeleton.parts[0] == f"{HALVES[0]}. "
    outcome = finished(steps, [None, None])
    assert outcome.draft.text == f"{HALVES[0]}. O{HALVES[1][1:]}. {FEES}"


INDEPENDENT = [
    ("dividend of 0.35 per share", "the chief executive wants to build at sea"),
    ("rating now 2,412", "about 9,000 children"),
    ("price: 749 euros", "uses 35 per cent less detergent"),
    ("the letter says 890", "which one is right?"),
    ("The review is in room B12.", "and the lunch is at noon"),
    ("Ana brings the cost sheet", "opened a new office in Ghent"),
]


@pytest.mark.parametrize("points", INDEPENDENT)
def test_notes_that_may_be_about_different_things_are_not_joined(points: tuple[str, str]) -> None:
    _, rewritings = asked(places(points), {"point_0": "", "point_1": ""}, points)
    assert points_of(rewritings) == [points[:1], points[1:]]


TOGETHER = [
    ("the researchers found residues of salt", "in 84% of the samples"),
    ("the company announced its move on Friday", "but deleted it soon"),
    ("people in the north were warned to", "prepare for the flood"),
    ('the office said there was "not enough evidence', 'for a conviction"'),
    ("Holyport College, sponsored by Eton College", "accepts boarders"),
    ("the winger joined the club on loan", "making the transfer permanent"),
]


@pytest.mark.parametrize("points", TOGETHER)
def test_notes_of_which_one_goes_on_with_the_other_are_joined(points: tuple[str, str]) -> None:
    _, rewritings = asked(places(points), {"point_0": "", "point_1": ""}, points)
    assert points_of(rewritings) == [points, points]


def test_items_of_a_list_are_not_joined_nor_what_something_stands_between() -> None:
    for skeleton in (places(before="- ", between="\n"), places(between="\n\n> Quoted.\n\n")):
        _, rewritings = asked(skeleton, {"point_0": "", "point_1": "", "point_2": FEES})
        assert points_of(rewritings) == [HALVES[:1], HALVES[1:2]]


def test_what_a_sentence_was_pressed_to_say_is_not_taken_if_it_is_unlikely(engine: Engine) -> None:
    draft = Draft(body(), {"body": ""})
    seen: list[str | None] = []
    slot = Slot("body", sentences=(1, 1), mentions=("marmalade*", "quartz", "1987"), options={"max_tokens": 40})
    skeleton = Skeleton(("Dear Ana,\n\nThe review is now on ", slot))

    def steps() -> Steps:
        seen.extend((yield [Rewriting(prompt(), skeleton, pressed=pressed) for pressed in (True, False)]))
        return Repaired(draft, Reviewer(DOMAIN, Notes(points=POINTS), body()).review(draft))

    run_repairs(engine, {0: steps()}, OPTIONS, Budget())
    assert seen[0] is None and "marmalade" in (seen[1] or "")


def test_a_sentence_that_says_all_words_twice_is_told_from_one_that_needs_a_word_again() -> None:
    told = "log in at the portal to see progress"
    assert says_twice("You can see the progress at the portal to see progress, log in at the portal.", told)
    assert not says_twice("Please log in at the portal to see the progress.", told)
    assert not says_twice("The first review and the second review are moved.", "first review and second review: moved")


def test_a_slot_held_to_a_pattern_is_replaced_as_a_whole() -> None:
    skeleton = Skeleton(
        ("Dear Ana,\n\n", Slot("point", regex=".*", about=POINTS[:1], otherwise=PLAIN[:1]), "\n\nBest regards\nTom")
    )
    [outcome] = repaired(None, Draft(skeleton, {"point": "It is late"}))
    keeps_the_promise(outcome)
    assert outcome.draft.texts == {"point": PLAIN[0]}


def test_a_point_without_a_plain_sentence_is_stated_as_it_was_given() -> None:
    [outcome] = repaired(None, Draft(body(plain=()), {"body": ""}))
    assert outcome.draft.texts["body"].startswith("The review is now on Thursday at 14:00. It takes place")


def test_a_point_that_the_certain_text_expresses_is_not_missing() -> None:
    skeleton = Skeleton(("Ana brings the cost sheet.\n\n", Slot("body", about=POINTS, otherwise=PLAIN)))
    draft = Draft(skeleton, {"body": f"{PLAIN[0]} {PLAIN[1]}"})
    assert Reviewer(DOMAIN, Notes(points=POINTS), skeleton).review(draft).findings == ()


def test_a_text_that_breaks_off_is_better_than_nothing_and_a_false_one_is_not() -> None:
    skeleton = Skeleton(("Dear Ana,\n\n", Slot("body"), "\n\nBye"))
    [outcome] = repaired(None, Draft(skeleton, {"body": "We look forward to the"}))
    assert outcome.draft.texts["body"] == "We look forward to the" and outcome.review.errors == 1
    [outcome] = repaired(None, Draft(skeleton, {"body": "The price is 300 EUR."}))
    assert outcome.draft.text == "Dear Ana,\n\nBye"


def test_errors_of_a_domain_are_mended_too() -> None:
    def check(request: Request, draft: Draft) -> list[Finding]:
        at = draft.texts["body"].find("synergy")
        return [Finding("style", "error", "no", "body", (at, at + 7))] if at >= 0 else []

    wrong = "Ana brings the cost sheet and synergy."
    _, steps = begun(Draft(body(), {"body": f"{PLAIN[0]} {PLAIN[1]} {wrong}"}), checks=[check])
    assert len(next(steps)) == 1
    assert finished(steps, ["With synergy Ana brings the cost sheet."]).draft.texts["body"] == " ".join(PLAIN)


def test_a_repair_that_fails_or_is_interrupted_is_told_and_stops_no_other() -> None:
    seen: list[int] = []

    def check(request: Request, draft: Draft) -> list[Finding]:
        seen.append(1)
        if len(seen) == 2:
            raise failure
        return []

    draft = Draft(body(), {"body": PLANTED[0][0]})
    for failure in (ValueError("broken"), KeyboardInterrupt()):
        seen.clear()
        steps = {0: begun(draft, checks=[check])[1], 1: begun(draft)[1]}
        outcomes, interruption = run_repairs(None, steps, OPTIONS, Budget(NO_TIME))  # type: ignore[arg-type]
        assert outcomes[0] is failure
        assert isinstance(outcomes[1], Repaired) and "4,700" not in outcomes[1].draft.text
        assert interruption is (failure if isinstance(failure, KeyboardInterrupt) else None)


def test_two_hundred_points_take_bounded_work() -> None:
    points = tuple(f"item {number} costs {3 * number} EUR on shelf B{number}" for number in range(200))
    plain = tuple(f"Item {number} costs {3 * number} EUR on shelf B{number}." for number in range(200))
    skeleton = body(points, plain)
    draft = Draft(skeleton, {"body": " ".join(plain[::2]) + " It costs 9,999 EUR."})
    reviewer = Reviewer(DOMAIN, Notes(points=points), skeleton)
    steps = repair_steps(reviewer, prompt(points), draft, reviewer.review(draft), ())
    assert len(next(steps)) == 1
    assert len(steps.send([None])) == SENTENCES
    outcome = finished(steps, [None] * SENTENCES)
    keeps_the_promise(outcome)
    assert outcome.draft.texts["body"] == " ".join(plain)
