"""What is wrong with a value, in words that do not take a programmer in Python to understand."""

import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pydantic
import pytest

from dalle_kit import (
    ContextOverflowError,
    DiskSpaceError,
    Kit,
    OptionError,
    PluginError,
    PrivacyError,
    Request,
    RequestError,
    ServerError,
    TemplateError,
    UnknownNameError,
)
from dalle_kit.errors import in_plain_words


class Body(Request):
    faults: tuple[str, ...] = pydantic.Field(description="What is wrong.", min_length=1, max_length=2)
    urgent: bool = pydantic.Field(default=False, description="Whether it cannot wait.")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "is required"),
        ({"faults": "it leaks"}, "give a list"),
        ({"faults": [3]}, "give a text"),
        ({"faults": ["a\ud800"]}, "give a text without halves of characters"),
        ({"faults": []}, "give at least 1"),
        ({"faults": ["a", "b", "c"]}, "give at most 2"),
        ({"faults": ["a"], "urgent": "perhaps"}, "give true or false"),
        ({"faults": ["a"], "fault": "b"}, "there is no such field; leave it out"),
    ],
)
def test_what_is_wrong_with_a_value_is_said_in_plain_words(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(pydantic.ValidationError) as error:
        Body.model_validate(fields)
    assert in_plain_words(error.value.errors()[0]) == said


@pytest.mark.parametrize(
    "error",
    [
        RequestError("is required", field="to"),
        OptionError("temperature", -1, "a number from 0 to 5"),
        UnknownNameError("domain", "emial", ["email"]),
        ContextOverflowError(needed=10, text=1, available=5, model="m"),
        TemplateError("no end", template="email/document.j2", line=3),
        DiskSpaceError("the disk is full", needed=5, free=1),
        ServerError("refused", status=500),
        PluginError("failed", plugin="calm"),
        PrivacyError("person", slot="body"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_comes_to_another_process_as_it_was(error: Any) -> None:
    if isinstance(error, RequestError):
        error.documents = {0: object()}  # type: ignore[dict-item]
    came = pickle.loads(pickle.dumps(error))
    assert type(came) is type(error) and str(came) == str(error)
    assert vars(came) == {name: value for name, value in vars(error).items() if name != "documents"}
    assert came.documents == {}


def too_cold() -> str:
    return Kit().generate("email", to=["a@example.com"], points=["room B12"], temperature=-1).text


def test_an_error_in_a_pool_of_processes_is_that_of_its_task_alone() -> None:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        with pytest.raises(OptionError, match="temperature: -1 is not allowed"):
            pool.submit(too_cold).result(timeout=60)
        assert pool.submit(str, 7).result(timeout=60) == "7"
