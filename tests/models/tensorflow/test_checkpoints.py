"""Published layouts: what comes out computes what TensorFlow computed, and what does not fit is refused."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dalle_kit.errors import IntegrityError, ModelError
from dalle_kit.models.registry import Registry
from dalle_kit.models.tensorflow.bundle import Bundle
from dalle_kit.models.tensorflow.conversion import convert
from dalle_kit.paths import Paths

TOLERANCE = 1e-4
PREFIXES = {"gpt2": "model.ckpt", "bert": "bert_model.ckpt", "t5": "model.ckpt-100", "t5-1.1": "model.ckpt-100"}
Copy = Callable[[str], Path]
Write = Callable[..., None]


def converted(source: Path, folder: Path) -> Path:
    folder.mkdir()
    convert(source, folder)
    return folder


def outputs_of(folder: Path, kind: str, inputs: Any) -> dict[str, Any]:
    """What transformers computes with a converted checkpoint."""
    import torch
    import transformers

    load = {"gpt2": "AutoModelForCausalLM", "bert": "AutoModel"}.get(kind, "AutoModelForSeq2SeqLM")
    model, loading = getattr(transformers, load).from_pretrained(folder, output_loading_info=True)
    assert not loading["missing_keys"] and not loading["unexpected_keys"] and not loading["mismatched_keys"]
    given = {name: torch.tensor(inputs[name]) for name in inputs.files}
    with torch.no_grad():
        if kind == "gpt2":
            return {"logits": model(given["tokens"]).logits}
        if kind == "bert":
            found = model(given["tokens"], attention_mask=given["mask"])
            return {"states": found.last_hidden_state, "pooled": found.pooler_output}
        return {"logits": model(given["source"], decoder_input_ids=given["target"]).logits}


@pytest.mark.parametrize("kind", PREFIXES)
def test_the_outputs_are_tensorflow_s(references: Path, tmp_path: Path, kind: str) -> None:
    with np.load(references / kind / "expected.npz") as expected:
        found = outputs_of(converted(references / kind, tmp_path / "model"), kind, expected)
        for name, value in found.items():
            wanted = expected[name]
            assert wanted.std() > 0.1, "outputs that hardly differ would agree with anything"
            difference = np.abs(value.numpy() - wanted).max()
            print(f"{kind}: {name} differ by {difference:.1e} at most")
            assert difference <= TOLERANCE


@pytest.mark.parametrize("kind", ["t5", "t5-1.1"])
def test_texts_are_cut_into_the_pieces_that_sentencepiece_makes(references: Path, tmp_path: Path, kind: str) -> None:
    from dalle_kit.engine.tokenization import Tokenizer

    tokenizer = Tokenizer.load(converted(references / kind, tmp_path / "model"))
    expected = json.loads((references / kind / "pieces.json").read_text(encoding="utf-8"))
    assert {text: tokenizer.encode_text(text, special=True) for text in expected} == expected
    assert tokenizer.decode(tokenizer.encode_text("the cat sat on the mat")) == "the cat sat on the mat"


def test_openai_s_tokenizer_cuts_as_its_merges_say(tmp_path: Path, checkpoint: Copy) -> None:
    from dalle_kit.engine.tokenization import Tokenizer

    source = checkpoint("gpt2")
    numbers = json.loads((source / "encoder.json").read_text(encoding="utf-8"))
    tokenizer = Tokenizer.load(converted(source, tmp_path / "model"))
    pieces = ["the", "\u0120", "c", "a", "t", "\u0120the", "r", "e", "\u010a"]
    assert tokenizer.encode_text("the cat there\n") == [numbers[piece] for piece in pieces]
    assert tokenizer.decode(tokenizer.encode_text("the \u00e9 \u2014\n")) == "the \u00e9 \u2014\n"
    assert tokenizer.control_ids == {numbers["<|endoftext|>"]}


def test_words_are_cut_into_pieces_as_bert_does(tmp_path: Path, checkpoint: Copy) -> None:
    from dalle_kit.engine.tokenization import Tokenizer

    source = checkpoint("bert")
    lines = (source / "vocab.txt").read_text(encoding="utf-8").split("\n")
    tokenizer = Tokenizer.load(converted(source, tmp_path / "model"))
    tokens = [lines[number] for number in tokenizer.encode_text("The c\u00e0t 9", special=True)]
    assert tokens == ["[CLS]", "the", "cat", "[UNK]", "[SEP]"]


def test_a_vocabulary_with_capitals_keeps_them(tmp_path: Path, checkpoint: Copy) -> None:
    from dalle_kit.engine.tokenization import Tokenizer

    source = checkpoint("bert")
    file = source / "vocab.txt"
    file.write_text(file.read_text(encoding="utf-8").replace("\nworld\n", "\nWorld\n"), encoding="utf-8")
    tokenizer = Tokenizer.load(converted(source, tmp_path / "model"))
    assert len(tokenizer.encode_text("World")) == 1 and len(tokenizer.encode_text("world")) == 5


@pytest.mark.parametrize("kind", PREFIXES)
def test_a_folder_is_a_model_like_any_other(paths: Paths, checkpoint: Copy, kind: str) -> None:
    from dalle_kit.engine.engine import Engine
    from dalle_kit.records import GenerationOptions

    registry, name = Registry(paths=paths), str(checkpoint(kind))
    assert registry.find(name) is None
    stored = registry.ensure(name)
    assert Path(stored.path).parent == paths.models and Path(stored.path).name.startswith("tensorflow-")
    assert registry.find(name) == stored == registry.ensure(name)
    assert registry.find(Path(stored.path).name) is not None
    engine = Engine.load(stored, device="cpu")
    if kind == "bert":
        assert engine.family == "encoder"
    else:
        (written,) = engine.generate(["the cat"], GenerationOptions(max_tokens=4, temperature=0.0))
        assert math.isfinite(written.slots["text"].log_likelihood)
    assert registry.remove(name) > 0 and registry.find(name) is None


@pytest.mark.parametrize("memory", ["prefix", "cross-attention"])
def test_openai_s_model_is_a_decoder_that_examples_reach(tmp_path: Path, checkpoint: Copy, memory: str) -> None:
    import torch
    import transformers

    from dalle_kit.modeling import DalleForConditionalGeneration

    decoder = transformers.AutoModelForCausalLM.from_pretrained(converted(checkpoint("gpt2"), tmp_path / "model"))
    encoder = {"kind": "conv", "vocab_size": decoder.config.vocab_size, "width": 16}
    model = DalleForConditionalGeneration.assemble(encoder=encoder, decoder=decoder, memory=memory, queries=3)
    tokens, examples = torch.arange(7)[None], torch.arange(30).reshape(1, 2, 15)
    with torch.no_grad():
        assert torch.equal(model(tokens).logits, decoder.eval()(tokens).logits)
        assert model(tokens, example_ids=examples).logits.shape == (1, 7, decoder.config.vocab_size)


def test_a_copy_elsewhere_is_known_by_what_it_holds(paths: Paths, checkpoint: Copy, tmp_path: Path) -> None:
    registry, source = Registry(paths=paths), checkpoint("gpt2")
    stored = registry.ensure(str(source))
    moved = source.rename(tmp_path / "elsewhere")
    found = registry.find(str(moved))
    assert found is not None and found.path == stored.path
    (moved / "vocab.bpe").write_text("#version: 0.2\nt h\n", encoding="utf-8")
    assert registry.find(str(moved)) is None


def rewrite(folder: Path, kind: str, change: Callable[[dict[str, Any]], None], write: Write) -> None:
    """Write a checkpoint anew with its tensors changed."""
    bundle = Bundle(folder / PREFIXES[kind])
    tensors = {name: bundle.tensor(name).copy() for name in bundle.tensors}
    for file in bundle.files:
        file.unlink()
    change(tensors)
    write(folder / PREFIXES[kind], tensors)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("gpt2", "model/h1/mlp/c_fc/b"),
        ("bert", "bert/encoder/layer_0/attention/self/key/kernel"),
        ("t5", "decoder/block_001/layer_001/EncDecAttention/o"),
        ("t5", "encoder/block_000/layer_000/SelfAttention/relative_attention_bias"),
        ("t5-1.1", "encoder/block_000/layer_001/DenseReluDense/wi_1/kernel"),
    ],
)
def test_missing_tensors_are_named(paths: Paths, checkpoint: Copy, write_bundle: Write, kind: str, name: str) -> None:
    folder = checkpoint(kind)
    rewrite(folder, kind, lambda tensors: tensors.pop(name), write_bundle)
    with pytest.raises(ModelError, match=f"is no whole .* checkpoint: it lacks {re.escape(name)}"):
        Registry(paths=paths).ensure(str(folder))
    assert [each.name for each in paths.models.iterdir()] == [".locks"]


@pytest.mark.parametrize("kind", PREFIXES)
def test_unexpected_tensors_are_named(tmp_path: Path, checkpoint: Copy, write_bundle: Write, kind: str) -> None:
    folder = checkpoint(kind)
    rewrite(folder, kind, lambda tensors: tensors.update({"model/h2/more": np.zeros(3, "f4")}), write_bundle)
    with pytest.raises(ModelError, match="it also has model/h2/more;"):
        converted(folder, tmp_path / "model")


def test_many_names_are_counted(tmp_path: Path, checkpoint: Copy) -> None:
    folder = checkpoint("gpt2")
    settings = json.loads((folder / "hparams.json").read_text(encoding="utf-8"))
    (folder / "hparams.json").write_text(json.dumps({**settings, "n_layer": 4}), encoding="utf-8")
    with pytest.raises(ModelError, match=r"it lacks model/h2/attn/c_attn/b, .* and 19 more"):
        converted(folder, tmp_path / "model")


def test_settings_of_other_weights_are_refused(tmp_path: Path, checkpoint: Copy) -> None:
    folder = checkpoint("gpt2")
    settings = json.loads((folder / "hparams.json").read_text(encoding="utf-8"))
    (folder / "hparams.json").write_text(json.dumps({**settings, "n_ctx": 48}), encoding="utf-8")
    with pytest.raises(ModelError, match=r"model/wpe has the shape \(24, 16\), .* ask for \(48, 16\)"):
        converted(folder, tmp_path / "model")


@pytest.mark.parametrize(
    ("kind", "file", "content", "message"),
    [
        ("gpt2", "encoder.json", '{"a": 0, "<|endoftext|>": 1}', "has 2 tokens and the weights have 262 vectors"),
        ("gpt2", "encoder.json", '{"a": 0, "b": 7}', "does not number its 2 tokens"),
        ("gpt2", "encoder.json", "[1]", "holds no JSON object"),
        ("gpt2", "vocab.bpe", "#version: 0.2\nq \u2603\n", "vocab.bpe does not belong to"),
        ("gpt2", "hparams.json", '{"n_vocab": 262, "n_ctx": true}', "n_ctx is True, a positive whole number"),
        ("gpt2", "hparams.json", "{", "cannot be read"),
        ("bert", "vocab.txt", "[PAD]\n[UNK]\n", "the tokenizer does not fit the weights"),
        ("bert", "bert_config.json", "{}", "vocab_size is None"),
        ("t5", "sentencepiece.model", "no model", "is no SentencePiece model that can be read"),
        ("t5", "sentencepiece.model", "", "holds no unigram model"),
        ("t5", "operative_config.gin", "DenseReluDense.activation = 'swish'", "supported"),
        ("t5", "checkpoint", "", None),
    ],
)
def test_files_that_do_not_fit_are_refused(
    tmp_path: Path, checkpoint: Copy, kind: str, file: str, content: str, message: str | None
) -> None:
    folder = checkpoint(kind)
    (folder / file).write_text(content, encoding="utf-8")
    if message is None:
        converted(folder, tmp_path / "model")
        return
    with pytest.raises(ModelError, match=re.escape(message)):
        converted(folder, tmp_path / "model")


@pytest.mark.parametrize(
    ("kind", "file"),
    [
        ("gpt2", "hparams.json"),
        ("gpt2", "encoder.json"),
        ("gpt2", "vocab.bpe"),
        ("bert", "bert_config.json"),
        ("bert", "vocab.txt"),
        ("t5", "sentencepiece.model"),
    ],
)
def test_files_that_are_missing_are_named(tmp_path: Path, checkpoint: Copy, kind: str, file: str) -> None:
    folder = checkpoint(kind)
    (folder / file).unlink()
    with pytest.raises(ModelError, match=f"has no {re.escape(file)}"):
        converted(folder, tmp_path / "model")


def test_a_vocabulary_that_is_too_short_for_t5_is_refused(
    tmp_path: Path, checkpoint: Copy, write_bundle: Write
) -> None:
    folder = checkpoint("t5")
    rewrite(folder, "t5", lambda tensors: tensors.update({"shared/embedding": np.zeros((400, 16), "f4")}), write_bundle)
    with pytest.raises(ModelError, match="has 132 tokens and the weights have 400 vectors"):
        converted(folder, tmp_path / "model")


def test_damaged_weights_are_refused_and_not_kept(paths: Paths, checkpoint: Copy) -> None:
    folder = checkpoint("bert")
    file = next(folder.glob("*.data-00001*"))
    data = bytearray(file.read_bytes())
    data[1000] ^= 1
    file.write_bytes(data)
    with pytest.raises(IntegrityError, match="has another checksum than the index says"):
        Registry(paths=paths).ensure(str(folder))
    assert [each.name for each in paths.models.iterdir()] == [".locks"]


def test_models_of_unknown_kinds_are_refused(tmp_path: Path, write_bundle: Write) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    write_bundle(folder / "ckpt-1", {"dense/kernel": np.zeros(2, "f4")})
    with pytest.raises(ModelError, match=r"an unknown model \(dense/kernel \.\.\.\); known are GPT-2 \(model/wte"):
        converted(folder, tmp_path / "out")
    write_bundle(folder / "ckpt-1", {"_CHECKPOINTABLE_OBJECT_GRAPH": np.zeros(2, "u1")})
    with pytest.raises(ModelError, match="saved by Keras"):
        converted(folder, tmp_path / "other")


def test_one_of_several_checkpoints_has_to_be_named(tmp_path: Path, checkpoint: Copy, write_bundle: Write) -> None:
    folder = checkpoint("gpt2")
    write_bundle(folder / "model.ckpt-2", {"dense/kernel": np.zeros(2, "f4")})
    assert converted(folder, tmp_path / "latest").is_dir()
    named = 'model_checkpoint_path: "/home/ana/run\\\\model.ckpt-2"\n'
    (folder / "checkpoint").write_text(named.replace("\\\\", "/"), encoding="utf-8")
    with pytest.raises(ModelError, match="an unknown model"):
        converted(folder, tmp_path / "second")
    (folder / "checkpoint").unlink()
    with pytest.raises(ModelError, match=r"holds 2 checkpoints \(model\.ckpt, model\.ckpt-2\)"):
        converted(folder, tmp_path / "none")
