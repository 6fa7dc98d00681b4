"""A saved folder on the project's engine: what is written, and what is refused."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from dalle_kit.engine.engine import Engine
from dalle_kit.errors import ModelError
from dalle_kit.modeling import DalleConfig, DalleForConditionalGeneration, copy_tokenizers
from dalle_kit.models.spec import StoredModel
from dalle_kit.records import GenerationOptions, Message, Prompt, Skeleton, Slot
from tests.modeling.conftest import ENCODERS, decoder_settings

if TYPE_CHECKING:
    from tokenizers import Tokenizer as Backend

PROMPTS = ["Dear Ana, the review", "one two three four five six seven eight nine ten", "Please", "Dear Ana, the cost"]
MAKES = [
    ("conv", "gpt2", "cross-attention"),
    ("transformer", "llama", "prefix"),
    ("conv", "qwen2", "none"),
]


_NONE: Mapping[str, int] = {}


def saved(
    make: tuple[str, str, str], folder: Path, *, reads: Backend, writes: Backend, sizes: Mapping[str, int] = _NONE
) -> DalleForConditionalGeneration:
    """Save a model with tokenizers of its own: the encoder's is another than the decoder's, of other ``sizes``."""
    torch.manual_seed(0)
    encoder, kind, memory = make
    decoder = {**decoder_settings(kind, memory=memory), "vocab_size": writes.get_vocab_size(), **sizes}
    settings = {**ENCODERS[encoder], **({"vocab_size": reads.get_vocab_size()} if encoder != "conv" else {})}
    model = DalleForConditionalGeneration(DalleConfig(encoder=settings, decoder=decoder, memory=memory, queries=3))
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if weights.dim() > 1 and "embedding" not in name and "queries" not in name:
                weights.mul_(4.0)
        assert model.gate is not None
        model.gate.fill_(0.7)
    model.eval()
    model.save_pretrained(folder)
    for name, backend in (("writes", writes), ("reads", reads)):
        (folder.parent / f"{folder.name}-{name}").mkdir()
        backend.save(str(folder.parent / f"{folder.name}-{name}" / "tokenizer.json"))
    encoder_tokenizer = None if encoder == "conv" else folder.parent / f"{folder.name}-reads"
    copy_tokenizers(folder, decoder=folder.parent / f"{folder.name}-writes", encoder=encoder_tokenizer)
    return model


Saved = tuple[DalleForConditionalGeneration, Engine]


@pytest.fixture(scope="module", params=MAKES, ids="-".join)
def made(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, byte_bpe: Backend, unigram: Backend
) -> Saved:
    folder = tmp_path_factory.mktemp("made") / "model"
    model = saved(request.param, folder, reads=unigram, writes=byte_bpe)
    return model, Engine.load(StoredModel(name="made", path=str(folder)), device="cpu")


def examples(model: DalleForConditionalGeneration, prompt: str, writes: Backend, reads: Backend) -> torch.Tensor:
    """The prompt as the only example, in the encoder's tokens (1, 1, S)."""
    if model.config.encoder["kind"] == "conv":
        return torch.tensor([[writes.encode(prompt, add_special_tokens=False).ids]])
    return torch.tensor([[reads.encode(prompt).ids]])


@pytest.mark.parametrize("prompt", PROMPTS)
def test_greedy_text_is_what_the_model_generates(made: Saved, prompt: str, byte_bpe: Backend, unigram: Backend) -> None:
    model, engine = made
    ids = torch.tensor([engine.tokenizer.encode_text(prompt, special=True)])
    written = model.generate(
        ids,
        example_ids=examples(model, prompt, byte_bpe, unigram),
        attention_mask=torch.ones_like(ids),
        max_new_tokens=16,
        do_sample=False,
        pad_token_id=2,
    )[0, ids.shape[1] :].tolist()
    ends = [place for place, token in enumerate(written) if token in engine.tokenizer.control_ids]
    expected = written[: ends[0]] if ends else written
    assert list(engine.generate([prompt], GenerationOptions(max_tokens=16))[0].slots["text"].tokens) == expected


def test_a_batch_writes_what_each_prompt_alone_gets(made: Saved) -> None:
    _, engine = made
    # Prompts that begin alike as well: what the decoder reads differs from the first token on.
    prompts = [*PROMPTS, "one two three four five six seven eight nine ten and more", *PROMPTS[:2]]
    for options in (GenerationOptions(max_tokens=12), GenerationOptions(max_tokens=12, temperature=0.9, seed=11)):
        together = engine.generate(prompts, options)
        alone = [engine.generate([prompt], options)[0] for prompt in prompts]
        assert [each.text for each in together] == [each.text for each in alone]


def test_slots_candidates_and_beams_are_filled(made: Saved) -> None:
    _, engine = made
    skeleton = Skeleton(("Dear Ana, ", Slot("a", options={"max_tokens": 6}), "\n\n", Slot("b", beams=3)))
    results: list[Any] = []
    work = (Prompt((Message("user", "one two three"),)), skeleton)
    list(engine.fill([work], GenerationOptions(max_tokens=6, candidates=3), results=results))
    assert len(results[0]) == 3
    assert all(set(each.slots) == {"a", "b"} for each in results[0])


def test_scores_and_vectors_are_those_of_the_model(made: Saved, byte_bpe: Backend, unigram: Backend) -> None:
    model, engine = made
    ids = engine.tokenizer.encode_text("one two", special=True)
    target = engine.tokenizer.encode_text(" three")
    given = examples(model, "one two", byte_bpe, unigram)
    logits = model(torch.tensor([ids + target]), example_ids=given).logits[0, len(ids) - 1 : -1]
    expected = logits.log_softmax(-1).gather(1, torch.tensor(target)[:, None]).sum().item()
    assert engine.score("one two", " three").log_likelihood == pytest.approx(expected, rel=1e-4)
    vectors = engine.encode(["one two", "Please bring the cost sheet."])
    assert vectors.shape == (2, 24)
    read, _ = model.encoder.read(given[0], torch.ones_like(given[0]))
    assert torch.allclose(vectors[0], torch.nn.functional.normalize(read[0].mean(0), dim=0), atol=1e-5)


def test_memory_takes_room_of_the_context(made: Saved) -> None:
    model, engine = made
    assert engine.family == "dalle"
    assert engine.context == (93 if model.config.memory == "prefix" else 96)


def test_a_prompt_longer_than_the_encoder_reads_is_read_in_parts(made: Saved) -> None:
    _, engine = made
    prompt = "one two three four five six seven eight " * 2
    assert engine.generate([prompt], GenerationOptions(max_tokens=3))[0].tokens > 0


@pytest.fixture
def folder(tmp_path: Path, byte_bpe: Backend, unigram: Backend) -> Path:
    saved(MAKES[1], tmp_path / "model", reads=unigram, writes=byte_bpe)
    return tmp_path / "model"


def load(folder: Path) -> Engine:
    return Engine.load(StoredModel(name="folder", path=str(folder)), device="cpu")


def test_packed_weights_write_as_well(folder: Path) -> None:
    engine = Engine.load(StoredModel(name="folder", path=str(folder)), device="cpu", quant="int8")
    assert engine.quant == "int8"
    assert engine.generate(PROMPTS, GenerationOptions(max_tokens=4))[0].tokens > 0


def test_missing_and_unexpected_tensors_are_refused_by_name(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    lacking = {name: value for name, value in weights.items() if name != "encoder.resampler.queries"}
    save_file(lacking, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"lacks encoder\.resampler\.queries; config\.json and the weights"):
        load(folder)
    save_file({**weights, "strange.weight": torch.ones(2)}, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"does not describe: strange\.weight"):
        load(folder)


def test_a_decoder_with_tensors_that_are_missing_or_too_many_is_refused_by_name(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    name = "decoder.model.layers.1.mlp.up_proj.weight"
    lacking = {each: value for each, value in weights.items() if each != name}
    save_file(lacking, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"model\.layers\.1\.mlp\.up_proj\.weight"):
        load(folder)
    more = {**weights, name.replace("layers.1", "layers.2"): weights[name].clone()}
    save_file(more, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"does not describe: model\.layers\.2\.mlp\.up_proj\.weight"):
        load(folder)


def test_a_tensor_of_another_shape_is_refused_by_name(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights["gate"] = torch.zeros(2)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="cannot be loaded"):
        load(folder)


@pytest.mark.parametrize("file", ["tokenizer.json", "encoder_tokenizer/tokenizer.json"])
def test_a_tokenizer_that_does_not_fit_the_weights_is_refused(folder: Path, file: str) -> None:
    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    size = len(tokenizer["model"]["vocab"])
    tokenizer["model"]["vocab"].update({f"more{number}": size + number for number in range(9)})
    (folder / file).write_text(json.dumps(tokenizer), encoding="utf-8")
    with pytest.raises(ModelError, match=r"has \d+ tokens and the model vectors of \d+: they do not belong together"):
        load(folder)


def test_a_folder_without_the_encoders_tokenizer_is_refused(folder: Path) -> None:
    shutil.rmtree(folder / "encoder_tokenizer")
    with pytest.raises(ModelError, match=re.escape("encoder_tokenizer")):
        load(folder)


def test_a_description_that_makes_no_model_is_refused(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, "memory": "prompt"}), encoding="utf-8")
    with pytest.raises(ModelError, match="'prompt' is no way to the decoder"):
        load(folder)


def test_an_email_is_written_with_a_saved_folder(folder: Path, home: Path) -> None:
    from dalle_kit import Kit

    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["decoder"]["max_position_embeddings"] = 4096
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    kit = Kit(model=str(folder))
    document = kit.generate(
        "email", to=["ana@example.com"], subject="Room", points=["room B12"], sender="Tom", seed=1, max_tokens=8
    )
    assert "B12" in document.text and document.text.endswith("Best regards,\nTom\n")
    assert document.provenance.model == str(folder)


def test_examples_that_the_encoder_reads_are_weighed_one_by_one(folder: Path, home: Path) -> None:
    from dalle_kit import Kit, make_examples

    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["decoder"]["max_position_embeddings"] = 4096
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    like = [make_examples(["The kettle is broken.", "Lunch is at one."])]
    arguments: dict[str, Any] = {"like": like, "steer": "memory", "repair": False, "max_tokens": 8, "orders": 4}
    found = Kit(model=str(folder)).explain("email", to=["ana@example.com"], points=["room B12"], **arguments)
    examples = {number for number, part in enumerate(found.parts) if part.kind == "example"}
    weighed = [{weight.part for weight in each.weights} for each in found.sentences if each.weights]
    assert len(examples) == 2 and weighed and all(examples <= parts for parts in weighed)
