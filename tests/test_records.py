from __future__ import annotations

from typing import Any, Literal

import pydantic
import pytest

from dalle_kit import Domain, Finding, Request, RequestError
from dalle_kit.records import Skeleton, Slot


def test_a_finding_has_one_of_the_severities() -> None:
    severity: Any = "fatal"
    with pytest.raises(ValueError, match="severity 'fatal'; give one of note, warning, error"):
        Finding("calm", severity, "it shouts")


def test_a_wrong_choice_within_a_field_is_named_with_its_place() -> None:
    class Pay(pydantic.BaseModel):
        per: Literal["hour", "month"] = pydantic.Field(description="For how long.")

    class Job(Request):
        pay: Pay = pydantic.Field(description="What is paid.")

    job = Domain(name="job", summary="A job", request=Job, templates="none")
    with pytest.raises(RequestError, match=r"no pay\.per named 'monht': did you mean 'month'") as caught:
        job.parse({"pay": {"per": "monht"}})
    assert caught.value.field == "pay"


def test_a_slot_without_text_takes_the_blank_line_before_it_with_it() -> None:
    skeleton = Skeleton(("Dear Ana,\n\nB12.\n\n", Slot("more"), "\n\nTom"))
    assert skeleton.fill({"more": ""}) == "Dear Ana,\n\nB12.\n\nTom"
    assert skeleton.fill({"more": "Yes."}) == "Dear Ana,\n\nB12.\n\nYes.\n\nTom"


def test_literals_come_through_as_they_are() -> None:
    assert Skeleton(("a\n\n", "\n\nb")).fill({}) == "a\n\n\n\nb"


def test_a_slot_without_text_takes_the_space_before_it_with_it() -> None:
    skeleton = Skeleton(("Hi,\n\n", Slot("a"), " ", Slot("b"), " ", Slot("c"), "\n\nTom"))
    assert skeleton.fill({"a": "One.", "b": "", "c": "Two."}) == "Hi,\n\nOne. Two.\n\nTom"
    assert skeleton.fill({"a": "", "b": "One.", "c": "Two."}) == "Hi,\n\nOne. Two.\n\nTom"
    assert skeleton.fill({"a": "One.", "b": "Two.", "c": ""}) == "Hi,\n\nOne. Two.\n\nTom"
    texts = {"a": "", "b": "One.", "c": "Two."}
    starts = skeleton.starts(texts)
    assert all(skeleton.fill(texts)[starts[name] :].startswith(text) for name, text in texts.items())
