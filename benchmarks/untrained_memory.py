"""What memory does to a decoder before anything between them is trained: the likelihood of real texts, as a table.

python benchmarks/untrained_memory.py [--texts 48] [--queries 4,16,64]

A model is put together of ``minilm-l6`` and ``smollm2-135m``. Each development text is read once by the decoder alone,
and once with memory of another text of its domain in front of it, for three beginnings of the resampler each. All is
float32.
"""

from __future__ import annotations

import argparse
import random
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from common import machine, table
from transformers import AutoModel

from dalle_kit import Kit
from dalle_kit.engine.tokenization import Tokenizer
from dalle_kit.modeling import DalleForConditionalGeneration
from dalle_kit.training.networks import read_causal

_DOMAINS = ("email", "news")
_LONGEST, _EXAMPLE, _SEEDS = 256, 256, 3

#: A text and its example.
Pair = tuple[str, str]


def texts(kit: Kit, count: int) -> list[Pair]:
    """Return about ``count`` development texts, each with another of its domain."""
    found: list[Pair] = []
    for domain in _DOMAINS:
        examples = sorted(kit.plugins.domain(domain).corpus("dev"), key=lambda example: example.name)
        random.Random(0).shuffle(examples)
        chosen = [example.text for example in examples[: count // len(_DOMAINS)]]
        found += zip(chosen, [*chosen[1:], chosen[0]], strict=True)
    return found


@torch.inference_mode()
def nats(model: Any, tokens: list[list[int]], examples: list[list[int]] | None) -> list[float]:
    """Return the mean negative log-likelihood of each text's tokens after its first."""
    found = []
    for row, text in enumerate(tokens):
        ids = torch.tensor([text])
        example = None if examples is None else torch.tensor([[examples[row]]])
        found.append(float(model(ids, example_ids=example, labels=ids).loss))
    return found


def measured(kit: Kit, pairs: list[Pair], queries: list[int]) -> Iterator[list[str]]:
    """Yield a row of the table for the decoder alone, and one for each number of memory vectors."""
    reads, writes = (Path(kit.registry.ensure(name).path) for name in ("minilm-l6", "smollm2-135m"))
    decoder_tokens, encoder_tokens = Tokenizer.load(writes), Tokenizer.load(reads)
    tokens = [decoder_tokens.encode_text(text)[:_LONGEST] for text, _ in pairs]
    examples = [encoder_tokens.encode_text(example, special=True)[:_EXAMPLE] for _, example in pairs]
    encoder, decoder = AutoModel.from_pretrained(reads), read_causal(writes)
    bare: list[float] = []
    for count in [0, *queries]:
        for large in (False, True) if count else (False,):
            losses: list[list[float]] = []
            for seed in range(_SEEDS if count else 1):
                torch.manual_seed(seed)
                model = DalleForConditionalGeneration.assemble(encoder=encoder, decoder=decoder, queries=max(1, count))
                if large:
                    # Memory as layers are usually begun.
                    assert model.encoder.resampler is not None
                    torch.nn.init.normal_(model.encoder.resampler.output.weight, std=0.02)
                losses.append(nats(model, tokens, examples if count else None))
            mean = statistics.fmean(statistics.fmean(each) for each in losses)
            bare = bare or losses[0]
            worse = [own - alone for each in losses for own, alone in zip(each, bare, strict=True)]
            error = statistics.stdev(worse) / len(worse) ** 0.5
            size = "" if not count else "as usual" if large else "as embeddings"
            yield [
                str(count or "the decoder alone"),
                size,
                f"{mean:.3f}",
                f"{statistics.fmean(worse):+.3f} (± {error:.3f})" if count else "",
            ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--texts", type=int, default=48)
    parser.add_argument("--queries", default="4,16,64")
    arguments = parser.parse_args()
    kit = Kit()
    pairs = texts(kit, arguments.texts)
    rows = list(measured(kit, pairs, [int(count) for count in arguments.queries.split(",")]))
    print(table(["memory vectors", "their size", "nats a token", "worse by"], rows))
    print(f"\n{len(pairs)} texts, {machine().partition(';')[0]}")


if __name__ == "__main__":
    main()
