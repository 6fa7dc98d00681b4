"""Samples as tokens: what the model is told and what it has to write, exactly as when it is used; and in batches."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from dalle_kit.engine.tokenization import Tokenizer
from dalle_kit.training.sources import Sample

#: Batches that are sorted by length together: more are padded less, fewer are more random.
_POOL = 32

#: Turns a sample's example texts, or its prompt where it has none, into the tokens that an encoder reads.
ReadExamples = Callable[[Sample], list[list[int]]]


@dataclass(frozen=True, slots=True)
class Pair:
    """Tokens that are given and tokens that are to be learned; ``examples`` are those that an encoder reads."""

    given: tuple[int, ...]
    target: tuple[int, ...]
    examples: tuple[tuple[int, ...], ...] = ()

    def __len__(self) -> int:
        return len(self.given) + len(self.target)


def make_pairs(
    samples: Iterable[Sample],
    tokenizer: Tokenizer,
    *,
    end: int,
    longest: int,
    read_examples: ReadExamples | None = None,
) -> Iterator[Pair]:
    """Yield the pair of each sample, ``longest`` tokens at most; longer ones are left out.

    The given tokens are the prompt and what stands before the text; the target is the text and the ``end`` token.
    """
    for sample in samples:
        given, target = given_tokens(sample, tokenizer), [*text_tokens(sample, sample.text, tokenizer), end]
        if len(given) + len(target) <= longest:
            examples = read_examples(sample) if read_examples else []
            yield Pair(tuple(given), tuple(target), tuple(map(tuple, examples)))


def given_tokens(sample: Sample, tokenizer: Tokenizer) -> list[int]:
    """Return the tokens of a sample's prompt and of what stands before its text."""
    return tokenizer.encode_prompt(sample.prompt) + tokenizer.encode_context(sample.before.removesuffix(" "))


def text_tokens(sample: Sample, text: str, tokenizer: Tokenizer) -> list[int]:
    """Return the tokens of a text in the place of a sample's own."""
    # The space before the text is the beginning of its first token.
    return tokenizer.encode_text((" " if sample.before.endswith(" ") else "") + text)


def batches(pairs: Sequence[Pair], *, size: int, seed: int) -> list[list[Pair]]:
    """Return the pairs in a random order, in batches of similar lengths, so that little is computed for padding."""
    source = random.Random(seed)
    order = source.sample(range(len(pairs)), len(pairs))
    found: list[list[Pair]] = []
    pool = size * _POOL
    for start in range(0, len(order), pool):
        near = sorted(order[start : start + pool], key=lambda index: len(pairs[index]))
        found += [[pairs[index] for index in near[at : at + size]] for at in range(0, len(near), size)]
    source.shuffle(found)
    return found
