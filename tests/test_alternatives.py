"""Several documents of one request, with a scripted model."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from dalle_kit import AsyncKit, OptionError
from dalle_kit.testing import ScriptedKit

REQUEST: dict[str, Any] = {
    "to": ["Ana <ana@example.com>"],
    "subject": "Review",
    "sender": "Tom",
    "points": ["the review starts at 14:00"],
}
TEXTS = ["Please note that the review starts at 14:00.", "The review starts at 14:00.", "The review starts at 14:00."]


def kit_of(texts: list[str]) -> ScriptedKit:
    left = list(texts)
    return ScriptedKit(lambda prompt, slot: left.pop(0))


def test_texts_that_are_the_same_are_one_and_each_is_reported_as_it_is_done(home: Path) -> None:
    kit = kit_of(TEXTS)
    told: list[tuple[int, int | None]] = []
    kit._progress = lambda stage, done, total: told.append((done, total))
    found = kit.alternatives("email", REQUEST, candidates=3)
    assert [each.slots["point_1"] for each in found] == TEXTS[:2]
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]
    seeds = {each.provenance.options.seed for each in found}
    assert len(seeds) == 2


def test_of_equal_ones_that_without_a_choice_is_the_first_though_another_is_the_same(home: Path) -> None:
    found = kit_of([TEXTS[0], TEXTS[1], TEXTS[0]]).alternatives("email", REQUEST, candidates=3)
    assert [each.slots["point_1"] for each in found] == TEXTS[:2]
    assert found[0].provenance.options.temperature == 0.0


@pytest.mark.parametrize("count", [1, 10])
def test_a_count_that_cannot_be_is_refused_before_a_model_is_loaded(
    count: int, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(*_: Any) -> None:
        raise AssertionError("a model is loaded")

    kit = kit_of(TEXTS)
    monkeypatch.setattr(kit, "load", load)
    with pytest.raises(OptionError, match="a whole number from 2 to 9"):
        kit.alternatives("email", REQUEST, candidates=count)


def test_asyncio_has_them_as_well(home: Path) -> None:
    found = asyncio.run(AsyncKit(kit_of(TEXTS)).alternatives("email", REQUEST, candidates=3))
    assert [each.slots["point_1"] for each in found] == TEXTS[:2]
