"""A check finds what is wrong without a model, also in branches that no example reaches."""

import re
from enum import Enum
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, field_validator

from dalle_kit.domain import Domain, Request
from dalle_kit.templating.checks import check_templates, example_requests


def problems(setup: Any) -> list[str]:
    return [str(problem) for problem in check_templates(setup.templates, setup.domain).problems]


def test_good_templates_have_no_problems(setup: Any) -> None:
    setup.write("brief/document.j2", "{% extends 'document.j2' %}")
    setup.write("parts/end.j2", "{{ given_by_the_includer }}")
    report = check_templates(setup.templates, setup.domain)
    assert report.problems == ()
    assert report.rendered == ("default", "brief")
    assert report.files == ("note/brief/document.j2", "note/document.j2", "note/parts/end.j2", "note/prompt.j2")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\n{% if %}", r"bundled:note/document\.j2:2: Expected an expression"),
        ("{{ 'x' | uper }}", "no filter 'uper'"),
        (
            "{% if false %}\n{{ request.subjet }}{% endif %}",
            r":2: there is no field 'subjet': did you mean 'subject'",
        ),
        ("{% if false %}\n\n{{ reqest }}{% endif %}", r":3: 'reqest' is not defined: did you mean 'request'"),
        ("{{ slot('a') | upper }}", "slot 'a' was changed"),
        ("{{ outline }}", "'outline' is not defined"),
    ],
)
def test_what_is_wrong_is_found(setup: Any, text: str, message: str) -> None:
    setup.write("document.j2", text)
    found = problems(setup)
    assert len(found) == len(set(found))
    assert any(re.search(message, problem) for problem in found), found


def test_an_unused_part_is_parsed_too(setup: Any) -> None:
    setup.write("parts/end.j2", "\n\n{% endfor %}")
    (problem,) = problems(setup)
    assert "bundled:note/parts/end.j2:3: " in problem


def test_guarded_names_are_no_problem(setup: Any) -> None:
    setup.write("document.j2", "{% if x is defined %}{{ x }}{% endif %}{{ y | default('') }}{{ slot('a') }}")
    assert problems(setup) == []


def test_a_wrong_variant_does_not_hide_another(setup: Any) -> None:
    setup.write("a/document.j2", "{{ 1 // 0 }}")
    setup.write("b/document.j2", "{{ [] + 1 }}")
    found = problems(setup)
    assert [("ZeroDivisionError" in each, "TypeError" in each) for each in found] == [(True, False), (False, True)]


def test_a_failing_context_is_a_problem(make_setup: Any) -> None:
    setup = make_setup(lambda request: {"x": 1 / 0})
    (problem,) = problems(setup)
    assert "the domain 'note' failed to prepare its templates" in problem


class Colour(Enum):
    RED = "red"


class Person(BaseModel):
    name: str


class Rich(Request):
    text: str = Field(description="d")
    colour: Colour = Field(description="d")
    kind: Literal["a", "b"] = Field(description="d")
    people: tuple[Person, ...] = Field(description="d")
    count: int = Field(description="d", ge=3)
    sure: bool = Field(description="d")
    maybe: float | None = Field(None, description="d")
    named: str = Field("x", description="d", examples=["Ana"])


def domain_of(request: type[Request]) -> Domain:
    return Domain(name="rich", summary="s", request=request, templates="x")


def test_examples_are_made_up_from_the_fields() -> None:
    (small, full), note = example_requests(domain_of(Rich))
    assert note == ""
    assert (small.named, full.named) == ("x", "Ana")  # type: ignore[attr-defined]
    assert full.people == (Person(name="example"),)  # type: ignore[attr-defined]


class Picky(Request):
    text: str = Field(description="d")

    @field_validator("text")
    @classmethod
    def _only(cls, value: str) -> str:
        if value != "yes":
            raise ValueError("must be yes")
        return value


class Kind(Picky):
    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "yes"}, {"text": "no"}]})


def test_the_models_own_examples_come_first() -> None:
    requests, note = example_requests(domain_of(Kind))
    assert ([request.model_dump() for request in requests], note) == ([{"text": "yes"}], "")


def test_a_model_that_takes_no_made_up_values_is_said_to() -> None:
    requests, note = example_requests(domain_of(Picky))
    assert requests == ()
    assert note == "no example request can be made (text: must be yes); give the request model examples"
