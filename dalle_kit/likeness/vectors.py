"""Steering vectors: from the decoder's states on examples and on plain texts of the same kind, without training.

After each block the decoder's mean state on the examples differs from that on plain texts (contrastive activation
addition: Turner et al., 2023, https://arxiv.org/abs/2308.10248; Rimsky et al., 2024, https://arxiv.org/abs/2312.06681).
What is added after a block is what the difference grows by in it, times a strength; 1 moves the mean all the way.
The strength is the one under which held-out examples are likeliest; 0, which changes nothing, is among those tried.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dalle_kit.errors import OutputError
from dalle_kit.files import make_private_folder, write_atomically
from dalle_kit.likeness.prompting import ANOTHER
from dalle_kit.models.spec import Progress, silent
from dalle_kit.paths import find_paths
from dalle_kit.records import Message, Prompt, Steering

if TYPE_CHECKING:
    from dalle_kit.engine.engine import Engine

#: Strengths that are tried.
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5)
#: Texts that vectors are made from, of each side, those that the strength is found on, and characters of a text.
_TEXTS, _HELD_OUT, _LONGEST = 24, 6, 1200
#: Of so many examples one is held out.
_SHARE = 4
#: The strength where none can be found out.
_UNKNOWN = 0.25
#: Tokens that are left to the prompt where a model's context is short.
_PROMPT_TOKENS = 64
_METHOD = "increments 2"
_PROMPT = Prompt((Message("user", ANOTHER),))


@dataclass(frozen=True, slots=True)
class Direction:
    """Vectors (L, D) from plain texts to examples, and the strength that suits them."""

    vectors: npt.NDArray[np.float32]
    strength: float

    def steering(self) -> Steering | None:
        """Return what is added to the decoder's states, None where nothing is; rows share it as one object."""
        return Steering(self.vectors * np.float32(self.strength)) if self.strength else None


def parted(texts: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the texts that vectors are made from, and those that are held out: the same ones in any order."""
    ordered = sorted(set(texts), key=_digest)
    count = min(_HELD_OUT, len(ordered) // _SHARE)
    return ordered[count : count + _TEXTS], ordered[:count]


def direction(
    engine: Engine,
    learned: Sequence[str],
    held_out: Sequence[str],
    plain: Sequence[str],
    *,
    progress: Progress = silent,
) -> Direction:
    """Return the direction from plain texts to examples for a model, from the cache folder if it was found before.

    That of a model which nothing tells from others, a folder used in place, is not kept.
    """
    learned, held_out, others = ([_cut(engine, text) for text in part] for part in (learned, held_out, plain[:_TEXTS]))
    if engine.sha256 is None:
        return _find(engine, learned, held_out, others, progress)
    numbers = (engine.sha256, engine.quant, engine.dtype, engine.device, _METHOD, STRENGTHS)
    key = _digest(repr((numbers, engine.tokenizer.prompt_text(_PROMPT), learned, held_out, others)))
    found = _read(key, engine.generative().blocks)
    if found is None:
        found = _find(engine, learned, held_out, others, progress)
        _write(key, found)
    return found


def _cut(engine: Engine, text: str) -> str:
    """Return a text's beginning, as much as a model of a short context reads."""
    text = text[:_LONGEST]
    while engine.context is not None and len(engine.tokenizer.encode_text(text)) > engine.context - _PROMPT_TOKENS:
        text = text[: len(text) // 2]
    return text


def _find(
    engine: Engine, learned: Sequence[str], held_out: Sequence[str], others: Sequence[str], progress: Progress
) -> Direction:
    stage, total = "finding the direction of the examples", 2 + len(STRENGTHS)
    progress(stage, 0, total)
    own = engine.mean_states([(_PROMPT, text) for text in learned])
    progress(stage, 1, total)
    vectors = increments(own - engine.mean_states([(_PROMPT, text) for text in others]))
    if not held_out:
        return Direction(vectors, _UNKNOWN)
    scores = {}
    for number, strength in enumerate(STRENGTHS, 2):
        progress(stage, number, total)
        scores[strength] = _likelihood(engine, held_out, Direction(vectors, strength).steering())
    progress(stage, total, total)
    return Direction(vectors, max(scores, key=lambda strength: scores[strength]))


def increments(difference: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return what a difference of states (L, D) grows by in each block (L, D)."""
    grown: npt.NDArray[np.float32] = np.diff(difference, axis=0, prepend=np.zeros_like(difference[:1]))
    return grown.astype(np.float32)


def _likelihood(engine: Engine, texts: Sequence[str], steering: Steering | None) -> float:
    """Return the log-likelihood of a token of texts, in nats, the mean over all, under a steering."""
    prompt = Prompt(_PROMPT.messages, steering=steering)
    scores = [engine.score(prompt, text) for text in texts]
    return sum(each.log_likelihood for each in scores) / max(1, sum(each.tokens for each in scores))


def _read(key: str, shape: tuple[int, int]) -> Direction | None:
    """Return what was found before; what cannot be read, or is of another shape, is as if it were not there."""
    try:
        with np.load(io.BytesIO(_file(key).read_bytes()), allow_pickle=False) as kept:
            vectors, strength = kept["vectors"], kept["strength"]
    except (OSError, ValueError, KeyError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error):
        return None
    is_whole = vectors.shape == tuple(shape) and vectors.dtype == np.float32 and bool(np.isfinite(vectors).all())
    if not is_whole or strength.shape != () or float(strength) not in (*STRENGTHS, _UNKNOWN):
        return None
    return Direction(vectors, float(strength))


def _write(key: str, found: Direction) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, vectors=found.vectors, strength=np.float32(found.strength))
    try:
        make_private_folder(_file(key).parent)
        write_atomically(_file(key), buffer.getvalue(), force=True)
    except (OSError, OutputError):
        return  # it is found again the next time


def _file(key: str) -> Path:
    return find_paths().cache / "steering" / f"{key}.npz"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
