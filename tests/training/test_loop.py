"""The loop of training, with a small model of random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from torch import Tensor

from dalle_kit.errors import DalleKitError, IntegrityError, ModelError, OptionError, OutputError
from dalle_kit.training.checkpoint import Checkpoint, History
from dalle_kit.training.learner import Learner, collate, prepare
from dalle_kit.training.loop import Step, Training, plan, share_of_rate, tensors_of
from dalle_kit.training.networks import read_causal
from dalle_kit.training.pairs import Pair
from dalle_kit.training.recipe import Recipe

RECIPE = Recipe(rank=2, alpha=4, rate=1e-2, warmup=1, passes=3, batch=2, precision="float32")
PAIRS = [Pair(tuple(range(3, 6 + number)), (40 + number, 50, 51, 1)) for number in range(6)]


def learner(folder: Path, recipe: Recipe = RECIPE) -> Learner:
    torch.manual_seed(0)
    return prepare(read_causal(folder), recipe, dtype=torch.float32)


def training(folder: Path, state: Path, recipe: Recipe = RECIPE, **settings: Any) -> tuple[Learner, Training]:
    made = learner(folder, recipe)
    return made, Training(
        made,
        settings.get("pairs", PAIRS),
        settings.get("held_out", []),
        recipe,
        accelerator=Accelerator(cpu=True, mixed_precision="no"),
        checkpoint=Checkpoint(state, {"rate": recipe.rate}),
        save_every=settings.get("save_every", 1000.0),
    )


class Stopped(Exception):
    pass


def stop_at(number: int) -> Any:
    def report(step: Step) -> None:
        if step.number == number:
            raise Stopped

    return report


def nothing(step: Step) -> None:
    pass


def test_the_loss_is_that_of_transformers_on_the_targets_alone(small_model: Path) -> None:
    made = learner(small_model)
    parts = collate(PAIRS[:3], device=torch.device("cpu"))
    labels = parts["tokens"].masked_fill(~parts["learned"], -100)
    mask = torch.arange(labels.shape[1]) < torch.tensor([len(pair) for pair in PAIRS[:3]])[:, None]
    wanted = made.network(input_ids=parts["tokens"], attention_mask=mask.long(), labels=labels).loss
    torch.testing.assert_close(made(**parts) / 12, wanted)


def test_a_text_has_the_same_loss_alone_and_beside_longer_ones(small_model: Path) -> None:
    made = learner(small_model)
    device = torch.device("cpu")
    alone = [made(**collate([pair], device=device)) for pair in PAIRS]
    torch.testing.assert_close(made(**collate(PAIRS, device=device)), sum(alone))


def test_only_the_adapter_learns_and_the_loss_falls(small_model: Path, tmp_path: Path) -> None:
    made, run = training(small_model, tmp_path / "state")
    frozen = {name: each.clone() for name, each in made.network.named_parameters() if not each.requires_grad}
    steps: list[Step] = []
    history = run.run(steps.append)
    assert [step.number for step in steps] == list(range(1, 10)) and steps[-1].of == 9
    assert steps[-1].tokens == 3 * sum(map(len, PAIRS)) == history.steps[-1][2] and steps[-1].left == 0
    assert steps[-1].loss < 0.85 * steps[0].loss
    assert all(torch.equal(frozen[name], each) for name, each in made.network.named_parameters() if name in frozen)


def test_accumulated_batches_make_the_step_of_one_large_batch(small_model: Path, tmp_path: Path) -> None:
    found = []
    for name, batch, accumulate in (("large", 4, 1), ("small", 2, 2)):
        recipe = Recipe(rank=2, rate=1e-2, warmup=1, passes=1, batch=batch, accumulate=accumulate, precision="float32")
        # Of one length: the same pairs are in the same step, whatever the size of the batches.
        made, run = training(small_model, tmp_path / name, recipe, pairs=[PAIRS[0], PAIRS[0], PAIRS[1], PAIRS[1]])
        found.append((run.run(nothing).steps[0][1], tensors_of(made)))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-5)
    for name, tensor in found[0][1].items():
        torch.testing.assert_close(tensor, found[1][1][name], atol=1e-4, rtol=1e-3)


def test_a_run_that_was_stopped_goes_on_to_the_same_curve_and_weights(small_model: Path, tmp_path: Path) -> None:
    held_out = [Pair((3, 4), (60, 1))]
    whole, run = training(small_model, tmp_path / "whole", held_out=held_out)
    wanted = run.run(nothing)
    _, run = training(small_model, tmp_path / "half", held_out=held_out, save_every=0.0)
    with pytest.raises(Stopped):
        run.run(stop_at(4))
    resumed, run = training(small_model, tmp_path / "half", held_out=held_out)
    numbers: list[int] = []
    found = run.run(lambda step: numbers.append(step.number))
    assert numbers == [4, 5, 6, 7, 8, 9]
    assert [each[:3] for each in found.steps] == [each[:3] for each in wanted.steps]
    assert found.held_out == wanted.held_out
    assert all(torch.equal(each, tensors_of(resumed)[name]) for name, each in tensors_of(whole).items())


def test_going_on_with_other_settings_names_what_differs(small_model: Path, tmp_path: Path) -> None:
    _, run = training(small_model, tmp_path / "state", save_every=0.0)
    with pytest.raises(Stopped):
        run.run(stop_at(2))
    _, run = training(small_model, tmp_path / "state", Recipe(rank=2, alpha=4, rate=0.5, precision="float32"))
    with pytest.raises(OptionError, match=r"rate was 0\.01, is 0\.5"):
        run.run(nothing)


def test_a_damaged_checkpoint_is_refused(small_model: Path, tmp_path: Path) -> None:
    _, run = training(small_model, tmp_path / "state", save_every=0.0)
    with pytest.raises(Stopped):
        run.run(stop_at(2))
    (file,) = (tmp_path / "state").iterdir()
    file.write_bytes(file.read_bytes()[:-9])
    _, run = training(small_model, tmp_path / "state")
    with pytest.raises(IntegrityError, match="is damaged"):
        run.run(nothing)


def test_a_loss_that_is_no_number_stops_and_the_last_good_checkpoint_is_kept(small_model: Path, tmp_path: Path) -> None:
    recipe = Recipe(rank=2, alpha=4, rate=1e30, warmup=2, passes=3, batch=2, precision="float32")
    _, run = training(small_model, tmp_path / "state", recipe, save_every=0.0)
    with pytest.raises(
        ModelError, match=r"step \d went wrong \(its loss is (nan|inf)\); the checkpoint of step \d is kept"
    ) as caught:
        run.run(nothing)
    assert "lower --rate than 1e+30" in str(caught.value)
    made = learner(small_model, recipe)
    optimiser = torch.optim.AdamW(made.learned().values())
    Checkpoint(tmp_path / "state", {"rate": 1e30}).load(made.learned(), optimiser)


def test_a_disk_that_takes_no_more_keeps_the_checkpoint_before(small_model: Path, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    _, run = training(small_model, tmp_path / "state", save_every=0.0)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(step: Step) -> None:
        # From now on the system refuses to write more than this to a file, as a full disk does.
        if step.number == 3:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))

    try:
        with pytest.raises(OutputError, match=r"the one of step 2 is kept"):
            run.run(fill)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert Checkpoint(tmp_path / "state", {}).step == 2
    assert [file.name for file in (tmp_path / "state").iterdir()] == ["state.safetensors"]
    _, run = training(small_model, tmp_path / "state")
    assert len(run.run(nothing).steps) == 9


def test_without_progress_on_held_out_texts_the_run_ends_early_with_the_best_weights(
    small_model: Path, tmp_path: Path
) -> None:
    # What is held out is the opposite of what is learned: it gets worse from the first step on.
    held_out = [Pair(pair.given, (90, 91, 92)) for pair in PAIRS]
    recipe = Recipe(rank=2, rate=5e-2, warmup=1, passes=10, batch=2, evaluations=30, patience=2, precision="float32")
    _, run = training(small_model, tmp_path / "state", recipe, held_out=held_out)
    history = run.run(nothing)
    assert history.is_done(2) and len(history.steps) < 30
    assert history.best is not None and run.held_out_loss() == pytest.approx(history.best[1], rel=1e-6)


def test_patience_is_counted_from_the_best_measurement() -> None:
    def done(*losses: float) -> bool:
        return History(held_out=list(enumerate(losses))).is_done(2)

    assert [done(3), done(3, 2, 1), done(3, 4), done(3, 4, 2), done(3, 4, 5), done(3, 2, 2, 2)] == [
        *[False] * 4,
        *[True] * 2,
    ]


def test_each_pass_sees_every_text_and_part_of_a_pass_a_part() -> None:
    for passes, count in ((1, 6), (2, 12), (1.5, 10)):
        steps = plan(PAIRS, Recipe(batch=2, accumulate=2, passes=passes))
        assert sum(len(part) for step in steps for part in step) == count
        assert all(len(step) == 2 for step in steps[:-1])


def test_the_rate_rises_in_a_line_and_falls_to_a_tenth() -> None:
    shares = [share_of_rate(step, 100, 4) for step in range(100)]
    assert shares[:5] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert shares[4:] == sorted(shares[4:], reverse=True) and 0.1 < shares[-1] < 0.11


def test_bridges_and_adapters_are_refused_where_there_is_no_place_for_them(small_model: Path) -> None:
    with pytest.raises(DalleKitError, match="LlamaForCausalLM has no bridge"):
        learner(small_model, Recipe(learn="bridge"))


def test_in_bfloat16_the_gradient_points_the_same_way(small_model: Path) -> None:
    found: list[Tensor] = []
    for dtype in (torch.float32, torch.bfloat16):
        torch.manual_seed(0)
        made = prepare(read_causal(small_model), RECIPE, dtype=dtype)
        made(**collate(PAIRS, device=torch.device("cpu"))).backward()
        assert all(each.dtype == torch.float32 for each in made.learned().values())
        found.append(torch.cat([each.grad.flatten() for each in made.learned().values() if each.grad is not None]))
    assert torch.cosine_similarity(found[0], found[1], dim=0) > 0.99
