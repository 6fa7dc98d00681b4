"""The networks that are trained: read from a model's folder, joined from two, or new; and saved when they are done."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dalle_kit.engine.tokenization import Tokenizer, read_json
from dalle_kit.engine.transformers_model import check_tensors, translated
from dalle_kit.errors import ModelError
from dalle_kit.models.adapters import Adapter, save_adapter
from dalle_kit.models.bridge import save_bridge
from dalle_kit.models.weights import read_weights
from dalle_kit.training.learner import Learner, prepare
from dalle_kit.training.pairs import ReadExamples
from dalle_kit.training.recipe import Recipe
from dalle_kit.training.sources import Sample

_LORA = re.compile(r"(?P<layer>.+)\.lora_(?P<part>[AB])\.default\.weight")
#: So begin the names of an encoder-decoder's tensors that are its decoder's.
_DECODER = "decoder."
#: Where what was learned beside an encoder-decoder's own parts is written alone, in its folder.
_PARTS = "parts"
#: Memory vectors of an encoder-decoder that is joined here.
_QUERIES = 16
#: Tokens of an example where its encoder reads more: a longer text is read as several examples, as in the engine.
_LONGEST_EXAMPLE = 512
#: Files beside the weights that are taken over as they are.
_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
    "special_tokens_map.json",
    "generation_config.json",
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a network comes from: ``make`` gives a new copy of it in float32, the same one each time.

    ``facts`` name it in the card and have to be the same for a run to go on. ``tokenizers`` maps places in a saved
    folder to the folders that their tokenizers come from.
    """

    make: Callable[[], Any]
    tokenizer: Tokenizer
    end: int
    facts: Mapping[str, Any]
    tokenizers: Mapping[str, Path]
    read_examples: ReadExamples | None = None


def causal_origin(name: str, folder: Path, sha256: str | None) -> Origin:
    """Return a causal LM, or an encoder-decoder of ours, as it lies in a folder."""
    config = read_json(folder / "config.json")
    facts = {"base": name, "base_sha256": sha256}
    tokenizer, end = Tokenizer.load(folder), _end_of(folder, config)
    if config.get("model_type") == "dalle":
        own = folder / "encoder_tokenizer"
        reader = Tokenizer.load(own) if own.is_dir() else None
        tokenizers = {"": folder, **({"encoder_tokenizer": own} if reader else {})}
        read = _reader_of(reader, tokenizer, limit=config["encoder"].get("max_position_embeddings"))
        return Origin(lambda: _read_dalle(folder), tokenizer, end, facts, tokenizers, read)
    return Origin(lambda: read_causal(folder), tokenizer, end, facts, {"": folder})


def joined_origin(decoder: Origin, name: str, folder: Path) -> Origin:
    """Return an encoder-decoder: a new bridge between the encoder in ``folder`` and a causal LM."""

    def make() -> Any:
        from transformers import AutoModel

        from dalle_kit.modeling import DalleForConditionalGeneration

        torch.manual_seed(0)
        load = partial(AutoModel.from_pretrained, folder, dtype=torch.float32, trust_remote_code=False)
        encoder = translated(str(folder), load)
        return DalleForConditionalGeneration.assemble(
            encoder=encoder, decoder=decoder.make(), memory="prefix", queries=_QUERIES
        )

    limit = read_json(folder / "config.json").get("max_position_embeddings")
    read = _reader_of(Tokenizer.load(folder), decoder.tokenizer, limit=limit)
    facts = {**decoder.facts, "encoder": name}
    tokenizers = {**decoder.tokenizers, "encoder_tokenizer": folder}
    return Origin(make, decoder.tokenizer, decoder.end, facts, tokenizers, read)


def seed_origin(tokenizer_folder: Path, *, seed: int) -> Origin:
    """Return a new ``dalle-seed``: conv encoder and GPT-2 decoder, for the tokenizer in a folder."""
    tokenizer = Tokenizer.load(tokenizer_folder)
    end = min(tokenizer.control_ids)

    def make() -> Any:
        from dalle_kit.modeling import DalleForConditionalGeneration, dalle_seed_config

        torch.manual_seed(seed)
        tokens = {"bos_token_id": end, "eos_token_id": end, "pad_token_id": end}
        return DalleForConditionalGeneration(dalle_seed_config(vocab_size=tokenizer.size, **tokens))

    facts = {"base": "dalle-seed, new"}
    return Origin(make, tokenizer, end, facts, {"": tokenizer_folder}, _reader_of(None, tokenizer, limit=None))


def make_tokenizer(texts: Sequence[str], folder: Path, *, size: int = 8192) -> None:
    """Write a byte-level BPE tokenizer of the words of ``texts`` into a folder; the same one for the same texts."""
    from tokenizers import Tokenizer as Backend
    from tokenizers import decoders, models, pre_tokenizers, trainers

    end = "<|endoftext|>"
    backend = Backend(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=2,
        special_tokens=[end],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator(texts, trainer)
    folder.mkdir(parents=True, exist_ok=True)
    backend.save(str(folder / "tokenizer.json"))
    settings = {"eos_token": end, "tokenizer_class": "PreTrainedTokenizerFast"}
    (folder / "tokenizer_config.json").write_bytes((json.dumps(settings, indent=2) + "\n").encode("utf-8"))


def read_causal(folder: Path) -> Any:
    """Return the causal LM in a folder, its weights packed or not, in float32; raises ModelError for another kind."""
    from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, AutoConfig

    config = translated(str(folder), lambda: AutoConfig.from_pretrained(folder, trust_remote_code=False))
    if type(config) not in MODEL_FOR_CAUSAL_LM_MAPPING or config.is_encoder_decoder:
        raise ModelError(f"{folder} is a {config.model_type} model; causal LMs and dalle models are trained")
    # Read by us: transformers knows no packed weights.
    weights = {name: tensor.clone() for name, tensor in read_weights(folder)}
    kind, options = MODEL_FOR_CAUSAL_LM_MAPPING[type(config)], {"attn_implementation": "sdpa"}
    return _filled(folder, kind, config, weights, **options)


def _read_dalle(folder: Path) -> Any:
    from dalle_kit.modeling import DalleConfig, DalleForConditionalGeneration

    config = translated(str(folder), lambda: DalleConfig.from_pretrained(folder))
    weights = {name: tensor.clone() for name, tensor in read_weights(folder)}
    return _filled(folder, DalleForConditionalGeneration, config, weights)


def _filled(folder: Path, kind: Any, config: Any, weights: Mapping[str, Tensor], **options: Any) -> Any:
    """Return a model in float32 with the weights of a folder; raises ModelError where they are not what it has."""
    options |= {"dtype": torch.float32, "output_loading_info": True}
    load = partial(kind.from_pretrained, None, config=config, state_dict=weights, **options)
    network, found = translated(str(folder), load)
    check_tensors(str(folder), found)
    return network


def _reader_of(encoder: Tokenizer | None, decoder: Tokenizer, *, limit: int | None) -> ReadExamples:
    """Return how example texts become an encoder's tokens, as the engine does it.

    Without any, the request's own prompt is the only one; a text that is longer than the encoder reads is several.
    """
    tokenizer = encoder or decoder
    before, after = tokenizer.around if encoder else ([], [])
    room = min(limit or _LONGEST_EXAMPLE, _LONGEST_EXAMPLE) - len(before) - len(after)

    def read(sample: Sample) -> list[list[int]]:
        texts = sample.examples or (decoder.decode(decoder.encode_prompt(sample.prompt)),)
        tokens = [tokenizer.encode_text(text) for text in texts]
        return [[*before, *each[at : at + room], *after] for each in tokens for at in range(0, max(1, len(each)), room)]

    return read


def save_network(origin: Origin, recipe: Recipe, learned: Mapping[str, Tensor], folder: Path) -> str | None:
    """Write what was learned: an adapter alone for LoRA beside a causal LM, the whole network otherwise.

    Returns an adapter's hash, None for a network.
    """
    if recipe.learn == "lora" and origin.read_examples is None:
        base = str(origin.facts["base"])
        return save_adapter(folder, _layers(learned), rank=recipe.rank, alpha=recipe.alpha, base=base)
    network = network_with(origin, recipe, learned)
    if recipe.learn == "lora":
        _save_parts(origin, recipe, learned, network.config, folder / _PARTS)
    _merge_adapters(network)
    network.save_pretrained(folder)
    for place, source in origin.tokenizers.items():
        (folder / place).mkdir(exist_ok=True)
        for name in _FILES:
            if (source / name).is_file() and source != folder / place:
                shutil.copyfile(source / name, folder / place / name)
    return None


def network_with(origin: Origin, recipe: Recipe, learned: Mapping[str, Tensor]) -> Any:
    """Return the network in float32 with what was learned in its place, any adapter beside its layers."""
    # From the beginning: what was frozen may have been rounded while it was trained beside.
    network = origin.make()
    prepared = prepare(network, recipe, dtype=torch.float32).learned()
    with torch.no_grad():
        for name, tensor in learned.items():
            prepared[name].copy_(tensor)
    return network


def go_on_from(learner: Learner, adapter: Adapter, recipe: Recipe) -> None:
    """Begin with an adapter's matrices; raises ModelError where they are not those of this network and recipe."""
    if (adapter.rank, adapter.alpha) != (recipe.rank, recipe.alpha) or recipe.learn != "lora":
        raise ModelError(
            f"{adapter.name} has the rank {adapter.rank} and alpha {adapter.alpha:g}, to be learned is {recipe.learn} "
            f"with {recipe.rank} and {recipe.alpha}; give --rank {adapter.rank}"
        )
    learned = learner.learned()
    places = {name for name in learned if _LORA.fullmatch(name)}
    with torch.no_grad():
        for layer, matrices in adapter.layers.items():
            for part, matrix in zip("AB", matrices, strict=True):
                name = f"{layer}.lora_{part}.default.weight"
                name = name if name in places else _DECODER + name
                if name not in places or learned[name].shape != matrix.shape:
                    raise ModelError(f"{adapter.name} has {layer}, which the model has not; give one made for it")
                learned[name].copy_(matrix)
                places.remove(name)
    if places:
        raise ModelError(f"{adapter.name} lacks {min(places)}; give one made for this model")


def _save_parts(origin: Origin, recipe: Recipe, learned: Mapping[str, Tensor], config: Any, folder: Path) -> None:
    """Write the adapter and the bridge of an encoder-decoder alone, as a package ships them, in float16."""
    adapted = {name.removeprefix(_DECODER): each for name, each in learned.items() if _LORA.fullmatch(name)}
    bridge = {name: each for name, each in learned.items() if not _LORA.fullmatch(name)}
    save_adapter(folder, _layers(adapted), rank=recipe.rank, alpha=recipe.alpha, base=str(origin.facts["base"]))
    save_bridge(folder, bridge, memory=config.memory, queries=config.queries)


def _merge_adapters(network: Any) -> None:
    """Add LoRA's matrices to the weights beside which they were learned, and take them away."""
    from peft.tuners.lora import Linear

    for name, layer in list(network.named_modules()):
        if isinstance(layer, Linear):
            layer.merge()
            parent, _, last = name.rpartition(".")
            setattr(network.get_submodule(parent), last, layer.get_base_layer())


def _layers(learned: Mapping[str, Tensor]) -> dict[str, tuple[Tensor, Tensor]]:
    """Return the pair of matrices A and B of each layer."""
    parts: dict[str, dict[str, Tensor]] = {}
    for name, tensor in learned.items():
        match = _LORA.fullmatch(name)
        if match is None:
            raise ModelError(f"the adapter has a tensor of an unknown name: {name}")
        parts.setdefault(match["layer"], {})[match["part"]] = tensor
    return {layer: (matrices["A"], matrices["B"]) for layer, matrices in parts.items()}


def _end_of(folder: Path, config: Mapping[str, Any]) -> int:
    """Return the token that ends a text, as the engine knows it."""
    file = folder / "generation_config.json"
    settings = read_json(file) if file.exists() else {}
    end = settings.get("eos_token_id", config.get("eos_token_id"))
    end = end[0] if isinstance(end, list) else end
    if end is None:
        raise ModelError(
            f"{folder} names no token that ends a text (eos_token_id in config.json); add one, or train a model that "
            "writes"
        )
    return int(end)
