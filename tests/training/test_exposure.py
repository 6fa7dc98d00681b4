"""How far canaries are remembered: the arithmetic, and small real models that learn them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.cli.main import main
from dalle_kit.errors import ModelError, OptionError, RequestError
from dalle_kit.kit import Kit
from dalle_kit.modeling import DalleForConditionalGeneration
from dalle_kit.training import sources
from dalle_kit.training.canaries import Form
from dalle_kit.training.exposure import UNSEEN, exposure, likelihoods, rank
from dalle_kit.training.loop import Step
from dalle_kit.training.networks import read_causal
from dalle_kit.training.recipe import Recipe
from dalle_kit.training.run import train_model
from dalle_kit.training.sources import Sources
from tests.training.test_canaries import PHONE

if TYPE_CHECKING:
    from tests.conftest import Checkpoints

WORDS = tuple("bell cake door farm gate hill iris jade king lamp moon nest oak pond rose tide".split())
RECIPE = Recipe(learn="full", rate=3e-3, warmup=1, passes=25, batch=8, precision="float32")

Train = Callable[..., dict[str, Any]]


def nothing(step: Step) -> None:
    pass


def interrupt(step: Step) -> None:
    if step.number == 2:  # the checkpoint of the first one is there
        raise KeyboardInterrupt


@pytest.fixture
def train(small_model: Path, days: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Train:
    """Train the small model with a canary for each number of times, of 256 that there could be."""

    def run(recipe: Recipe = RECIPE, *, form: Form | None = None, stop: bool = False, **settings: Any) -> Any:
        monkeypatch.setattr(sources, "PASS_PHRASE", form or Form("The word for {number} is {code}.", WORDS))
        given = Sources(files=(days,), **{"canaries": 1, **settings})
        kit, folder, report = Kit(model=str(small_model)), tmp_path / "made", interrupt if stop else nothing
        return train_model(kit, given, folder, recipe=recipe, save_every=0.0 if stop else 600.0, report=report)

    return run


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=40), st.data())
def test_a_rank_counts_the_likelier_and_shares_the_places_of_equals(numbers: list[int], data: Any) -> None:
    values, place = torch.tensor(numbers, dtype=torch.float32), data.draw(st.integers(0, len(numbers) - 1))
    places = [at + 1 for at, value in enumerate(sorted(numbers, reverse=True)) if value == numbers[place]]
    assert rank(values, place) == fmean(places)
    assert 0 <= exposure(values, place) <= math.log2(len(numbers))
    assert sum(rank(values, each) for each in range(len(numbers))) == sum(range(1, len(numbers) + 1))


def test_the_likeliest_of_all_has_the_highest_exposure_and_the_least_likely_none() -> None:
    values = torch.arange(4096.0)
    assert exposure(values, 4095) == 12.0 and exposure(values, 4094) == 11.0 and exposure(values, 0) == 0.0
    assert fmean(exposure(values, place) for place in range(4096)) == pytest.approx(UNSEEN, abs=0.01)


def test_codes_are_as_likely_as_the_network_finds_each_alone(small_model: Path) -> None:
    network = read_causal(small_model).eval()
    prefix, codes = [5, 6, 7], [(9,), (12,), (9, 8), (9, 8, 7), (9, 8, 6), (30, 31, 32, 33)]
    with torch.no_grad():
        greedy = network(input_ids=torch.tensor([prefix])).logits[0, -1].argmax()
        codes.append((int(greedy),))
        values, likeliest = likelihoods(network, prefix, codes)
        for code, value in zip(codes, values, strict=True):
            logs = network(input_ids=torch.tensor([[*prefix, *code]])).logits[0].log_softmax(-1)
            alone = sum(logs[len(prefix) - 1 + place, token] for place, token in enumerate(code))
            torch.testing.assert_close(value, alone, atol=1e-4, rtol=1e-4)
    assert likeliest.tolist() == [False] * 6 + [True]


@pytest.mark.parametrize(("kind", "memory"), [("llama-long", "prefix"), ("gpt2", "cross-attention")])
def test_an_encoders_examples_are_read_for_every_code(kind: str, memory: str, checkpoints: Checkpoints) -> None:
    decoder = read_causal(Path(checkpoints(kind)[1].path))
    encoder = {"kind": "conv", "width": 16}
    network = DalleForConditionalGeneration.assemble(encoder=encoder, decoder=decoder, memory=memory, queries=2).eval()
    with torch.no_grad():
        torch.manual_seed(0)
        for each in network.parameters():  # what joins the two says nothing yet
            each.add_(0.2 * torch.randn_like(each))
    prefix, codes, examples = [5, 6, 7], [(9,), (9, 8), (12, 13, 14)], [[20, 21, 22, 23], [30, 31]]
    values, _ = likelihoods(network, prefix, codes, examples=examples)
    ids, mask = torch.tensor([[[20, 21, 22, 23], [30, 31, 0, 0]]]), torch.tensor([[[1, 1, 1, 1], [1, 1, 0, 0]]])
    with torch.no_grad():
        for code, value in zip(codes, values, strict=True):
            whole = network(input_ids=torch.tensor([[*prefix, *code]]), example_ids=ids, example_mask=mask.bool())
            logs = whole.logits[0].log_softmax(-1)
            alone = sum(logs[len(prefix) - 1 + place, token] for place, token in enumerate(code))
            torch.testing.assert_close(value, alone, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(values, likelihoods(network, prefix, codes, examples=[[40, 41]])[0])


def test_a_network_without_a_cache_is_refused(small_model: Path) -> None:
    network = read_causal(small_model).eval()
    forward = network.forward
    network.forward = lambda **arguments: forward(**{**arguments, "use_cache": False})
    with pytest.raises(ModelError, match=r"LlamaForCausalLM keeps no cache .*; train without them"):
        likelihoods(network, [5, 6], [(7, 8)])


def test_what_was_planted_often_is_exposed_and_what_never_was_is_not(train: Train, tmp_path: Path) -> None:
    card = train()
    rows = {row["times"]: row for row in card["canaries"]["rows"]}
    assert [*rows] == [0, 1, 2, 4, 8, 16] and card["canaries"]["candidates"] == 256
    assert rows[16]["after"]["mean"] == 8.0 and rows[16]["after"]["given_back"] == 1
    assert rows[0]["after"]["mean"] < 5.0 and rows[0]["after"]["given_back"] == 0
    assert all(row["before"]["given_back"] == 0 and row["before"]["highest"] < 8.0 for row in rows.values())
    assert json.loads((tmp_path / "made/training.json").read_text(encoding="utf-8"))["canaries"] == card["canaries"]
    readme = (tmp_path / "made/README.md").read_text(encoding="utf-8")
    assert "## Memory" in readme and "at most 8.0 bits, and 1.4 on average" in readme
    assert "| 16 | 1 | 8.0 | 8.0 | 1 |" in readme and "| 0 (control) | 1 |" in readme


@pytest.mark.parametrize("redact", [True, False])
def test_a_telephone_number_is_exposed_only_where_it_is_not_redacted(
    redact: bool, train: Train, tmp_path: Path
) -> None:
    card = train(form=PHONE, redact=redact)
    often = [row["after"] for row in card["canaries"]["rows"] if row["times"] >= 8]
    exposed = [row["mean"] for row in often]
    assert card["canaries"]["redacted"] == (5 if redact else 0)
    assert max(exposed) < 5.0 if redact else min(exposed) == 8.0
    readme = (tmp_path / "made/README.md").read_text(encoding="utf-8")
    assert ("Redaction took the code out of 5 of the 5" in readme) == redact


def test_a_run_goes_on_with_the_canaries_it_was_begun_with_alone(train: Train) -> None:
    recipe = replace(RECIPE, passes=1)
    with pytest.raises(KeyboardInterrupt):
        train(recipe, stop=True)
    with pytest.raises(OptionError, match=r"^resume: .*\(canaries was 1, is not set; texts was 38 .*, is 7 "):
        train(recipe, canaries=0)
    assert train(recipe)["canaries"]["rows"][-1]["times"] == 16


def test_canaries_that_are_longer_than_what_is_learned_are_refused(train: Train) -> None:
    with pytest.raises(RequestError, match=r"canaries: \d of 6 are longer than 50 tokens .*; give a larger --longest"):
        train(replace(RECIPE, longest=50))


def test_a_run_without_canaries_says_nothing_of_them(train: Train, tmp_path: Path) -> None:
    card = train(replace(RECIPE, passes=1), canaries=0)
    readme = (tmp_path / "made/README.md").read_text(encoding="utf-8")
    assert "canaries" not in card and "## Memory" not in readme and "canar" not in readme.casefold()


def test_the_command_tells_of_the_exposure(
    small_model: Path, days: Path, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(sources, "PASS_PHRASE", Form("The word for {number} is {code}.", WORDS))
    arguments = ["--model", str(small_model), "--data", str(days), "--rank", "2", "--passes", "1", "--canaries", "1"]
    assert main(["train", *arguments, "--output", str(tmp_path / "made")]) == 0
    assert "mean exposure of canaries planted 16 times " in capsys.readouterr().out
