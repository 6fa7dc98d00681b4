"""Models put together from trained parts, and descriptions of models that cannot be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForTextEncoding

from dalle_kit.errors import ModelError
from dalle_kit.modeling import (
    DalleConfig,
    DalleForConditionalGeneration,
    copy_tokenizers,
    dalle_seed_config,
)
from tests.modeling.conftest import ENCODERS, decoder_settings, tokens


def decoder(kind: str) -> Any:
    torch.manual_seed(5)
    return AutoModelForCausalLM.from_config(AutoConfig.for_model(**decoder_settings(kind, memory="none"))).eval()


def encoder(kind: str = "transformer") -> Any:
    torch.manual_seed(6)
    settings = {name: value for name, value in ENCODERS[kind].items() if name != "kind"}
    return AutoModelForTextEncoding.from_config(AutoConfig.for_model(**settings)).eval()


@pytest.mark.parametrize("memory", ["prefix", "cross-attention", "none"])
@pytest.mark.parametrize("kind", ["transformer", "t5"])
def test_trained_parts_keep_their_weights(memory: str, kind: str) -> None:
    reads, writes = encoder(kind), decoder("gpt2")
    before = {name: value.clone() for name, value in (*reads.state_dict().items(), *writes.state_dict().items())}
    model = DalleForConditionalGeneration.assemble(encoder=reads, decoder=writes, memory=memory, queries=2)
    found = {
        **{name.removeprefix("encoder.reader.model."): value for name, value in model.state_dict().items()},
        **{name.removeprefix("decoder."): value for name, value in model.state_dict().items()},
    }
    kept = [name for name in before if not name.startswith("pooler.")]
    assert len(kept) > 20 and all(torch.equal(found[name], before[name]) for name in kept)
    assert not model.training


def test_an_assembled_model_comes_back_from_its_folder(tmp_path: Path) -> None:
    model = DalleForConditionalGeneration.assemble(encoder=encoder("t5"), decoder=decoder("llama"), queries=2)
    model.save_pretrained(tmp_path)
    again = DalleForConditionalGeneration.from_pretrained(tmp_path)
    given = {"input_ids": tokens(2, 6), "example_ids": tokens(2, 2, 9)}
    assert torch.equal(again(**given).logits, model(**given).logits)
    assert again.generation_config.eos_token_id == 1


def test_new_layers_for_cross_attention_change_nothing_until_they_learn() -> None:
    bare = decoder("gpt2")
    ids = tokens(2, 7)
    expected = bare(input_ids=ids).logits
    model = DalleForConditionalGeneration.assemble(encoder=encoder(), decoder=bare, memory="cross-attention")
    assert torch.equal(model(ids, example_ids=tokens(2, 3, 8)).logits, expected)


def test_memory_begins_as_large_as_the_embeddings_of_tokens() -> None:
    model = DalleForConditionalGeneration.assemble(encoder=encoder(), decoder=decoder("llama"), queries=4)
    memory = model.encode_examples(tokens(3, 2, 9)).vectors
    assert memory is not None
    weight: Any = model.get_input_embeddings().weight
    usual = weight.square().mean().sqrt().item()
    assert memory.square().mean().sqrt().item() == pytest.approx(usual, rel=0.5)


def test_a_conv_encoder_reads_the_decoders_tokens() -> None:
    model = DalleForConditionalGeneration.assemble(encoder={"kind": "conv", "width": 16}, decoder=decoder("llama"))
    assert model.config.encoder == {"kind": "conv", "vocab_size": 61, "width": 16}
    assert model.encoder.get_input_embeddings().num_embeddings == 61
    assert DalleConfig(decoder=decoder_settings("llama", memory="prefix")).encoder["width"] == 768


def test_the_bridge_is_what_lies_between_encoder_and_decoder() -> None:
    model = DalleForConditionalGeneration.assemble(encoder=encoder(), decoder=decoder("llama"), queries=4)
    bridge = dict(model.bridge_parameters())
    assert {name.split(".")[1] if "." in name else name for name in bridge} == {"resampler", "projection", "gate"}
    others = [name for name, _ in model.named_parameters() if name not in bridge]
    assert all(name.startswith(("encoder.reader.", "decoder.")) for name in others)
    for name, weights in model.named_parameters():
        weights.requires_grad_(name in bridge)
    assert float(bridge["gate"].detach()) == 1.0 and not bridge["encoder.projection.output.weight"].any()
    with torch.no_grad():
        bridge["encoder.projection.output.weight"].normal_()
    ids = tokens(2, 6)
    torch.autograd.backward(model(ids, example_ids=tokens(2, 2, 9), labels=ids).loss)
    assert all(weights.grad is not None and bool(weights.grad.any()) for weights in bridge.values())


def test_a_bridge_may_learn_in_other_numbers_than_the_rest_is_kept_in() -> None:
    model = DalleForConditionalGeneration.assemble(encoder=encoder(), decoder=decoder("llama").to(torch.bfloat16))
    assert {weights.dtype for weights in model.parameters()} == {torch.bfloat16}
    for _, weights in model.bridge_parameters():
        weights.data = weights.data.float()
    ids = tokens(2, 6)
    loss = model(ids, example_ids=tokens(2, 2, 9), labels=ids).loss
    torch.autograd.backward(loss)
    assert loss.isfinite() and model.gate is not None and model.gate.grad is not None


def test_the_seed_is_small_and_whole() -> None:
    config = dalle_seed_config(vocab_size=4096, eos_token_id=1)
    model = DalleForConditionalGeneration(config)
    assert 3e6 < model.num_parameters() < 1e7
    assert (config.encoder["kind"], config.decoder.model_type, config.memory) == ("conv", "gpt2", "cross-attention")
    assert (config.eos_token_id, config.bos_token_id) == (1, None)
    assert model(tokens(1, 5), example_ids=tokens(1, 1, 30)).logits.shape == (1, 5, 4096)


def settings(**changes: Any) -> dict[str, Any]:
    return {"encoder": ENCODERS["conv"], "decoder": decoder_settings("llama", memory="prefix"), **changes}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"memory": "prompt"}, r"memory: 'prompt' is no way to the decoder; give 'prefix'"),
        ({"memory": "none", "fusion": False}, "examples reach the decoder in no way"),
        ({"queries": 0}, "queries: 0 memory vectors are too few"),
        ({"encoder": {"kind": "rnn"}}, "its kind 'rnn' is unknown; give 'conv' or 'transformer'"),
        ({"encoder": {"kind": "transformer"}}, "encoder: it names no model_type"),
        ({"decoder": {"hidden_size": 8}}, "decoder: it names no model_type"),
        ({"decoder": {"model_type": "nonesuch"}}, "model_type 'nonesuch' is unknown to transformers"),
    ],
)
def test_a_description_that_makes_no_model_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        DalleConfig(**settings(**changes))


def test_parts_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(ModelError, match="a llama model can have no such layers"):
        DalleForConditionalGeneration.assemble(encoder=encoder(), decoder=decoder("llama"), memory="cross-attention")
    with pytest.raises(ModelError, match="a llama model, has no such layers"):
        DalleForConditionalGeneration(DalleConfig(**settings(memory="cross-attention")))
    with pytest.raises(ModelError, match="a t5 model is no causal LM"):
        t5 = {"model_type": "t5", "vocab_size": 61, "d_model": 16, "num_layers": 1, "num_heads": 2}
        DalleForConditionalGeneration(DalleConfig(**settings(decoder=t5)))
    both = AutoConfig.for_model("t5", vocab_size=61, d_model=16, num_layers=1, num_heads=2, d_kv=8, d_ff=16)
    with pytest.raises(ModelError, match="give its encoder alone"):
        from transformers import AutoModel

        DalleForConditionalGeneration.assemble(encoder=AutoModel.from_config(both), decoder=decoder("llama"))


def test_tokenizers_are_put_where_the_engine_looks(tmp_path: Path) -> None:
    for name in ("reads", "writes"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tokenizer.json").write_text(json.dumps({"of": name}), encoding="utf-8")
    (tmp_path / "writes" / "tokenizer_config.json").write_text("{}", encoding="utf-8")
    folder = tmp_path / "model"
    copy_tokenizers(folder, decoder=tmp_path / "writes", encoder=tmp_path / "reads")
    found = {str(file.relative_to(folder).as_posix()) for file in folder.rglob("*") if file.is_file()}
    assert found == {"tokenizer.json", "tokenizer_config.json", "encoder_tokenizer/tokenizer.json"}
    assert "reads" in (folder / "encoder_tokenizer" / "tokenizer.json").read_text(encoding="utf-8")
    with pytest.raises(ModelError, match=r"has no tokenizer\.json"):
        copy_tokenizers(folder, decoder=tmp_path)
