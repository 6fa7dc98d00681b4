"""Figures that need the real text: likeness in letters and in meaning, and how likely the model finds it."""

from __future__ import annotations

import importlib.util
import re
from typing import TYPE_CHECKING

from dalle_kit.errors import ContextOverflowError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dalle_kit.engine.engine import Engine
    from dalle_kit.templating.templates import Shaped

#: Words that the encoder surely reads at once; a longer text is the mean of its pieces.
_PIECE = 150


def has_chrf() -> bool:
    """Say whether the library for chrF is installed: it comes with the extra ``eval``."""
    return importlib.util.find_spec("sacrebleu") is not None


def chrf(text: str, reference: str) -> float:
    """Return chrF (Popovic 2015) of a text to the real one, 0 to 100."""
    from sacrebleu.metrics.chrf import CHRF

    return float(CHRF().sentence_score(" ".join(text.split()), [" ".join(reference.split())]).score)


def similarity(encoder: Engine, text: str, reference: str) -> float:
    """Return the cosine of the two texts' vectors, -1 to 1."""
    return float(_vector(encoder, text) @ _vector(encoder, reference))


def log_likelihood(engine: Engine, shaped: Shaped, reference: str) -> float | None:
    """Return the mean log-likelihood of the real text's tokens, in nats, after the prompt and the document's beginning.

    None where it is longer than the model reads, the document has no slot, or the model is on a server.
    """
    parts = shaped.skeleton.parts
    if not shaped.skeleton.slots or engine.runner == "server":
        return None
    before = str(parts[0]) if isinstance(parts[0], str) else ""
    told = reference if reference.startswith(before) else before + reference
    try:
        whole = engine.score(shaped.prompt, told)
        begun = engine.score(shaped.prompt, before)
    except ContextOverflowError:
        return None
    tokens = whole.tokens - begun.tokens
    return (whole.log_likelihood - begun.log_likelihood) / tokens if tokens > 0 else None


def _vector(encoder: Engine, text: str) -> NDArray[np.float32]:
    import numpy as np

    words = re.findall(r"\S{1,40}", text)
    pieces = [" ".join(words[start : start + _PIECE]) for start in range(0, len(words), _PIECE)] or [""]
    mean: NDArray[np.float32] = encoder.encode(pieces).numpy().mean(axis=0)
    mean /= max(float(np.linalg.norm(mean)), 1e-9)
    return mean
