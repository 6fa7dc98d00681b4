from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from dalle_kit.engine import sampling
from dalle_kit.engine.logits import Logits
from dalle_kit.engine.sampling import Scores, candidate_seed, choose, keep_likely, noise, penalise, pick
from dalle_kit.errors import ModelError, OptionError
from dalle_kit.records import GenerationOptions

LOGITS = np.array([0.0, 1.0, 2.0, 3.0], dtype=np.float32)
SCORES = Scores(torch.from_numpy(LOGITS)[None])
seeds = st.integers(0, 2**63 - 1)
positions = st.integers(0, 10_000)


def test_greedy_takes_the_likeliest_token() -> None:
    assert choose(SCORES, 0, GenerationOptions()) == 3


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", [np.asarray, torch.from_numpy])
def test_what_is_no_number_is_told_of_its_row_alone(value: float, kind: Callable[..., Logits]) -> None:
    scores = Scores(kind(np.stack((LOGITS, np.full_like(LOGITS, value)))))
    for temperature in (0.0, 1.0):
        options = GenerationOptions(temperature=temperature)
        assert choose(scores, 0, options) is not None
        with pytest.raises(ModelError, match="weights are damaged"):
            choose(scores, 1, options)
    with pytest.raises(ModelError, match="weights are damaged"):
        scores.log_likelihood(1, 3)


@given(seed=seeds, position=positions)
def test_the_same_seed_and_position_give_the_same_token(seed: int, position: int) -> None:
    options = GenerationOptions(temperature=1.0, seed=seed)
    assert choose(SCORES, 0, options, position=position) == choose(SCORES, 0, options, position=position)


def test_noise_differs_between_positions_and_between_seeds() -> None:
    assert not np.array_equal(noise(1, 0, 8), noise(1, 1, 8))
    assert not np.array_equal(noise(1, 0, 8), noise(2, 0, 8))


def test_samples_follow_the_softmax_distribution() -> None:
    options = GenerationOptions(temperature=0.8, seed=7)
    drawn = torch.tensor([choose(SCORES, 0, options, position=position) for position in range(4000)])
    shares = drawn.bincount(minlength=4) / len(drawn)
    assert torch.allclose(shares, torch.from_numpy(LOGITS / 0.8).softmax(0), atol=0.025)


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({"top_k": 2}, {2, 3}),
        ({"top_k": 0}, {0, 1, 2, 3}),
        ({"top_p": 0.5}, {3}),  # 0.64 of the mass
        ({"top_p": 0.7}, {2, 3}),
        ({"min_p": 0.3}, {2, 3}),  # e^-1 = 0.37 of the likeliest
        ({"min_p": 1.0}, {3}),
    ],
)
def test_unlikely_tokens_are_cut_off(options: dict[str, float], kept: set[int]) -> None:
    full = {"top_k": 0, "top_p": 1.0, "min_p": 0.0, **options}
    left = keep_likely(LOGITS, top_k=int(full["top_k"]), top_p=full["top_p"], min_p=full["min_p"])
    assert set(np.flatnonzero(np.isfinite(left)).tolist()) == kept


@example(logits=[-1.1754943508222875e-38, 0.0], top_k=0, top_p=0.5, min_p=0.0)
@given(
    logits=st.lists(st.floats(-30, 30, width=32), min_size=1, max_size=20),
    top_k=st.integers(0, 25),
    top_p=st.floats(0.01, 1.0),
    min_p=st.floats(0.0, 1.0),
)
def test_at_least_the_likeliest_token_is_always_left(
    logits: list[float], top_k: int, top_p: float, min_p: float
) -> None:
    values = np.array(logits, dtype=np.float32)
    left = keep_likely(values, top_k=top_k, top_p=top_p, min_p=min_p)
    # Of those that are equally likely any may be left: so are logits that differ by less than a probability shows.
    assert np.exp(left.max() - values.max()) == 1.0


def test_repetition_penalty_makes_seen_tokens_less_likely_whatever_their_sign() -> None:
    logits = np.array([-1.0, 2.0, 0.5], dtype=np.float32)
    penalised = penalise(logits, [0, 1, 1], 2.0)
    assert penalised.tolist() == [-2.0, 1.0, 0.5]


def test_transformers_filters_agree_with_ours() -> None:
    from transformers.generation.logits_process import (
        MinPLogitsWarper,
        RepetitionPenaltyLogitsProcessor,
        TopKLogitsWarper,
        TopPLogitsWarper,
    )

    logits = torch.randn(200, generator=torch.Generator().manual_seed(0)) * 3
    numbers = logits.numpy()
    ids, scores = torch.tensor([[3, 5, 5]]), logits[None]
    theirs = RepetitionPenaltyLogitsProcessor(1.3)(ids, scores)
    assert np.array_equal(theirs[0].numpy(), penalise(numbers, [3, 5, 5], 1.3))
    for warper, ours in [
        (TopKLogitsWarper(7), keep_likely(numbers, top_k=7, top_p=1.0, min_p=0.0)),
        (TopPLogitsWarper(0.8), keep_likely(numbers, top_k=0, top_p=0.8, min_p=0.0)),
        (MinPLogitsWarper(0.05), keep_likely(numbers, top_k=0, top_p=1.0, min_p=0.05)),
    ]:
        assert np.array_equal(warper(ids, scores)[0].numpy(), ours)


@given(seed=seeds, temperature=st.floats(0.05, 5.0))
def test_a_sample_is_the_likeliest_of_all_tokens_with_their_noise(seed: int, temperature: float) -> None:
    logits = torch.randn(3000, generator=torch.Generator().manual_seed(seed % 97)).numpy() * 4
    drawn = pick(logits, GenerationOptions(temperature=temperature, seed=seed), position=3)
    assert drawn == (logits / np.float32(temperature) + noise(seed, 3, 3000)).argmax()


def test_scores_know_the_likeliest_tokens_and_all_likelihoods() -> None:
    logits = torch.randn(5, 300, generator=torch.Generator().manual_seed(0)) * 9
    scores, expected = Scores(logits), logits.log_softmax(-1)
    assert scores.best == logits.argmax(-1).tolist()
    for place, token in [(0, 7), (3, scores.best[3]), (4, 299)]:
        assert scores.log_likelihood(place, token) == pytest.approx(float(expected[place, token]), abs=1e-4)
        assert scores.part(place, 5).log_likelihood(0, token) == scores.log_likelihood(place, token)


@given(seed=seeds)
def test_candidates_have_seeds_of_their_own_and_the_first_has_the_users(seed: int) -> None:
    found = [candidate_seed(seed, index) for index in range(8)]
    assert found[0] == seed
    assert len(set(found)) == 8
    assert all(0 <= each < 2**63 for each in found)


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("temperature", -0.1, "from 0 to 5"),
        ("temperature", float("nan"), "from 0 to 5"),
        ("top_p", 0.0, "above 0 up to 1"),
        ("top_k", -1, "whole number"),
        ("top_k", 1.5, "whole number"),
        ("min_p", 1.1, "from 0 to 1"),
        ("repetition_penalty", 0.0, "from 0.01"),
        ("max_tokens", 0, "from 1"),
        ("seed", -1, "from 0"),
        ("candidates", 0, "from 1"),
        ("stop", ("",), "none of them empty"),
        ("stop", "text", "tuple"),
    ],
)
def test_an_invalid_option_is_refused_by_name_and_range(name: str, value: object, allowed: str) -> None:
    with pytest.raises(OptionError, match=allowed) as caught:
        GenerationOptions(**{name: value})  # type: ignore[arg-type]
    assert caught.value.name == name


def test_scores_are_the_same_from_a_device_without_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    logits = torch.randn(5, 300, generator=torch.Generator().manual_seed(3)) * 4
    expected = Scores(logits)
    assert np.array_equal(expected.numbers(2), logits[2].numpy())
    fetched: list[Logits] = []
    monkeypatch.setattr(sampling, "as_array", lambda logits: fetched.append(logits))
    found = Scores(logits)
    parts = [found, found.part(1, 4).part(1, 3)]
    assert found.best == expected.best and len(fetched) == 1
    for part, start in zip(parts, (0, 2), strict=True):
        assert part.best == expected.best[start : start + len(part.best)]
        for place, best in enumerate(part.best):
            assert np.array_equal(part.numbers(place), expected.numbers(start + place))
            for token in (best, 17):
                likelihood = expected.log_likelihood(start + place, token)
                assert part.log_likelihood(place, token) == pytest.approx(likelihood, abs=1e-5)
    assert len(fetched) == 2  # once for the best, once for all of the numbers
