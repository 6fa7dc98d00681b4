"""How far a network remembers canaries: the rank of each one's code among all codes that there could have been.

Exposure is log2 of the number of candidates less log2 of the rank (Carlini et al., The Secret Sharer, USENIX Security,
2019). Here every candidate is scored, so the rank is exact and nothing is extrapolated.
"""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from dalle_kit.engine.tokenization import Tokenizer
from dalle_kit.errors import ModelError
from dalle_kit.training.canaries import Canary
from dalle_kit.training.pairs import ReadExamples, given_tokens, text_tokens

#: Bytes of the caches of beginnings that are computed together, each of which has a copy of the prompt's.
_MEMORY, _MOST_ROWS = 1_000_000_000, 512
#: The mean exposure of a code that was never seen, whose rank is as likely to be any as another (many candidates).
UNSEEN = 1 / math.log(2)


@dataclass(frozen=True, slots=True)
class Exposure:
    """What is measured of a canary: its exposure in bits, and whether greedy decoding gives its code.

    ``times`` is how often it was planted.
    """

    times: int
    bits: float
    given_back: bool


def rank(values: Tensor, place: int) -> float:
    """Return the rank of one of the values (N,), 1 for the highest; equal ones share the mean of their ranks."""
    higher, equal = int((values > values[place]).sum()), int((values == values[place]).sum())
    return higher + (equal + 1) / 2


def exposure(values: Tensor, place: int) -> float:
    """Return the exposure in bits of the candidate at a place, given the log-likelihoods (N,) of all: 0 to log2 N."""
    return max(0.0, math.log2(len(values)) - math.log2(rank(values, place)))


def measure_exposure(
    network: Any, canary: Canary, tokenizer: Tokenizer, *, read_examples: ReadExamples | None = None
) -> Exposure:
    """Return the exposure of a canary to someone who has its prompt, and its sentence up to the code.

    ``read_examples`` gives the tokens that an encoder reads for a sample. Raises ModelError for a network that keeps no
    cache of what it has read.
    """
    codes = canary.form.codes
    texts = [text_tokens(canary.sample, canary.form.write(canary.number, code), tokenizer) for code in codes]
    before = len(_common_start(texts))
    # One of a candidate's own tokens at least stays: a code may begin as others end.
    after = len(_common_start([text[:before:-1] for text in texts]))
    middles = [tuple(text[before : len(text) - after]) for text in texts]
    prefix = given_tokens(canary.sample, tokenizer) + texts[0][:before]
    examples = read_examples(canary.sample) if read_examples else []
    values, greedy = likelihoods(network, prefix, middles, examples=examples)
    place = codes.index(canary.code)
    return Exposure(canary.times, exposure(values, place), bool(greedy[place]))


@torch.inference_mode()
def likelihoods(
    network: Any, prefix: Sequence[int], continuations: Sequence[tuple[int, ...]], *, examples: Sequence[list[int]] = ()
) -> tuple[Tensor, Tensor]:
    """Return the log-likelihoods (N,) in nats of the continuations of a prefix, and which of them (N,) is greedy.

    The prefix is computed once, and so is each beginning that continuations share. ``examples`` are the tokens that an
    encoder reads. Raises ModelError for a network that keeps no cache.
    """
    device = next(network.parameters()).device
    given = _tokens([prefix], device)
    read = network(input_ids=given, use_cache=True, **_examples(examples, device=device))
    cache = read.past_key_values
    if not hasattr(cache, "batch_repeat_interleave"):
        raise ModelError(f"canaries: {type(network).__name__} keeps no cache of what it has read; train without them")
    first = read.logits[:, -1:].float().log_softmax(-1)  # (1, 1, V)
    places: dict[tuple[int, ...], list[int]] = {}
    for place, tokens in enumerate(continuations):
        places.setdefault(tokens[:-1], []).append(place)
    beginnings = sorted(places, key=len)
    values, greedy = torch.empty(len(continuations)), torch.empty(len(continuations), dtype=torch.bool)
    for rows in _parts(beginnings, size=_rows_at_once(cache)):
        logs = first.expand(len(rows), -1, -1)  # (R, 1, V)
        if len(rows[-1]):
            ours = copy.deepcopy(cache)
            ours.batch_repeat_interleave(len(rows))
            memory = {} if read.get("memory") is None else {"memory": read.memory.repeated(len(rows))}
            more = network(input_ids=_tokens(rows, device), past_key_values=ours, use_cache=True, **memory).logits
            logs = torch.cat((logs, more.float().log_softmax(-1)), dim=1)  # (R, 1 + T, V)
        for row, beginning in enumerate(rows):
            here = places[beginning]
            path = logs[row, : len(beginning) + 1]  # (t + 1, V)
            known = torch.tensor(beginning, dtype=torch.long, device=device)
            likely = path.argmax(-1)
            last = torch.tensor([continuations[place][-1] for place in here], device=device)
            values[here] = (path[:-1].gather(1, known[:, None]).sum() + path[-1, last]).cpu()
            greedy[here] = ((likely[:-1] == known).all() & (likely[-1] == last)).cpu()
    return values, greedy


def _examples(examples: Sequence[list[int]], *, device: torch.device) -> dict[str, Tensor]:
    """Return what an encoder reads, as a batch of one."""
    if not examples:
        return {}
    ids = _tokens(examples, device)[None]  # (1, E, S)
    lengths = torch.tensor([len(each) for each in examples], device=device)
    return {"example_ids": ids, "example_mask": torch.arange(ids.shape[-1], device=device) < lengths[None, :, None]}


def _tokens(rows: Sequence[Sequence[int]], device: torch.device) -> Tensor:
    """Return rows of tokens (R, T), padded on the right, where it changes nothing for a causal network."""
    width = max(map(len, rows))
    return torch.tensor([[*row, *[0] * (width - len(row))] for row in rows], device=device)


def _rows_at_once(cache: Any) -> int:
    """Return how many copies of a cache are held at once."""
    # A decoder that attends to memory has two: of its own states and of those of memory.
    parts = (getattr(cache, "self_attention_cache", cache), getattr(cache, "cross_attention_cache", None))
    layers = [layer for part in parts if part is not None for layer in part.layers if layer.is_initialized]
    size = sum(layer.keys.nbytes + layer.values.nbytes for layer in layers)
    return int(max(1, min(_MOST_ROWS, _MEMORY // max(1, size))))


def _parts(rows: Sequence[tuple[int, ...]], *, size: int) -> Iterator[Sequence[tuple[int, ...]]]:
    return (rows[at : at + size] for at in range(0, len(rows), size))


def _common_start(rows: Sequence[list[int]]) -> list[int]:
    """Return the tokens that all rows begin with."""
    low, high = min(rows), max(rows)
    return [ours for ours, _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(low, high, strict=False))]
