"""The curves of a run, as JSON and as a picture."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from dalle_kit.files import write_atomically
from dalle_kit.training.checkpoint import History

_JSON, _PICTURE = "curves.json", "curves.png"
#: The smoothed line is a mean that forgets: each step weighs this much less than the next.
_FORGETTING = 0.95


def curves(history: History) -> dict[str, Any]:
    """Return the curves as JSON-ready values: losses in nats per token, time in seconds."""
    return {
        "training": [
            {"step": step, "loss": loss, "tokens": tokens, "seconds": round(seconds, 3)}
            for step, loss, tokens, seconds in history.steps
        ],
        "held_out": [{"step": step, "loss": loss} for step, loss in history.held_out],
    }


def write_curves(folder: Path, history: History, *, title: str) -> None:
    """Write ``curves.json`` and ``curves.png`` into a folder."""
    write_atomically(folder / _JSON, (json.dumps(curves(history), indent=1) + "\n").encode(), force=True)
    write_atomically(folder / _PICTURE, draw(history, title=title), force=True)


def draw(history: History, *, title: str) -> bytes:
    """Return a PNG of the loss of each step, smoothed as well, and of those on held-out texts."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), dpi=120, layout="constrained")
    canvas, axes = FigureCanvasAgg(figure), figure.subplots()
    steps, losses = [step for step, *_ in history.steps], [loss for _, loss, *_ in history.steps]
    axes.plot(steps, losses, color="#9ecae1", linewidth=0.8, label="each step")
    axes.plot(steps, smooth(losses), color="#08519c", label="smoothed")
    if history.held_out:
        axes.plot(*zip(*history.held_out, strict=True), "o-", color="#d94801", markersize=4, label="held-out texts")
    axes.set(xlabel="step", ylabel="loss, nats per token", title=title)
    axes.grid(alpha=0.3)
    axes.legend()
    picture = io.BytesIO()
    canvas.print_png(picture)
    return picture.getvalue()


def smooth(values: list[float]) -> list[float]:
    """Return the mean of each value and those before it, weighted the less the longer ago they are."""
    found, total, weight = [], 0.0, 0.0
    for value in values:
        total, weight = _FORGETTING * total + value, _FORGETTING * weight + 1.0
        found.append(total / weight)
    return found
