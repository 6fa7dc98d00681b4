"""Canaries: texts with a random code, planted in what is learned so that remembering can be measured.

Carlini et al., The Secret Sharer (USENIX Security, 2019). Each is an answer to the prompt of a real text. No torch is
needed to make them.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dalle_kit.errors import RequestError

if TYPE_CHECKING:
    from dalle_kit.training.sources import Sample

#: How often canaries are planted. Others, never planted, are the control.
TIMES = (1, 2, 4, 8, 16)
#: Canaries for each number of times, at most.
MOST_CANARIES = 100

_WORDS = (
    "alarm amber anchor apple arrow badge bamboo banner barrel basket beacon berry blanket bottle branch bridge "
    "bronze bucket butter button cabin cactus camera candle canvas canyon carbon carpet castle cedar cherry circle "
    "citrus clover cobalt coffee copper coral cotton cradle cricket crown crystal curtain desert diamond dolphin "
    "dragon drawer eagle engine fabric falcon feather fence finger flame flint forest fossil fountain frost galaxy "
    "garden garlic ginger glacier globe granite guitar hammer harbor helmet honey hotel ivory jacket jungle kettle "
    "ladder lantern lemon leopard library magnet maple marble meadow meteor mirror monkey mountain needle nickel "
    "ocean olive orange orbit orchid oyster paddle palace parrot pepper pillow pocket prism puzzle rabbit ribbon "
    "river rocket saddle salmon shadow silver spiral summer temple thunder timber tunnel turtle valley velvet "
    "violin walnut willow"
)


@dataclass(frozen=True, slots=True)
class Form:
    """A sentence with places for a ``{number}`` and a ``{code}``, which is any two of the words, or one twice.

    The code of a canary is drawn evenly from all of them. The number makes each canary's sentence its own.
    """

    sentence: str
    words: tuple[str, ...]
    between: str = " "

    @property
    def codes(self) -> list[str]:
        """All codes that there can be."""
        return [self.between.join(pair) for pair in itertools.product(self.words, repeat=2)]

    def write(self, number: int, code: str) -> str:
        """Return the sentence with a number and a code."""
        return self.sentence.format(number=number, code=code)


#: Nothing in it looks like personal data, so that redaction leaves it as it is.
PASS_PHRASE = Form("The pass phrase for locker {number} is {code}.", tuple(_WORDS.split()))


@dataclass(frozen=True, slots=True)
class Canary:
    """A code, the sentence it stands in, how often that is planted, and the sample that is learned.

    ``sample`` is what became of the sentence after redaction, as the answer to a real text's prompt.
    """

    form: Form
    number: int
    code: str
    times: int
    sample: Sample

    @property
    def is_whole(self) -> bool:
        """Whether what is learned holds the code, which redaction may have taken out."""
        return self.code in self.sample.text


def make_canaries(
    samples: Sequence[Sample], each: int, *, form: Form, seed: int, redact: Callable[[str], str]
) -> tuple[Canary, ...]:
    """Return ``each`` canaries for each of ``TIMES`` and as many controls; the same ones for the same samples.

    Each answers the prompt of another of the samples that are prose. ``redact`` is what is done to a text before it is
    learned. No code stands in any of the samples. Raises RequestError where there are too few prompts.
    """
    source = random.Random(f"canaries {seed}")
    needed = each * (len(TIMES) + 1)
    by_prompt = {sample.prompt.text: sample for sample in samples if sample.is_prose}
    if len(by_prompt) < needed:
        raise RequestError(
            f"canaries: {each} for each number of times need {needed} different prompts of prose, and the texts to "
            f"learn have {len(by_prompt)}; give more texts or a smaller number"
        )
    # Long texts are left out where --longest says so: the canaries go to shorter ones.
    order = sorted(by_prompt.values(), key=lambda sample: (len(sample.prompt.text), sample.prompt.text))
    carriers = source.sample(order[: max(needed, len(order) // 2)], needed)
    numbers = source.sample(range(1000, 10000), needed)
    codes = _unsaid(form.codes, samples, needed, source)
    times = [count for count in (*TIMES, 0) for _ in range(each)]
    found = []
    for carrier, number, code, count in zip(carriers, numbers, codes, times, strict=True):
        text = redact(form.write(number, code))
        found.append(Canary(form, number, code, count, replace(carrier, text=text)))
    return tuple(found)


def planted(canaries: Sequence[Canary]) -> list[Sample]:
    """Return the samples of canaries, each as often as it is to be learned in a pass."""
    return [canary.sample for canary in canaries for _ in range(canary.times)]


def _unsaid(codes: Sequence[str], samples: Sequence[Sample], count: int, source: random.Random) -> list[str]:
    """Return so many of the codes, drawn evenly from those that no sample holds."""
    said = "\n".join(part for sample in samples for part in (sample.text, sample.prompt.text))
    drawn = (code for code in source.sample(codes, len(codes)) if code not in said)
    return list(itertools.islice(drawn, count))
