"""What is measured: each metric's name, what it says, and which way is better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Better = Literal["more", "less", "neither"]


@dataclass(frozen=True, slots=True)
class Metric:
    """A number of a text. ``unit`` says how its mean is written; a fall in a ``guarded`` one fails a build."""

    name: str
    label: str
    better: Better
    unit: Literal["share", "number", "seconds"] = "share"
    guarded: bool = True


#: In the order in which they are shown. Those of 0 or 1 a text are shares of texts.
METRICS = (
    Metric("coverage", "coverage of points, mean", "more"),
    Metric("expressed", "points expressed", "more"),
    Metric("unsupported", "texts with anything unsupported (the toolkit's check)", "less"),
    Metric("ungrounded", "texts with anything unsupported (plain words and digits)", "less"),
    Metric("placeholder", "texts with a placeholder", "less"),
    Metric("unfinished", "texts with an unfinished sentence", "less"),
    Metric("repetition", "texts that repeat themselves", "less"),
    Metric("leakage", "texts with words of the prompt", "less"),
    Metric("second_greeting", "texts with a second greeting or sign-off", "less"),
    Metric("length_kept", "texts of the length asked for", "more"),
    Metric("echo", "sentences that only echo a note", "less"),
    Metric("fragments", "sentences without a finite verb", "less"),
    Metric("grammar_errors", "grammar errors per 100 words", "less", "number"),
    Metric("readability", "readability (Flesch)", "neither", "number", guarded=False),
    Metric("words", "words", "neither", "number", guarded=False),
    Metric("findings", "errors and warnings that remained", "less", "number", guarded=False),
    Metric("repairs", "repairs made", "neither", "number", guarded=False),
    Metric("typed", "sentences that stand as they were typed", "neither", guarded=False),
    Metric("chrf", "chrF to the real text", "more", "number"),
    Metric("similarity", "vector similarity to the real text", "more", "number"),
    Metric("log_likelihood", "log-likelihood per token of the real text", "more", "number"),
    Metric("seconds", "seconds for one document", "less", "seconds", guarded=False),
)

BY_NAME = {metric.name: metric for metric in METRICS}


def is_worse(metric: Metric, change: float) -> bool:
    """Say whether a metric has become worse by a change of its mean."""
    return change < 0 if metric.better == "more" else change > 0 if metric.better == "less" else False


def written(metric: Metric, value: float) -> str:
    """Return a value as people read it: shares as percent."""
    if metric.unit == "share":
        return f"{100 * value:.1f} %"
    return f"{value:.2f} s" if metric.unit == "seconds" else f"{value:.2f}"
