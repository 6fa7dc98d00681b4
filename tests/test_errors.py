"""What is wrong with a value, in words that do not take a programmer in Python to understand."""

from typing import Any

import pydantic
import pytest

from dalle_kit import Request
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
