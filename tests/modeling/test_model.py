"""The whole model: what it computes, what it learns, and that it comes back from a folder as it was."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM

from dalle_kit.errors import ModelError
from dalle_kit.modeling import DalleConfig, DalleEncoder, DalleForConditionalGeneration
from tests.modeling.conftest import MAKES, build, near, tokens

REACHED = [make for make in MAKES if make[2] != "none"]


def inputs(rows: int = 2, *, seed: int = 0) -> dict[str, Any]:
    return {"input_ids": tokens(rows, 8, seed=seed), "example_ids": tokens(rows, 2, 12, seed=seed + 1)}


def test_the_logits_are_one_row_a_token(model: DalleForConditionalGeneration) -> None:
    output = model(**inputs(3))
    assert output.logits.shape == (3, 8, 61)
    assert output.loss is None and output.memory.present.all()


def test_examples_change_what_is_written(model: DalleForConditionalGeneration) -> None:
    given = inputs()
    other = {**given, "example_ids": tokens(2, 2, 12, seed=9)}
    logits = model(**given).logits
    assert not near(model(**other).logits, logits, within=1e-2)
    assert not near(model(input_ids=given["input_ids"]).logits, logits, within=1e-2)


@pytest.mark.parametrize("decoder", ["gpt2", "llama", "qwen2"])
@pytest.mark.parametrize("masked", [False, True])
def test_with_closed_gate_and_no_memory_the_logits_are_the_decoders_own_to_the_bit(decoder: str, masked: bool) -> None:
    model = build("conv", decoder, "none")
    with torch.no_grad():
        assert model.gate is not None
        model.gate.zero_()
    given = inputs()
    if masked:
        given["attention_mask"] = torch.ones_like(given["input_ids"])
    bare = {name: value for name, value in given.items() if name != "example_ids"}
    assert torch.equal(model(**given).logits, model.decoder(**bare).logits)


def test_padding_of_the_prompt_changes_nothing(model: DalleForConditionalGeneration) -> None:
    given = inputs()
    alone = model(**given).logits
    for left, right in ((0, 3), (4, 0), (2, 2)):
        ids = F.pad(given["input_ids"], (left, right), value=7)
        mask = F.pad(torch.ones_like(given["input_ids"]), (left, right))
        found = model(input_ids=ids, attention_mask=mask, example_ids=given["example_ids"]).logits
        assert near(found[:, left : left + 8], alone)


def test_the_order_of_the_examples_and_padded_ones_change_nothing(model: DalleForConditionalGeneration) -> None:
    ids, examples = tokens(2, 8), tokens(2, 4, 10)
    expected = model(input_ids=ids, example_ids=examples).logits
    assert near(model(input_ids=ids, example_ids=examples[:, [2, 0, 3, 1]]).logits, expected, within=1e-5)
    more = torch.cat((tokens(2, 2, 10, seed=5), examples), dim=1)
    mask = torch.ones_like(more)
    mask[:, :2] = 0
    assert near(model(input_ids=ids, example_ids=more, example_mask=mask).logits, expected)


def test_gradients_reach_every_part(model: DalleForConditionalGeneration) -> None:
    given = inputs()
    model.train()
    torch.autograd.backward(model(**given, labels=given["input_ids"]).loss)
    unreached = [name for name, weights in model.named_parameters() if weights.grad is None or not weights.grad.any()]
    assert unreached == []


def test_a_closed_gate_lets_only_itself_learn_at_first() -> None:
    model = build("conv", "llama", "none")
    with torch.no_grad():
        assert model.gate is not None
        model.gate.zero_()
    given = inputs()
    torch.autograd.backward(model(**given, labels=given["input_ids"]).loss)
    assert model.gate.grad is not None and bool(model.gate.grad.any())
    assert model.encoder.projection is not None
    assert not any(weights.grad.any() for weights in model.encoder.projection.parameters() if weights.grad is not None)


def test_a_cache_changes_nothing(model: DalleForConditionalGeneration) -> None:
    given = inputs()
    whole = model(**given).logits
    memory = model.encode_examples(given["example_ids"])
    output = model(given["input_ids"][:, :3], memory=memory, use_cache=True)
    found = [output.logits]
    for start, end in ((3, 4), (4, 7), (7, 8)):
        output = model(
            given["input_ids"][:, start:end], memory=memory, past_key_values=output.past_key_values, use_cache=True
        )
        found.append(output.logits)
    assert near(torch.cat(found, dim=1), whole)


def test_cached_generation_writes_what_uncached_does(model: DalleForConditionalGeneration) -> None:
    given = inputs()
    options: dict[str, Any] = {"max_new_tokens": 12, "do_sample": False, "pad_token_id": 2}
    cached = model.generate(**given, **options)
    assert cached.shape[1] > 8
    assert torch.equal(cached, model.generate(**given, **options, use_cache=False))


def test_generation_takes_the_likeliest_token_of_the_plain_forward_pass(model: DalleForConditionalGeneration) -> None:
    given = inputs(1)
    ids = given["input_ids"]
    for _ in range(10):
        ids = torch.cat((ids, model(ids, example_ids=given["example_ids"]).logits[:, -1:].argmax(-1)), dim=1)
        if ids[0, -1] == 1:
            break
    assert torch.equal(model.generate(**given, max_new_tokens=10, do_sample=False), ids)


def test_a_batch_writes_what_each_row_writes_alone(model: DalleForConditionalGeneration) -> None:
    lengths = (8, 5, 3)
    ids = torch.full((3, 8), 2)
    mask = torch.zeros(3, 8, dtype=torch.long)
    examples, read = tokens(3, 3, 10), torch.ones(3, 3, 10, dtype=torch.long)
    read[0, 1:], read[1, 0, 4:] = 0, 0
    for row, length in enumerate(lengths):
        ids[row, 8 - length :], mask[row, 8 - length :] = tokens(length, seed=row), 1
    options: dict[str, Any] = {"max_new_tokens": 10, "do_sample": False, "pad_token_id": 2, "eos_token_id": None}
    together = model.generate(ids, attention_mask=mask, example_ids=examples, example_mask=read, **options)
    for row, length in enumerate(lengths):
        one = slice(row, row + 1)
        alone = model.generate(ids[one, 8 - length :], example_ids=examples[one], example_mask=read[one], **options)
        assert together[row, 8 - length :].tolist() == alone[0].tolist()


def test_beams_and_samples_have_the_memory_of_their_row(model: DalleForConditionalGeneration) -> None:
    given = inputs(2)
    options: dict[str, Any] = {"max_new_tokens": 6, "pad_token_id": 2, "do_sample": False, "num_beams": 3}
    together = model.generate(**given, **options)
    for row in range(2):
        alone = model.generate(**{name: value[row : row + 1] for name, value in given.items()}, **options)
        assert together[row, : alone.shape[1]].tolist() == alone[0].tolist()
    sampled = model.generate(**given, max_new_tokens=4, do_sample=True, num_return_sequences=3, pad_token_id=2)
    assert sampled.shape[0] == 6


def test_a_cache_of_a_fixed_size_is_refused(model: DalleForConditionalGeneration) -> None:
    with pytest.raises(ModelError, match="leave cache_implementation out"):
        model.generate(**inputs(), max_new_tokens=4, cache_implementation="static", pad_token_id=2)


@pytest.mark.parametrize("decoder", ["gpt2", "llama"])
def test_a_row_without_examples_is_the_decoder_alone_where_memory_is_a_prefix(decoder: str) -> None:
    model = build("conv", decoder, "prefix")
    given = inputs(3)
    mask = torch.ones_like(given["example_ids"])
    mask[1] = 0
    bare = model.decoder(input_ids=given["input_ids"]).logits
    found = model(**given, example_mask=mask)
    assert near(found.logits[1], bare[1])
    assert not near(found.logits[0], bare[0], within=1e-2)
    options: dict[str, Any] = {"max_new_tokens": 8, "do_sample": False, "pad_token_id": 2, "eos_token_id": None}
    written = model.generate(**given, example_mask=mask, **options)
    assert written[1].tolist() == model.decoder.generate(given["input_ids"][1:2], **options)[0].tolist()


def test_the_gradients_of_the_fusion_are_those_of_finite_differences() -> None:
    model = build("conv", "llama", "none").double()
    given = inputs(1)
    projection, gate = model.encoder.projection, model.gate
    assert projection is not None and gate is not None

    def loss() -> torch.Tensor:
        return torch.as_tensor(model(**given, labels=given["input_ids"]).loss)

    torch.autograd.backward(loss())
    source = torch.Generator().manual_seed(2)
    for weights in (gate, *projection.parameters()):
        flat, gradient = weights.data.view(-1), weights.grad
        assert gradient is not None
        for place in torch.randint(len(flat), (5,), generator=source).tolist():
            before, step = flat[place].item(), 1e-6
            with torch.no_grad():
                flat[place] = before + step
                above = loss()
                flat[place] = before - step
                below = loss()
                flat[place] = before
            slope = (above - below).item() / (2 * step)
            assert slope == pytest.approx(gradient.view(-1)[place].item(), rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("make", REACHED[:3] + REACHED[4:5], ids="-".join)
def test_it_learns_pairs_that_only_the_examples_tell_apart(make: tuple[str, str, str]) -> None:
    torch.manual_seed(3)
    model = DalleForConditionalGeneration(build(*make).config).train()
    ids = tokens(1, 4).expand(4, -1)  # the same prompt for all
    targets = tokens(4, 5, seed=8)
    ids = torch.cat((ids, targets), dim=1)
    labels = ids.clone()
    labels[:, :4] = -100
    examples = tokens(4, 1, 20, seed=4)
    optimiser = torch.optim.AdamW(model.parameters(), lr=6e-3, weight_decay=0.0)
    for _ in range(150):
        loss = model(ids, example_ids=examples, labels=labels).loss
        torch.autograd.backward(loss)
        optimiser.step()
        optimiser.zero_grad()
        if loss.item() < 0.01:
            break
    assert loss.item() < 0.01
    model.eval()
    written = model.generate(
        ids[:, :4], example_ids=examples, max_new_tokens=5, do_sample=False, eos_token_id=None, pad_token_id=2
    )
    assert torch.equal(written, ids)


def test_a_saved_folder_gives_the_same_model_to_the_bit(model: DalleForConditionalGeneration, tmp_path: Path) -> None:
    given = inputs()
    model.save_pretrained(tmp_path)
    found = AutoModelForCausalLM.from_pretrained(tmp_path)
    assert type(found) is DalleForConditionalGeneration
    assert torch.equal(found(**given).logits, model(**given).logits)
    mine, yours = model.state_dict(), found.state_dict()
    assert mine.keys() == yours.keys() and all(torch.equal(mine[name], yours[name]) for name in mine)
    config = AutoConfig.from_pretrained(tmp_path)
    assert type(config) is DalleConfig
    assert (config.memory, config.queries, config.fusion) == (model.config.memory, 3, True)
    assert {file.name for file in tmp_path.iterdir()} == {
        "config.json",
        "generation_config.json",
        "model.safetensors",
    }
    again = tmp_path / "again"
    found.save_pretrained(again)
    # What was loaded knows the type of its numbers; a new model's decoder leaves that open.
    described = [json.loads((folder / "config.json").read_text(encoding="utf-8")) for folder in (again, tmp_path)]
    assert [each["decoder"].pop("dtype") for each in described] == ["float32", None]
    assert described[0] == described[1]
    assert (again / "model.safetensors").read_bytes() == (tmp_path / "model.safetensors").read_bytes()


def test_the_encoder_alone_is_loaded_from_the_folder(model: DalleForConditionalGeneration, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path)
    encoder = AutoModel.from_pretrained(tmp_path)
    assert type(encoder) is DalleEncoder
    examples = tokens(2, 2, 12)
    assert all(torch.equal(encoder(examples)[name], value) for name, value in model.encoder(examples).items())


def test_it_can_be_loaded_in_half_the_numbers(model: DalleForConditionalGeneration, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path)
    half = DalleForConditionalGeneration.from_pretrained(tmp_path, dtype=torch.bfloat16)
    assert {weights.dtype for weights in half.parameters()} == {torch.bfloat16}
    assert half.generate(**inputs(), max_new_tokens=3).shape[1] > 8


def test_checkpointing_leaves_the_gradients_as_they_are(model: DalleForConditionalGeneration) -> None:
    given = inputs()

    def gradients(model: Any) -> dict[str, torch.Tensor]:
        model.train()
        torch.autograd.backward(model(**given, labels=given["input_ids"], use_cache=False).loss)
        return {name: weights.grad for name, weights in model.named_parameters()}

    twin: Any = copy.deepcopy(model)
    enable = getattr(twin, "activation_checkpointing_enable", None) or twin.gradient_checkpointing_enable
    enable()
    assert any(getattr(module, "gradient_checkpointing", False) for module in twin.modules())
    expected, found = gradients(model), gradients(twin)
    assert all(near(found[name], value) for name, value in expected.items())


def test_attention_is_the_fused_one_and_equals_the_plain_one(
    model: DalleForConditionalGeneration, tmp_path: Path
) -> None:
    assert model.decoder.config._attn_implementation == "sdpa"
    model.save_pretrained(tmp_path)
    plain = DalleForConditionalGeneration.from_pretrained(tmp_path, attn_implementation="eager")
    assert plain.decoder.config._attn_implementation == "eager"
    assert near(plain(**inputs()).logits, model(**inputs()).logits)


def test_the_loss_is_that_of_the_labels_alone(model: DalleForConditionalGeneration) -> None:
    given = inputs()
    labels = given["input_ids"].clone()
    labels[:, :5], labels[1, 6] = -100, -100
    output = model(**given, labels=labels)
    likelihoods = output.logits.log_softmax(-1)
    learned = [(0, 5), (0, 6), (0, 7), (1, 5), (1, 7)]
    expected = -sum(likelihoods[row, place - 1, labels[row, place]].item() for row, place in learned) / len(learned)
    assert output.loss.item() == pytest.approx(expected, rel=1e-5)
    fewer = model(**given, labels=labels, targets_only=True)
    assert fewer.loss.item() == pytest.approx(expected, rel=1e-5)
    assert near(fewer.logits, torch.stack([output.logits[row, place - 1] for row, place in learned]))
    counted = model(**given, labels=labels, num_items_in_batch=10)
    assert counted.loss.item() == pytest.approx(expected / 2, rel=1e-5)


def test_logits_are_kept_where_they_are_wanted(model: DalleForConditionalGeneration) -> None:
    whole = model(**inputs()).logits
    assert near(model(**inputs(), logits_to_keep=1).logits, whole[:, -1:])
    assert near(model(**inputs(), logits_to_keep=torch.tensor([0, 5])).logits, whole[:, [0, 5]])
