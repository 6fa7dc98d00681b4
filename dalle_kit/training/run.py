"""From texts to a trained model's folder: the whole of ``dalle-kit train``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from dalle_kit.engine.devices import choose_device
from dalle_kit.errors import ModelError, OutputError, RequestError
from dalle_kit.files import write_atomically
from dalle_kit.kit import Kit
from dalle_kit.models.adapters import load_adapter
from dalle_kit.models.adapters.files import adapter_hash
from dalle_kit.models.spec import Progress, silent
from dalle_kit.training.audit import Audit
from dalle_kit.training.card import make_card, model_card
from dalle_kit.training.checkpoint import Checkpoint, History
from dalle_kit.training.curves import write_curves
from dalle_kit.training.learner import Learner, prepare
from dalle_kit.training.loop import Step, Training, tensors_of
from dalle_kit.training.networks import (
    Origin,
    causal_origin,
    go_on_from,
    joined_origin,
    make_tokenizer,
    save_network,
    seed_origin,
)
from dalle_kit.training.pairs import Pair, make_pairs
from dalle_kit.training.recipe import Recipe
from dalle_kit.training.sources import Sample, Samples, Sources, read_samples

SEED = "dalle-seed"
_DEFAULT_ENCODER = "minilm-l6"
#: The file that is written when a run is over.
_RECORD = "training.json"


@dataclass(frozen=True, slots=True)
class Choice:
    """What is trained: the Kit's model, with an ``encoder`` to read examples, or a new one if ``from_scratch``.

    ``begin_with`` is the folder of an adapter to go on from.
    """

    encoder: str | None = None
    from_scratch: bool = False
    begin_with: Path | None = None


def train_model(
    kit: Kit,
    sources: Sources,
    folder: Path,
    *,
    recipe: Recipe,
    choice: Choice | None = None,
    save_every: float = 600.0,
    progress: Progress = silent,
    report: Callable[[Step], None],
) -> dict[str, Any]:
    """Train the Kit's model on texts and write what it learned to ``folder``; return the run's record.

    Checkpoints are written every ``save_every`` seconds; a run that was stopped goes on from the last one when it is
    started again with the same folder. Raises OutputError for the folder of a run that is over, RequestError for texts
    that cannot be used, DownloadError where a corpus cannot be fetched, ModelError where the model cannot be trained or
    its loss is no number, OptionError for a checkpoint of a run with other settings, DiskSpaceError for a full disk.
    """
    from accelerate import Accelerator
    from transformers import logging

    logging.disable_progress_bar()  # ours tells of the whole run
    cpu = choose_device(kit.settings.device) == "cpu"
    accelerator = Accelerator(cpu=cpu, mixed_precision="no")
    recipe = replace(recipe, precision=choose_precision(recipe.precision, device=accelerator.device.type))
    _refuse_run_that_is_over(folder)
    progress("reading the texts", 0, None)
    choice = choice or Choice()
    samples = read_samples(kit, replace(sources, examples=_reads_examples(kit, recipe, choice)), seed=recipe.seed)
    if not samples.learned:
        raise RequestError("there are no texts to train on; name a domain that has a corpus, or a file with --data")
    folder.mkdir(parents=True, exist_ok=True)
    origin, licence = _origin(kit, choice, recipe, samples, folder, accelerator, progress)
    pairs, held_out = _all_pairs(samples, origin, recipe)
    begun = {} if choice.begin_with is None else {"begun_with": adapter_hash(choice.begin_with)}
    facts = {**origin.facts, "processes": accelerator.num_processes, **begun}
    settings = {**asdict(recipe), **facts, "texts": _digest(pairs, held_out)}
    settings |= {"canaries": sources.canaries} if sources.canaries else {}
    checkpoint = Checkpoint(folder / "checkpoint", settings)
    checkpoint.check()
    learner = _learner(_fitting(origin), recipe, choice, device=accelerator.device.type)
    training = Training(
        learner, pairs, held_out, recipe, accelerator=accelerator, checkpoint=checkpoint, save_every=save_every
    )
    audit = Audit(samples.canaries if accelerator.is_main_process else (), origin, recipe, progress=progress)
    before = audit.measure(learner)
    history = training.run(report)
    card = make_card(recipe, facts, samples, history, tokens=sum(map(len, pairs)), redacted=sources.redact)
    if accelerator.is_main_process:
        if sources.canaries:
            card["canaries"] = audit.report(before, audit.measure(learner))
        with _written(folder):
            adapter = save_network(origin, recipe, tensors_of(learner), folder)
            card |= {} if adapter is None else {"adapter_sha256": adapter}
            _write_records(folder, card, history, licence)
        checkpoint.remove()
    accelerator.wait_for_everyone()
    accelerator.end_training()
    return card


def _refuse_run_that_is_over(folder: Path) -> None:
    if (folder / _RECORD).exists() and Checkpoint(folder / "checkpoint", {}).step is None:
        raise OutputError(f"{folder} has what an earlier run learned; give another --output, or remove it first")


def _reads_examples(kit: Kit, recipe: Recipe, choice: Choice) -> bool:
    """Say whether what is trained has an encoder of examples for the texts of domains."""
    if choice.from_scratch:
        return False
    return choice.encoder is not None or recipe.learn == "bridge" or kit.registry.reads_examples(kit.model)


def _learner(network: Any, recipe: Recipe, choice: Choice, *, device: str) -> Learner:
    """Return the network as what learns, going on from an adapter where one is given."""
    beginning = None if choice.begin_with is None else load_adapter(choice.begin_with)
    torch.manual_seed(recipe.seed)  # of the adapter's first matrices
    learner = prepare(network, recipe, dtype=getattr(torch, recipe.precision), device=device)
    if beginning is not None:
        go_on_from(learner, beginning, recipe)
    return learner


def _write_records(folder: Path, card: Mapping[str, Any], history: History, licence: str) -> None:
    """Write what tells of a run: the record, the curves and the model card."""
    write_atomically(folder / _RECORD, (json.dumps(card, indent=2) + "\n").encode(), force=True)
    write_curves(folder, history, title=folder.name)
    write_atomically(folder / "README.md", model_card(card, name=folder.name, licence=licence).encode(), force=True)


@contextmanager
def _written(folder: Path) -> Iterator[None]:
    """Have what the system says while results are written as an error of ours."""
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, SafetensorError, OutputError) as error:
        reason = " ".join(str(error).split())
        raise OutputError(
            f"what was learned cannot be written to {folder} ({reason:.200}); the checkpoint is kept: make room and "
            "run the same command again"
        ) from error


def choose_precision(wanted: str, *, device: str) -> Any:
    """Return what is multiplied in: for ``auto`` bfloat16 where the device multiplies that faster, else float32."""
    if wanted != "auto":
        return wanted
    if device == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    able = torch.cpu.get_capabilities() if device == "cpu" else {}
    return "bfloat16" if able.get("avx512_bf16") or able.get("amx_bf16") else "float32"


def _origin(
    kit: Kit, choice: Choice, recipe: Recipe, samples: Samples, folder: Path, accelerator: Any, progress: Progress
) -> tuple[Origin, str]:
    """Return what is trained, and its licence."""
    if choice.from_scratch:
        if accelerator.is_main_process:
            make_tokenizer([part for each in samples.learned for part in (each.prompt.text, each.text)], folder)
        accelerator.wait_for_everyone()
        return seed_origin(folder, seed=recipe.seed), "none: it is new"
    stored = kit.registry.ensure(kit.model, progress=progress)
    origin = causal_origin(stored.name, Path(stored.path), stored.sha256)
    encoder = choice.encoder or (_DEFAULT_ENCODER if recipe.learn == "bridge" and not origin.read_examples else None)
    if encoder is not None:
        if origin.read_examples:
            raise ModelError(f"{stored.name} has an encoder of its own; leave --encoder out")
        reader = kit.registry.ensure(encoder, progress=progress)
        origin = joined_origin(origin, reader.name, Path(reader.path))
    return origin, stored.spec.licence if stored.spec else "unknown"


def _all_pairs(samples: Samples, origin: Origin, recipe: Recipe) -> tuple[list[Pair], list[Pair]]:
    """Return the pairs to learn and those to measure on; raises RequestError where texts or canaries are too long."""
    pairs, held_out = _pairs(samples.learned, origin, recipe), _pairs(samples.held_out, origin, recipe)
    if not pairs:
        raise RequestError(f"all {len(samples.learned)} texts are longer than {recipe.longest} tokens; shorten them")
    # One that was left out would seem not to be remembered.
    long = len(samples.canaries) - len(_pairs([each.sample for each in samples.canaries], origin, recipe))
    if long:
        raise RequestError(
            f"canaries: {long} of {len(samples.canaries)} are longer than {recipe.longest} tokens with the prompts of "
            "the texts; give a larger --longest"
        )
    return pairs, held_out


def _pairs(samples: Sequence[Sample], origin: Origin, recipe: Recipe) -> list[Pair]:
    return list(
        make_pairs(
            samples, origin.tokenizer, end=origin.end, longest=recipe.longest, read_examples=origin.read_examples
        )
    )


def _fitting(origin: Origin) -> Any:
    """Return the network; raises ModelError where its tokenizer knows tokens that it has no vectors for."""
    network = origin.make()
    rows = network.get_input_embeddings().num_embeddings
    if origin.tokenizer.size > rows:
        raise ModelError(
            f"the tokenizer of {origin.facts['base']} has {origin.tokenizer.size} tokens and the weights {rows}: they "
            "do not belong together; give the tokenizer.json that came with the weights"
        )
    return network


def _digest(pairs: Sequence[Pair], held_out: Sequence[Pair]) -> str:
    """Return what tells these texts from others, in this order."""
    digest = hashlib.sha256()
    for part in (pairs, held_out):
        for pair in part:
            digest.update(repr((pair.given, pair.target, pair.examples)).encode())
    return f"{len(pairs)} and {len(held_out)} held out, SHA-256 {digest.hexdigest()[:12]}"
