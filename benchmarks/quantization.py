"""What packed weights cost: the likelihood of real texts under each form of a model's weights, as a table.

python benchmarks/quantization.py [--texts 200] [--models base,writer] [--forms int8,int4]

The writer is measured on what it was trained for: the texts of the domains' development corpora, given the requests
made from them. The base is measured on the same texts, given nothing. All is computed in float32 with the weights that
the codes stand for, so that the forms differ in nothing else.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from common import machine, table
from torch import Tensor

from dalle_kit import Kit
from dalle_kit.engine.llama import LlamaModel, LlamaSession
from dalle_kit.engine.llama_config import LlamaConfig
from dalle_kit.engine.tokenization import Tokenizer
from dalle_kit.models import panels
from dalle_kit.models.adapters import load_adapter, merge
from dalle_kit.models.builtin import builtin_models
from dalle_kit.models.quantization import quantize4, quantize8
from dalle_kit.models.weights import dequantize, read_weights
from dalle_kit.training.pairs import Pair, make_pairs
from dalle_kit.training.sources import Samples, corpus_samples

_DOMAINS = ("email", "news")
_LONGEST = 420
_BATCH = 8
_TABLES = ("model.embed_tokens.weight", "lm_head.weight")

Weights = Mapping[str, Tensor]


@dataclass(frozen=True)
class Form:
    """A form of weights: what it is called, the bits of matrices and of tables, and the numbers computed with."""

    name: str
    linear: Callable[[Tensor], Tensor] | None = None
    tables: Callable[[Tensor], Tensor] | None = None
    dtype: torch.dtype = torch.float32


FORMS = {
    "float32": Form("float32"),
    "int8": Form("int8", quantize8, quantize8),
    "int4": Form("int4, tables int8", quantize4, quantize8),
    "int4-tables": Form("int4, tables too", quantize4, quantize4),
    "tables4": Form("as it is, tables int4", None, quantize4),
    "bfloat16": Form("as it is, computed in bfloat16", dtype=torch.bfloat16),
}


def in_form(weights: Weights, form: Form) -> tuple[dict[str, Tensor], int]:
    """Return weights as a form keeps them, and the bytes that takes; what is not packed counts as float32."""
    kept, size = {}, 0
    for name, weight in weights.items():
        quantize = form.tables if name in _TABLES else form.linear
        if quantize and panels.fits(tuple(weight.shape)):
            packed = quantize(weight)
            kept[name], count = dequantize(packed), packed.numel()
        else:
            kept[name], count = weight, 4 * weight.numel()
        kept[name] = kept[name].to(form.dtype)
        size += count
    return kept, size


@torch.inference_mode()
def nats(model: LlamaModel, pairs: Sequence[Pair]) -> list[float]:
    """Return the negative log-likelihood of each pair's target."""
    found = []
    for start in range(0, len(pairs), _BATCH):
        batch = pairs[start : start + _BATCH]
        session = LlamaSession(model, room=max(map(len, batch)))
        session.extend(len(batch))
        rows = [[*pair.given, *pair.target[:-1]] for pair in batch]
        logits = session.feed(rows, tails=[len(pair.target) for pair in batch])
        wanted = torch.tensor([token for pair in batch for token in pair.target])
        losses = F.cross_entropy(logits, wanted, reduction="none")
        found += [float(part.sum()) for part in torch.split(losses, [len(pair.target) for pair in batch])]
    return found


def texts(kit: Kit, tokenizer: Tokenizer, *, end: int, count: int) -> list[Pair]:
    """Return about ``count`` pairs of the domains' development texts, sorted by length."""
    found: list[Pair] = []
    for domain in _DOMAINS:
        samples = corpus_samples(kit, domain, "dev", Samples(), seed=0)
        made = make_pairs(samples, tokenizer, end=end, longest=_LONGEST)
        found += [pair for _, pair in zip(range(count // len(_DOMAINS)), made, strict=False)]
    return sorted(found, key=len)


def without_request(pairs: Sequence[Pair]) -> list[Pair]:
    """Return the texts alone, each given its first token."""
    return [Pair(pair.target[:1], pair.target[1:-1]) for pair in pairs if len(pair.target) > 2]


def measured(
    weights: Weights, config: LlamaConfig, pairs: Sequence[Pair], forms: Sequence[Form]
) -> Iterator[list[str]]:
    """Yield a row of the table for each form; the first is what the others are compared with."""
    tokens = sum(len(pair.target) for pair in pairs)
    reference: list[float] = []
    for form in forms:
        kept, size = in_form(weights, form)
        found = nats(LlamaModel(config, kept), pairs)
        reference = reference or found
        differences = [new - old for new, old in zip(found, reference, strict=True)]
        percent = 100 / sum(reference)
        error = statistics.stdev(differences) * len(differences) ** 0.5
        change = f"{percent * sum(differences):+.2f} % (± {percent * error:.2f})" if form is not forms[0] else ""
        yield [form.name, f"{size / 1e6:,.0f} MB", f"{sum(found) / tokens:.4f}", change]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=200)
    parser.add_argument("--models", default="base,writer")
    parser.add_argument("--forms", default="int8,int4")
    options = parser.parse_args()
    writer, base = builtin_models()[:2]
    kit = Kit(model=base.name)
    folder = Path(kit.registry.ensure(base.name).path)
    settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config = LlamaConfig.parse(settings)
    assert config is not None and writer.adapter is not None
    weights = dict(read_weights(folder))
    pairs = texts(kit, Tokenizer.load(folder), end=settings["eos_token_id"], count=options.texts)
    forms = [FORMS[name] for name in ("float32", *options.forms.split(","))]
    rows = []
    for name in options.models.split(","):
        is_writer = name == "writer"
        own = merge(weights, load_adapter(Path(writer.adapter.path))) if is_writer else weights
        for row in measured(own, config, pairs if is_writer else without_request(pairs), forms):
            rows.append([(writer if is_writer else base).name, *row])
            print(*rows[-1], file=sys.stderr, flush=True)
    print(table(("model", "weights", "size", "nats a token", "against float32"), rows))
    print(f"\n{len(pairs)} texts, {sum(len(pair.target) for pair in pairs)} tokens. {machine().partition(';')[0]}.")


if __name__ == "__main__":
    main()
