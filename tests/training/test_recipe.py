"""Settings of a run, and what differs between two."""

from __future__ import annotations

from typing import Any

import pytest

from dalle_kit.errors import OptionError
from dalle_kit.training.recipe import Recipe, differences


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rank", 0),
        ("batch", 0),
        ("accumulate", -1),
        ("patience", 0),
        ("rate", 0.0),
        ("rate", float("nan")),
        ("passes", -1.0),
        ("passes", float("inf")),
        ("learn", "everything"),
        ("precision", "float16"),
    ],
)
def test_a_setting_that_means_nothing_is_refused(name: str, value: Any) -> None:
    with pytest.raises(OptionError, match=f"^{name}: "):
        Recipe(**{name: value})


def test_what_differs_between_two_runs_is_named() -> None:
    assert differences({"rate": 0.1, "seed": 0, "base": "a"}, {"rate": 0.2, "seed": 0, "encoder": "b"}) == [
        "base was a, is not set",
        "encoder was not set, is b",
        "rate was 0.1, is 0.2",
    ]
    assert differences({"seed": 0}, {"seed": 0}) == []
