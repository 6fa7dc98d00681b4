"""From candidates to the checked document, with the real default model where text is the point."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydantic
import pytest

from dalle_kit import Kit, OptionError, pipeline
from dalle_kit.choosing import Work, best_draft, first_draft
from dalle_kit.domain import Domain, Request
from dalle_kit.engine.results import Generation, SlotResult
from dalle_kit.records import (
    Document,
    Draft,
    Finding,
    GenerationOptions,
    Message,
    Prompt,
    Skeleton,
    Slot,
)
from dalle_kit.templating.templates import Shaped

POINTS = ("the review is now on Thursday at 14:00", "it takes place in room B12")
PLAIN = ("The review is now on Thursday at 14:00.", "It takes place in room B12.")
OPTIONS = GenerationOptions(max_tokens=16)


class Notes(Request):
    points: tuple[str, ...] = pydantic.Field((), description="A thing to say.")


@pytest.fixture(scope="module")
def kit(default_model_home: Path) -> Kit:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DALLE_KIT_HOME", str(default_model_home))
        return Kit(model="smollm2-135m")


def work(points: tuple[str, ...] = POINTS, plain: tuple[str, ...] = PLAIN, **parts: Any) -> Work:
    """A request of a domain that stands in the place of the one for e-mails."""
    domain = Domain(name="email", summary="Notes.", request=Notes, templates="none", **parts)
    slot = Slot("body", about=points, otherwise=plain)
    skeleton = Skeleton(("Dear Ana,\n\n", slot, "\n\nBye"))
    prompt = Prompt((Message("user", "Write an e-mail.\nNotes:\n" + "\n".join(points)),))
    return Work(domain, Notes(points=points), None, Shaped(prompt, skeleton, "notes", ()))


def write(kit: Kit, *works: Work, options: GenerationOptions = OPTIONS, **how: Any) -> list[Document]:
    documents: list[Document] = []
    for _ in pipeline.write(kit.plugins, works, kit.load(), options, documents=documents, **how):
        pass
    return documents


def planting(text: str) -> Callable[[Request, Draft], Draft]:
    return lambda request, draft: draft.replace("body", text)


def errors(document: Document) -> list[str]:
    return [finding.check for finding in document.findings if finding.severity == "error"]


def test_what_the_model_got_wrong_is_not_in_the_document(kit: Kit) -> None:
    bad = work(finish=planting(f"{PLAIN[0]} Please bring 40 chairs. Ask [Name]."))
    documents = write(kit, bad, work(finish=planting(" ".join(PLAIN))))
    assert errors(documents[0]) == [] and documents[0].provenance.repairs
    assert "40" not in documents[0].text and "[Name]" not in documents[0].text
    assert "B12" in documents[0].text and PLAIN[0] in documents[0].text
    assert documents[1].provenance.repairs == () and documents[1].slots == {"body": " ".join(PLAIN)}
    assert "repair" in documents[0].provenance.timings


def test_without_repair_the_findings_say_where_it_is_wrong(kit: Kit) -> None:
    [document] = write(kit, work(finish=planting(f"{PLAIN[0]} Please bring 40 chairs.")), repair=False)
    assert errors(document) == ["unsupported", "invented", "missing point", "off the point"]
    assert document.provenance.repairs == ()
    found = document.as_dict()["findings"][0]
    assert document.text[found["start"] : found["end"]] == "40"
    assert document.slots["body"][slice(*found["span"])] == "40"
    assert "place" not in found


def test_when_the_time_is_up_the_document_is_complete_all_the_same(kit: Kit) -> None:
    kit.load()
    start = time.perf_counter()
    [document] = write(kit, work(), options=GenerationOptions(max_tokens=2000, candidates=4), budget=0.01)
    assert time.perf_counter() - start < 60
    assert errors(document) == []
    assert document.text == f"Dear Ana,\n\n{' '.join(PLAIN)}\n\nBye"
    assert document.provenance.finish_reasons == {"body": "time"}
    assert [finding.check for finding in document.findings] == ["budget"]


@pytest.mark.parametrize("budget", [0, -1.0, float("nan"), float("inf"), True, "5"])
def test_a_budget_that_is_no_time_is_refused_before_anything_is_loaded(budget: Any) -> None:
    with pytest.raises(OptionError, match="budget"):
        Kit(model="no-such").generate("email", to=["a@example.com"], subject="x", points=["x"], budget=budget)


def test_an_interrupted_repair_leaves_the_document_as_it_was(kit: Kit) -> None:
    seen: list[str] = []

    def check(request: Request, draft: Draft) -> list[Finding]:
        seen.append(draft.text)
        if len(seen) == 2:
            raise KeyboardInterrupt
        return []

    documents: list[Document] = []
    pieces = pipeline.write(
        kit.plugins,
        [work(finish=planting("Please bring 40 chairs."), check=check)],
        kit.load(),
        OPTIONS,
        documents=documents,
    )
    with pytest.raises(KeyboardInterrupt):
        list(pieces)
    assert documents[0].slots == {"body": "Please bring 40 chairs."}
    assert "repair" in [finding.check for finding in documents[0].findings]


def generation(text: str, likelihood: float = -1.0) -> Generation:
    return Generation({"body": SlotResult(text, "end", (), likelihood, 1)}, OPTIONS, 0, 0)


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        (generation(" ".join(PLAIN) + " It costs 7 EUR."), generation(" ".join(PLAIN))),
        (generation(PLAIN[0]), generation(" ".join(PLAIN))),
        (generation(f"{PLAIN[0]} It takes place in B12."), generation(" ".join(PLAIN), -2.0)),
        (generation(f"{' '.join(PLAIN)} See you. See you."), generation(f"{' '.join(PLAIN)} See you.", -2.0)),
        (generation(" ".join(PLAIN), -2.0), generation(" ".join(PLAIN))),
    ],
    ids=["errors", "missing", "coverage", "warnings", "likelihood"],
)
def test_candidates_are_ranked_by_errors_then_what_they_say_then_warnings_then_likelihood(
    kit: Kit, worse: Generation, better: Generation
) -> None:
    for candidates in ([worse, better], [better, worse]):
        first = first_draft(kit.plugins, work(), candidates[0])
        assert best_draft(kit.plugins, first, candidates[1:]).generation is better


def test_points_that_contradict_each_other_are_said_once(kit: Kit) -> None:
    points = ("the meeting is on Monday", "the meeting is on Tuesday")
    plain = ("The meeting is on Monday.", "The meeting is on Tuesday.")
    [document] = write(
        kit, work(points, plain, finish=planting(" ".join(plain))), options=GenerationOptions(max_tokens=1)
    )
    assert [finding.check for finding in document.findings if finding.severity == "warning"] == ["contradiction"]


def test_a_domain_whose_texts_are_no_prose_is_left_alone(kit: Kit) -> None:
    [document] = write(kit, work((), (), prose=False, finish=planting("total = 4700 * Duval[name]")))
    assert document.findings == () and document.slots["body"] == "total = 4700 * Duval[name]"


@pytest.mark.parametrize(
    "points",
    [("die Besprechung ist auf Donnerstag verschoben", "bitte die Unterlagen mitbringen"), ("会议改到星期五",)],
)
def test_points_in_a_language_the_model_does_not_write_are_noticed(kit: Kit, points: tuple[str, ...]) -> None:
    plain = tuple(f"{point[0].upper()}{point[1:]}." for point in points)
    noticed = first_draft(kit.plugins, work(points, plain), generation(" ".join(plain)))
    assert [finding.check for finding in noticed.reviewer.about()] == ["language"]
    english = first_draft(kit.plugins, work(), generation(" ".join(PLAIN)))
    assert english.reviewer.about() == []
