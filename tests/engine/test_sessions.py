"""Sessions: rows that join, wait, are copied, cropped and left, computed as each would be alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from dalle_kit.engine.logits import as_tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dalle_kit.engine.decoding import GenerativeModel, Session
    from tests.conftest import Checkpoints

KINDS = ["llama", "qwen2", "gpt2", "t5", "bart"]
SOURCE, TARGET = [5, 9, 17, 33, 21, 8], [40, 41, 7]


def alone(model: GenerativeModel, source: Sequence[int], target: Sequence[int]) -> torch.Tensor:
    """Return the logits (V,) after a row that is read at once, by itself."""
    return model.open([source], [target], room=64).logits[0]


def near(found: torch.Tensor, expected: torch.Tensor) -> bool:
    return torch.allclose(found, expected, atol=1e-3, rtol=1e-4)


@pytest.fixture(params=KINDS)
def model(request: pytest.FixtureRequest, checkpoints: Checkpoints) -> GenerativeModel:
    return checkpoints(request.param)[1].generative()


def opened(model: GenerativeModel, *targets: Sequence[int]) -> Session:
    return model.open([SOURCE] * len(targets), targets, room=16)


def test_a_row_joins_those_that_are_under_way(model: GenerativeModel) -> None:
    session = opened(model, TARGET, TARGET[:1])
    before = as_tensor(session.logits).clone()
    session.join([SOURCE[:4], SOURCE[1:]], [[60, 61], list(range(10, 30))])
    assert torch.equal(as_tensor(session.logits)[:2], before)
    assert near(session.logits[2], alone(model, SOURCE[:4], [60, 61]))
    assert near(session.logits[3], alone(model, SOURCE[1:], range(10, 30)))
    session.feed([[50], [51, 52], [53], list(range(30, 42))])
    for row, (source, target) in enumerate(
        [
            (SOURCE, [*TARGET, 50]),
            (SOURCE, [*TARGET[:1], 51, 52]),
            (SOURCE[:4], [60, 61, 53]),
            (SOURCE[1:], range(10, 42)),
        ]
    ):
        assert near(session.logits[row], alone(model, source, target))


def test_a_row_is_read_in_parts(model: GenerativeModel) -> None:
    session = opened(model, TARGET)
    left = session.join([SOURCE, SOURCE[:3]], [[60, 61, 62], [7]], most=4)
    if model.family == "causal":
        assert left == [[21, 8, 60, 61, 62], []]
    for first in (left[0][:2], left[0][2:4]):
        assert session.feed([[], first, []], tails=[0, 0, 0]).shape[0] == 0
    session.feed([[50], left[0][4:], []])
    assert near(session.logits[0], alone(model, SOURCE, [*TARGET, 50]))
    assert near(session.logits[1], alone(model, SOURCE, [60, 61, 62]))
    assert near(session.logits[2], alone(model, SOURCE[:3], [7]))


def test_a_row_that_is_given_nothing_waits(model: GenerativeModel) -> None:
    session = opened(model, TARGET, TARGET[:1], TARGET[:2])
    before, lengths = as_tensor(session.logits).clone(), list(session.lengths)
    fed = session.feed([[], [50, 51], []])
    assert list(session.lengths) == [lengths[0], lengths[1] + 2, lengths[2]]
    assert fed.shape == (1, before.shape[1]) and torch.equal(as_tensor(fed)[0], as_tensor(session.logits)[1])
    assert torch.equal(as_tensor(session.logits)[[0, 2]], before[[0, 2]])
    session.feed([[55], [], [56]])
    assert near(session.logits[0], alone(model, SOURCE, [*TARGET, 55]))
    assert near(session.logits[1], alone(model, SOURCE, [*TARGET[:1], 50, 51]))
    assert near(session.logits[2], alone(model, SOURCE, [*TARGET[:2], 56]))
    assert session.feed([[], [], []]).shape == (0, before.shape[1])


def test_the_logits_after_several_tokens_of_a_row_can_be_had(model: GenerativeModel) -> None:
    session = opened(model, TARGET, TARGET[:1], TARGET)
    logits = session.feed([[50, 51, 52], [53], [54, 55]], tails=[3, 1, 0])
    expected = [(TARGET, [50]), (TARGET, [50, 51]), (TARGET, [50, 51, 52]), (TARGET[:1], [53])]
    assert len(logits) == 4
    for found, (target, new) in zip(logits, expected, strict=True):
        assert near(found, alone(model, SOURCE, [*target, *new]))
    assert torch.equal(session.logits[0], logits[2])
    assert near(session.logits[2], alone(model, SOURCE, [*TARGET, 54, 55]))


def test_rows_are_copied_cropped_left_and_all_gone(model: GenerativeModel) -> None:
    session = opened(model, TARGET, [60, 61, 62])
    start = session.lengths[0] - len(TARGET)
    session.select([1, 0, 1])
    session.crop(2, start + 1)
    session.feed([[50], [51], [52]])
    for row, target in enumerate([[60, 61, 62, 50], [*TARGET, 51], [60, 52]]):
        assert near(session.logits[row], alone(model, SOURCE, target))
    session.select([2])
    session.feed([[58]])
    assert near(session.logits[0], alone(model, SOURCE, [60, 52, 58]))
    session.select([])
    assert list(session.lengths) == []
    session.join([SOURCE], [TARGET])
    assert near(session.logits[0], alone(model, SOURCE, TARGET))
