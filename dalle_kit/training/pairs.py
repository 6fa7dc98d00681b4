"""Examples as tokens: what the model is told and what it has to write, exactly as when it is used."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from dalle_kit.domain import Example
from dalle_kit.engine.tokenization import Tokenizer
from dalle_kit.errors import RequestError
from dalle_kit.kit import Kit


@dataclass(frozen=True, slots=True)
class Pair:
    """Tokens that are given and tokens that are to be learned."""

    given: tuple[int, ...]
    target: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.given) + len(self.target)


def make_pairs(
    kit: Kit, domain: str, examples: Iterable[Example], tokenizer: Tokenizer, *, end: int, longest: int
) -> Iterator[Pair]:
    """Yield the pair of each example, ``longest`` tokens at most; examples that are no valid request are left out.

    The given tokens are the domain's own prompt and the document up to its first slot; the target is the text and the
    ``end`` token.
    """
    for example in examples:
        try:
            request = kit.request(domain, example.fields)
        except RequestError:
            continue
        shaped = kit.shape(domain, request)
        before = ""
        for part in shaped.skeleton.parts:
            if not isinstance(part, str):
                break
            before += part
        # The space before the text is the beginning of its first token.
        space = " " if before.endswith(" ") else ""
        given = tokenizer.encode_prompt(shaped.prompt) + tokenizer.encode_context(before.removesuffix(" "))
        target = [*tokenizer.encode_text(space + example.text), end]
        pair = Pair(tuple(given), tuple(target))
        if len(pair) <= longest:
            yield pair


def batches(pairs: Sequence[Pair], *, size: int, seed: int) -> list[list[Pair]]:
    """Return the pairs in a random order, in batches of similar lengths, so that little is computed for padding."""
    source = random.Random(seed)
    order = source.sample(range(len(pairs)), len(pairs))
    found: list[list[Pair]] = []
    pool = size * 32
    for start in range(0, len(order), pool):
        near = sorted(order[start : start + pool], key=lambda index: len(pairs[index]))
        found += [[pairs[index] for index in near[at : at + size]] for at in range(0, len(near), size)]
    source.shuffle(found)
    return found
