"""The result of an evaluation: figures of each text, their means with intervals, comparisons; as JSON and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dalle_kit.evaluation.measuring import Mark
from dalle_kit.evaluation.metrics import METRICS, is_worse
from dalle_kit.evaluation.saved import parse_saved, read_saved
from dalle_kit.evaluation.statistics import Difference, Estimate, difference, estimate, seed_for

if TYPE_CHECKING:
    from pydantic import TypeAdapter

#: The layout of a report's JSON; one of another layout is refused.
LAYOUT = 1


@dataclass(frozen=True, slots=True)
class Text:
    """One case as one setting wrote it: figures by metric, what was marked, what the checks had to say.

    ``text`` and ``request`` are empty in a report without texts.
    """

    id: str
    kind: str
    tags: tuple[str, ...]
    values: dict[str, float]
    marks: tuple[Mark, ...] = ()
    findings: tuple[str, ...] = ()
    repairs: tuple[str, ...] = ()
    text: str = ""
    request: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """All cases as one setting wrote them.

    ``summary`` has, for each kind of case and for ``all`` of them, the mean of each metric. ``skipped`` are the cases
    that could not be written, with the reason.
    """

    label: str
    model: str | None
    model_sha256: str | None
    options: dict[str, Any]
    texts: tuple[Text, ...]
    summary: dict[str, dict[str, Estimate]]
    skipped: dict[str, str]
    seconds_in_batch: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """The metrics of ``run`` less those of ``against``, case by case."""

    run: str
    against: str
    metrics: dict[str, Difference]


@dataclass(frozen=True, slots=True)
class Report:
    """An evaluation of a domain. ``real`` are the figures of the real texts themselves, for comparison.

    ``methods`` says what read the texts, where that changes the figures: figures of other methods do not compare.
    """

    layout: int
    domain: str
    version: str
    created: str
    seed: int
    methods: dict[str, str]
    runs: tuple[Run, ...]
    comparisons: tuple[Comparison, ...] = ()
    real: dict[str, Estimate] | None = None

    def to_json(self) -> str:
        """Return the report as JSON."""
        return _adapter().dump_json(self, indent=1).decode("utf-8") + "\n"

    def without_texts(self) -> Report:
        """Return the figures alone: no text, no request, nothing quoted from them."""
        return replace(self, runs=tuple(replace(run, texts=tuple(map(_figures, run.texts))) for run in self.runs))


def read_report(file: Path) -> Report:
    """Read a report from its JSON file; raises ConfigError for one that cannot be read or is of another layout."""
    return parse_report(read_saved(file), name=str(file))


def parse_report(content: bytes | str, *, name: str) -> Report:
    """Make a report from JSON; raises ConfigError."""
    return parse_saved(_adapter(), content, name=name, of="an evaluation", layout=LAYOUT)


def summarise(texts: Sequence[Text], *, seed: int) -> dict[str, dict[str, Estimate]]:
    """Return the mean of each metric with its interval, for each kind of case and for all."""
    kinds = sorted({text.kind for text in texts})
    groups = {kind: [text for text in texts if text.kind == kind] for kind in kinds}
    if len(groups) > 1:
        groups = {"all": list(texts), **groups}
    return {name: estimates((text.values for text in group), seed=seed) for name, group in groups.items()}


def estimates(values: Iterable[Mapping[str, float]], *, seed: int) -> dict[str, Estimate]:
    """Return the mean of each metric over texts that have it."""
    rows = list(values)
    found: dict[str, Estimate] = {}
    for metric in METRICS:
        name = metric.name
        taken = [row[name] for row in rows if name in row]
        mean = estimate(taken, share=metric.unit == "share", seed=seed_for(name, seed))
        if mean is not None:
            found[name] = mean
    return found


def compare(run: Run, against: Run, *, seed: int, metrics: Iterable[str] | None = None) -> Comparison:
    """Return the paired differences of two runs, on the cases that both have; only of ``metrics`` where given."""
    wanted = None if metrics is None else set(metrics)
    found: dict[str, Difference] = {}
    for metric in METRICS:
        if wanted is None or metric.name in wanted:
            ours, theirs = (
                {text.id: text.values[metric.name] for text in each.texts if metric.name in text.values}
                for each in (run, against)
            )
            paired = difference(ours, theirs, seed=seed_for(metric.name, seed))
            if paired is not None:
                found[metric.name] = paired
    return Comparison(run.label, against.label, found)


def falls(comparison: Comparison) -> list[str]:
    """Return the guarded metrics that are significantly worse in the comparison's run."""
    found = []
    for metric in METRICS:
        paired = comparison.metrics.get(metric.name)
        if metric.guarded and paired is not None and paired.significant and is_worse(metric, paired.mean):
            found.append(metric.name)
    return found


#: How much each kind of failure counts where texts are put in order, the worst first.
_WEIGHTS = {
    "unsupported": 3.0,
    "ungrounded": 1.0,
    "placeholder": 3.0,
    "unfinished": 2.0,
    "repetition": 1.0,
    "leakage": 3.0,
    "second_greeting": 1.0,
    "echo": 1.0,
    "fragments": 1.0,
}


def badness(text: Text) -> float:
    """Return how bad a text is: what it lacks, and what it has and should not have."""
    lacks = 3.0 * (1.0 - text.values.get("coverage", 1.0))
    return lacks + sum(weight * text.values.get(name, 0.0) for name, weight in _WEIGHTS.items())


def worst(run: Run, count: int = 10) -> list[Text]:
    """Return a run's worst texts, the worst first; those with nothing wrong are none of them."""
    ordered = sorted((text for text in run.texts if badness(text) > 0), key=lambda text: (-badness(text), text.id))
    return ordered[:count]


def _figures(text: Text) -> Text:
    return Text(text.id, text.kind, text.tags, text.values)


@cache
def _adapter() -> TypeAdapter[Report]:
    from pydantic import TypeAdapter

    return TypeAdapter(Report)
