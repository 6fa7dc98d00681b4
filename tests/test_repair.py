"""Drafts with planted errors, repaired with the real default model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pydantic
import pytest

from dalle_kit.budget import Budget
from dalle_kit.domain import Domain, Request
from dalle_kit.engine.engine import Engine
from dalle_kit.models.spec import StoredModel
from dalle_kit.records import Draft, GenerationOptions, Message, Prompt, Skeleton, Slot
from dalle_kit.repair import Repaired, needs_repair, repair_steps
from dalle_kit.review import Reviewer
from dalle_kit.writing import run_repairs


class Notes(Request):
    points: tuple[str, ...] = pydantic.Field((), description="A thing to say.")


DOMAIN = Domain(name="notes", summary="Notes.", request=Notes, templates="none")
POINTS = ("the review is now on Thursday at 14:00", "it takes place in room B12", "Ana brings the cost sheet")
PLAIN = ("The review is now on Thursday at 14:00.", "It takes place in room B12.", "Ana brings the cost sheet.")
OPTIONS = GenerationOptions(max_tokens=64)


@pytest.fixture(scope="module")
def engine(default_model_path: Path) -> Engine:
    return Engine.load(StoredModel(name="smollm2-135m", path=str(default_model_path)), device="cpu")


def prompt(points: tuple[str, ...] = POINTS) -> Prompt:
    notes = "\n".join(f"- {point}" for point in points)
    return Prompt((Message("user", f"Write an e-mail that says:\n{notes}"),))


def body(points: tuple[str, ...] = POINTS, plain: tuple[str, ...] = PLAIN, **more: Any) -> Skeleton:
    return Skeleton(("Dear Ana,\n\n", Slot("body", about=points, otherwise=plain, **more), "\n\nBest regards\nTom"))


def repair(
    engine: Engine,
    *drafts: Draft,
    points: tuple[str, ...] = POINTS,
    checks: Any = (),
    budget: Budget | None = None,
) -> list[Repaired]:
    steps = {}
    for number, draft in enumerate(drafts):
        reviewer = Reviewer(DOMAIN, Notes(points=points), draft.skeleton)
        review = reviewer.review(draft, checks)
        assert needs_repair(reviewer, draft, review)
        steps[number] = repair_steps(reviewer, prompt(points), draft, review, checks)
    outcomes, interruption = run_repairs(engine, steps, OPTIONS, budget or Budget())
    assert interruption is None
    found = [outcomes[number] for number in range(len(drafts))]
    assert all(isinstance(each, Repaired) for each in found), found
    return found  # type: ignore[return-value]


def no_errors(outcome: Repaired) -> None:
    assert [each for each in outcome.review.findings if each.severity == "error"] == []
    assert outcome.draft.text.startswith("Dear Ana,\n\n") and outcome.draft.text.endswith("\n\nBest regards\nTom")


SPENT = 1e-6


@pytest.mark.parametrize("seconds", [None, SPENT], ids=["generating", "without time"])
@pytest.mark.parametrize(
    ("text", "gone"),
    [
        (f"{PLAIN[0]} The budget is 4,700 EUR. {PLAIN[1]} {PLAIN[2]}", "4,700"),
        (f"{PLAIN[0]} {PLAIN[1]} {PLAIN[2]} Please ask Marguerite Duval.", "Duval"),
        (f"{PLAIN[0]} It takes place in room B12, floor 7. {PLAIN[2]}", "7"),
        (f"{PLAIN[0]} {PLAIN[1]} {PLAIN[2]}\n\nPlease write to [Your Name].", "[Your Name]"),
        (f"{PLAIN[0]} {PLAIN[1]} {PLAIN[2]} We are looking forward to the", "forward to the"),
        ("", "nothing"),
        (f"Ana was at the lake in 1987. {PLAIN[2]}", "1987"),
        (f"The review is now on Thursday at 15:00. {PLAIN[1]} {PLAIN[2]}", "15:00"),
        (f"{PLAIN[0]} It does not take place in room B12. {PLAIN[2]}", "not"),
    ],
)
def test_what_is_wrong_goes_and_what_was_asked_for_is_said(
    engine: Engine, text: str, gone: str, seconds: float | None
) -> None:
    [outcome] = repair(engine, Draft(body(), {"body": text}), budget=Budget(seconds))
    no_errors(outcome)
    assert gone not in outcome.draft.texts["body"]
    assert outcome.review.unsaid == {}
    assert outcome.lines
    for sentence in PLAIN:  # what was true already is as it was
        assert sentence not in text or sentence in outcome.draft.texts["body"]
