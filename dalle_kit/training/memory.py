"""Learning a memory map: what an encoder reads in a text tells how a decoder's states on it differ from others.

Ridge regression in closed form, from the encoder's mean vector of each text to what the decoder's mean state on it
grows by in each block, then cut to the rank that matters. No text has to be known by its author, and no gradient goes
through the decoder. How strong the memory is to be, texts by known authors tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dalle_kit.likeness import ANOTHER
from dalle_kit.models.memory_map import MemoryMap
from dalle_kit.models.spec import Progress, silent
from dalle_kit.records import Message, Prompt, Steering

if TYPE_CHECKING:
    from dalle_kit.engine.engine import Engine
    from dalle_kit.engine.reading import SentenceEncoder

#: Characters of a text that count.
_LONGEST = 700
#: What texts are read after where nothing is said of them.
PLAIN_PROMPT = Prompt((Message("user", ANOTHER),))

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Read:
    """Texts as both networks read them: an encoder's vectors (N, W), a decoder's mean states (N, L, D)."""

    vectors: Floats
    states: Floats


@dataclass(frozen=True, slots=True)
class Told:
    """A text after its prompt, other texts by its author, and the encoder's mean (W,) of plain texts of its kind."""

    prompt: Prompt
    text: str
    examples: tuple[str, ...]
    plain: Floats


def read_texts(engine: Engine, encoder: SentenceEncoder, texts: Sequence[str], *, progress: Progress = silent) -> Read:
    """Return texts as a decoder and an encoder read them."""
    vectors, states = [], []
    for number, text in enumerate(texts):
        progress("reading texts", number, len(texts))
        vectors.append(encoder.means([text[:_LONGEST]])[0])
        states.append(engine.mean_states([(PLAIN_PROMPT, text[:_LONGEST])]))
    progress("reading texts", len(texts), len(texts))
    return Read(np.stack(vectors), np.stack(states))


def fit_memory(read: Read, *, encoder: str, rank: int, ridge: float) -> MemoryMap:
    """Return the map from the encoder's vectors, with the SHA-256 ``encoder``, to what the states grow by.

    ``ridge`` counts texts: so many that know nothing are added. The vectors are scaled to a variance of 1 each.
    """
    vectors = read.vectors.astype(np.float64)
    grown = np.diff(read.states.astype(np.float64), axis=1, prepend=0)  # (N, L, D)
    _, blocks, width = grown.shape
    scale = vectors.std(0) + 1e-6
    known = (vectors - vectors.mean(0)) / scale
    sought = (grown - grown.mean(0)).reshape(len(grown), -1)
    weights = np.linalg.solve(known.T @ known + ridge * np.eye(known.shape[1]), known.T @ sought)  # (W, L * D)
    left, sizes, right = np.linalg.svd(weights, full_matrices=False)
    shares = np.sqrt(sizes[:rank])
    reads = (left[:, :rank] * shares / scale[:, None]).T
    adds = (shares[:, None] * right[:rank]).reshape(rank, blocks, width).swapaxes(0, 1)
    return MemoryMap(reads.astype(np.float32), np.ascontiguousarray(adds, dtype=np.float32), encoder)


def strengthened(learned: MemoryMap, strength: float) -> MemoryMap:
    """Return a map that moves the states so many times as far."""
    return replace(learned, adds=learned.adds * np.float32(strength))


def gains(
    learned: MemoryMap,
    told: Sequence[Told],
    strengths: Sequence[float],
    *,
    engine: Engine,
    encoder: SentenceEncoder,
    progress: Progress = silent,
) -> Mapping[float, float]:
    """Return how much likelier a token of the texts is with memory of each strength, in nats, the mean of all texts."""
    found = dict.fromkeys(strengths, 0.0)
    for number, each in enumerate(told):
        progress("finding the strength", number, len(told))
        before = _nats(engine, each.prompt, each.text)
        memory = learned.memory(encoder.means(each.examples).mean(0) - each.plain)
        for strength in strengths:
            steered = replace(each.prompt, steering=Steering(memory * np.float32(strength)))
            found[strength] += (before - _nats(engine, steered, each.text)) / len(told)
    progress("finding the strength", len(told), len(told))
    return found


def _nats(engine: Engine, prompt: Prompt, text: str) -> float:
    score = engine.score(prompt, text)
    return -score.log_likelihood / max(1, score.tokens)
