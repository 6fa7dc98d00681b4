"""From texts to a trained model's folder, with small models of random weights."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from safetensors.torch import load_file

from dalle_kit.cli.main import main
from dalle_kit.domain import Example
from dalle_kit.engine.engine import Engine
from dalle_kit.errors import ModelError, OutputError, RequestError
from dalle_kit.kit import Kit
from dalle_kit.models.adapters import load_adapter
from dalle_kit.models.adapters.files import adapter_hash
from dalle_kit.models.spec import StoredModel
from dalle_kit.records import GenerationOptions, Message, Prompt
from dalle_kit.training.loop import Step
from dalle_kit.training.networks import read_causal
from dalle_kit.training.recipe import Recipe
from dalle_kit.training.run import Choice, choose_precision, train_model
from dalle_kit.training.sources import Sources

if TYPE_CHECKING:
    from tests.conftest import Checkpoints
    from tests.training.conftest import WriteLines

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
RECIPE = Recipe(rank=2, alpha=4, rate=1e-2, warmup=1, passes=6, batch=2, precision="float32")
WRITTEN = ["README.md", "curves.json", "curves.png", "training.json"]


def nothing(step: Step) -> None:
    pass


def corpus(split: str) -> Iterable[Example]:
    for day in DAYS if split == "train" else ("Sunday",):
        yield Example(day, {"to": ["a@example.com"], "subject": "x", "points": [f"now {day}"]}, f"It is on {day}.")


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_what_an_earlier_run_learned_is_not_overwritten(small_model: Path, home: Path, tmp_path: Path) -> None:
    (tmp_path / "training.json").write_text("{}", encoding="utf-8")
    with pytest.raises(OutputError, match="has what an earlier run learned; give another --output"):
        train_model(Kit(model=str(small_model)), Sources(("email",)), tmp_path, recipe=RECIPE, report=nothing)
    assert (tmp_path / "training.json").read_text(encoding="utf-8") == "{}"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"model_type": "nosuch"}, "cannot be loaded"),
        ({"hidden_size": 16}, "other shapes than config"),
        ({"num_hidden_layers": 3}, "lacks model.layers.2"),
    ],
    ids=str,
)
def test_a_model_that_cannot_be_trained_is_said_to_be_so(
    small_model: Path, tmp_path: Path, config: dict[str, Any], message: str
) -> None:
    shutil.copytree(small_model, tmp_path / "broken")
    file = tmp_path / "broken" / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text(encoding="utf-8")), **config}), encoding="utf-8")
    with pytest.raises(ModelError, match=message):
        read_causal(tmp_path / "broken")


def test_an_adapter_is_written_with_the_record_of_how_it_was_made(
    small_model: Path, home: Path, tmp_path: Path
) -> None:
    kit, steps = Kit(model=str(small_model)), list[Step]()
    kit.plugins.domains["email"] = replace(kit.plugins.domain("email"), corpus=corpus)  # type: ignore[index]
    folder = tmp_path / "made"
    card = train_model(kit, Sources(("email",), limit=4), folder, recipe=RECIPE, report=steps.append)
    assert names(folder) == [*WRITTEN[:1], "adapter_config.json", "adapter_model.safetensors", *WRITTEN[1:]]
    assert json.loads((folder / "training.json").read_text(encoding="utf-8")) == card
    assert card["pairs"] == {"email train": 4, "email dev": 1}
    assert card["adapter_sha256"] == adapter_hash(folder)
    assert card["held_out_loss"]["trained"] < card["held_out_loss"]["bare"]
    assert [step.number for step in steps] == list(range(1, 13)) and card["steps"] == 12
    adapter = load_adapter(folder)
    assert (adapter.rank, adapter.alpha, len(adapter.layers)) == (2, 4, 14)  # seven matrices in each of two layers
    assert any(second.abs().max() > 0 for _, second in adapter.layers.values())


def test_curves_and_model_card_tell_what_happened(
    small_model: Path, days: Path, held_out: Path, home: Path, tmp_path: Path
) -> None:
    steps: list[Step] = []
    sources = Sources(files=(days,), held_out=(held_out,))
    card = train_model(Kit(model=str(small_model)), sources, tmp_path / "made", recipe=RECIPE, report=steps.append)
    curves = json.loads((tmp_path / "made/curves.json").read_text(encoding="utf-8"))
    assert [each["loss"] for each in curves["training"]] == [step.loss for step in steps]
    assert [each["step"] for each in curves["held_out"]][:2] == [0, 2]
    assert (tmp_path / "made/curves.png").read_bytes().startswith(b"\x89PNG")
    readme = (tmp_path / "made/README.md").read_text(encoding="utf-8")
    for part in ("# made", "LoRA adapter (rank 2, alpha 4)", "| texts.jsonl train | 7 |", "](curves.png)"):
        assert part in readme
    assert f"{card['held_out_loss']['bare']} before, {card['held_out_loss']['trained']} after" in readme
    assert "Addresses, links" in readme and str(tmp_path) not in readme.replace(str(small_model), "")


def test_all_weights_are_trained_and_saved_as_a_model_that_the_engine_runs(
    small_model: Path, days: Path, home: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "made"
    recipe = replace(RECIPE, learn="full", passes=40, rate=3e-3)
    train_model(Kit(model=str(small_model)), Sources(files=(days,)), folder, recipe=recipe, report=nothing)
    before, after = dict(read_causal(small_model).named_parameters()), dict(read_causal(folder).named_parameters())
    assert before.keys() == after.keys()
    assert all(not torch.equal(before[name], after[name]) for name in before)
    engine = Engine.load(StoredModel(name="made", path=str(folder)), device="cpu")
    prompt = Prompt((Message("user", "When is it? "),))
    (written,) = engine.generate([prompt], GenerationOptions(max_tokens=8, temperature=0.0))
    assert written.text == "It is on"


def test_a_tokenizer_with_more_tokens_than_the_weights_is_refused(
    checkpoints: Checkpoints, days: Path, home: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "misfit"
    shutil.copytree(checkpoints("llama-long")[1].path, folder)
    network = read_causal(folder)
    network.resize_token_embeddings(300)
    network.save_pretrained(folder)
    with pytest.raises(ModelError, match=r"has 376 tokens and the weights 300: they do not belong together"):
        train_model(Kit(model=str(folder)), Sources(files=(days,)), tmp_path / "made", recipe=RECIPE, report=nothing)


def test_texts_that_are_all_too_long_are_refused(small_model: Path, days: Path, home: Path, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="all 7 texts are longer than 3 tokens"):
        train_model(
            Kit(model=str(small_model)),
            Sources(files=(days,)),
            tmp_path / "made",
            recipe=replace(RECIPE, longest=3),
            report=nothing,
        )


def test_bfloat16_is_chosen_only_where_it_is_multiplied_quicker() -> None:
    able = torch.cpu.get_capabilities()
    quick = bool(able.get("avx512_bf16") or able.get("amx_bf16"))
    assert choose_precision("auto", device="cpu") == ("bfloat16" if quick else "float32")
    assert choose_precision("float32", device="cpu") == "float32"
    assert choose_precision("auto", device="mps") == "float32"


@pytest.fixture
def small_encoder(tmp_path: Path, unigram: Any) -> Path:
    """A small encoder of the BERT family with random weights."""
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = BertConfig(vocab_size=unigram.get_vocab_size(), max_position_embeddings=64, **sizes)
    folder = tmp_path / "encoder"
    BertModel(config).save_pretrained(folder)
    unigram.save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture
def with_examples(write_lines: WriteLines) -> Path:
    return write_lines(
        [
            {"prompt": "When?", "text": f"It is on {day}.", "examples": [f"We meet {day}.", "Yes."][: 1 + number % 2]}
            for number, day in enumerate(DAYS)
        ],
        "examples.jsonl",
    )


@pytest.mark.parametrize("learn", ["bridge", "lora"])
def test_an_encoder_is_joined_and_what_is_frozen_stays_as_it_was(
    learn: Any, small_model: Path, small_encoder: Path, with_examples: Path, home: Path, tmp_path: Path
) -> None:
    folder, steps = tmp_path / "made", list[Step]()
    recipe = replace(RECIPE, learn=learn, passes=20)
    choice = Choice(encoder=str(small_encoder))
    train_model(
        Kit(model=str(small_model)), Sources(files=(with_examples,)), folder, recipe=recipe, choice=choice,
        report=steps.append,
    )  # fmt: skip
    assert steps[-1].loss < 0.8 * steps[0].loss
    assert {"config.json", "model.safetensors", "tokenizer.json", "encoder_tokenizer", *WRITTEN} <= set(names(folder))
    made, base = load_file(folder / "model.safetensors"), dict(read_causal(small_model).named_parameters())
    changed = {name for name, tensor in base.items() if not torch.equal(made[f"decoder.{name}"], tensor)}
    linear = {name for name in base if "proj" in name}
    assert changed == (linear if learn == "lora" else set())
    assert not any("lora" in name for name in made)
    assert Engine.load(StoredModel(name="made", path=str(folder)), device="cpu")
    assert (folder / "parts").is_dir() == (learn == "lora")
    # What was made is trained on, with an encoder of its own.
    again = train_model(
        Kit(model=str(folder)), Sources(files=(with_examples,)), tmp_path / "again",
        recipe=replace(recipe, learn="bridge", passes=1), report=steps.append,
    )  # fmt: skip
    assert again["training_loss"][0] == pytest.approx(steps[-4].loss, abs=0.5)
    with pytest.raises(ModelError, match="has an encoder of its own; leave --encoder out"):
        train_model(
            Kit(model=str(folder)), Sources(files=(with_examples,)), tmp_path / "no", recipe=recipe, choice=choice,
            report=nothing,
        )  # fmt: skip


def test_a_new_small_model_is_trained_from_scratch_with_a_tokenizer_of_its_own(
    with_examples: Path, home: Path, tmp_path: Path
) -> None:
    folder, steps = tmp_path / "made", list[Step]()
    recipe = replace(RECIPE, learn="full", rate=1e-3, passes=10)
    card = train_model(
        Kit(), Sources(files=(with_examples,)), folder, recipe=recipe, choice=Choice(from_scratch=True),
        report=steps.append,
    )  # fmt: skip
    assert steps[-1].loss < 0.8 * steps[0].loss and card["base"] == "dalle-seed, new"
    assert {"config.json", "model.safetensors", "tokenizer.json", *WRITTEN} <= set(names(folder))
    engine = Engine.load(StoredModel(name="made", path=str(folder)), device="cpu")
    assert engine.tokenizer.decode(engine.tokenizer.encode_text("It is on Monday.")) == "It is on Monday."


@pytest.mark.parametrize(
    "option", ["--passes", "--rank", "--rate", "--batch", "--limit", "--accumulate", "--save-every", "--patience"]
)
def test_nothing_is_trained_with_a_number_that_means_nothing(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "email", "--output", str(tmp_path / "made"), option, "0"]) == 2
    assert option in capsys.readouterr().err
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "name a domain whose texts to train on, or a file of texts with --data"),
        (["email", "--from-scratch", "dalle-seed", "--learn", "lora"], "a new model has nothing to build on"),
        (["email", "--from-scratch", "dalle-seed", "--encoder", "minilm-l6"], "has its own"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    arguments: list[str], problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", *arguments, "--output", str(tmp_path / "made")]) == 2
    assert problem in capsys.readouterr().err
    assert not (tmp_path / "made").exists()


def test_the_command_tells_of_loss_speed_and_the_time_left(
    small_model: Path, days: Path, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--model", str(small_model), "--data", str(days), "--rank", "2", "--passes", "1", "--batch", "4"]
    assert main(["train", *arguments, "--output", str(tmp_path / "made")]) == 0
    told = capsys.readouterr()
    assert "step 1 of 2: loss " in told.err and " tokens/s, " in told.err and " left" in told.err
    assert told.out.startswith(f"{tmp_path / 'made'}: ") and "nothing was held out" in told.out


def test_what_was_learned_beside_the_parts_is_written_alone_and_gone_on_from(
    small_model: Path, small_encoder: Path, with_examples: Path, home: Path, tmp_path: Path
) -> None:
    kit, sources, choice = Kit(model=str(small_model)), Sources(files=(with_examples,)), Choice(str(small_encoder))
    steps, again = list[Step](), list[Step]()
    train_model(kit, sources, tmp_path / "made", recipe=RECIPE, choice=choice, report=steps.append)
    parts = tmp_path / "made" / "parts"
    assert names(parts) == ["adapter_config.json", "adapter_model.safetensors", "bridge.json", "bridge.safetensors"]
    made, bridge = load_file(tmp_path / "made" / "model.safetensors"), load_file(parts / "bridge.safetensors")
    assert all(torch.equal(made[name].half(), tensor) for name, tensor in bridge.items())
    base = dict(read_causal(small_model).named_parameters())
    for layer, (first, second) in load_adapter(parts).layers.items():
        change = made[f"decoder.{layer}.weight"] - base[f"{layer}.weight"]
        assert torch.allclose(change, 2 * second.float() @ first.float(), atol=2e-3)
    going_on = replace(choice, begin_with=parts)
    card = train_model(kit, sources, tmp_path / "again", recipe=RECIPE, choice=going_on, report=again.append)
    assert card["begun_with"] == adapter_hash(parts)
    assert again[0].loss < steps[0].loss
    with pytest.raises(ModelError, match=r"has the rank 2 and alpha 4.*give --rank 2"):
        train_model(
            kit, sources, tmp_path / "other", recipe=replace(RECIPE, rank=3), choice=going_on, report=again.append
        )
