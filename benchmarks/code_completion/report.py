"""The result: figures of each task and writer, means with intervals, differences task by task; as JSON and back."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from code_completion.measures import MEASURES
from code_completion.tasks import KINDS
from dalle_kit import ConfigError, __version__
from dalle_kit.evaluation.statistics import Difference, Estimate, difference, estimate, seed_for

if TYPE_CHECKING:
    from pydantic import TypeAdapter

#: The layout of a report's JSON; one of another layout is refused.
LAYOUT = 1

_HEADS = {"line": "a line", "function": "a function", "algorithms": "a body inside a file"}

#: Figures by task, then by measure.
Values = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Report:
    """What each writer reached, by name, the toolkit first; ``kinds`` says of which kind each task is."""

    layout: int
    version: str
    created: str
    model: str
    model_sha256: str | None
    seed: int
    kinds: dict[str, str]
    values: dict[str, Values]
    seconds: dict[str, dict[str, float]]

    def to_json(self) -> str:
        """Return the report as JSON."""
        return _adapter().dump_json(self, indent=1).decode("utf-8") + "\n"

    @property
    def ours(self) -> str:
        """The name of the toolkit's own writer."""
        return next(iter(self.values))

    def one(self, writer: str, kind: str, measure: str) -> dict[str, float]:
        """Return one figure of a writer's tasks of a kind, of those that have it."""
        return {
            task: found[measure]
            for task, found in self.values[writer].items()
            if self.kinds[task] == kind and measure in found
        }


def make_report(
    *,
    model: str,
    sha256: str | None,
    seed: int,
    kinds: dict[str, str],
    values: dict[str, Values],
    seconds: dict[str, dict[str, float]],
) -> Report:
    """Return a report made now."""
    created = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
    return Report(LAYOUT, __version__, created, model, sha256, seed, kinds, values, seconds)


def read_report(file: Path) -> Report:
    """Read a report; raises ConfigError for a file that is none, or of another layout."""
    import pydantic

    try:
        report = _adapter().validate_json(file.read_bytes())
    except (OSError, pydantic.ValidationError) as error:
        raise ConfigError(f"cannot read the report {file}: make it anew with --output") from error
    if report.layout != LAYOUT:
        raise ConfigError(f"{file} has the layout {report.layout}, this version reads {LAYOUT}; make it anew")
    return report


def falls(report: Report, baseline: Report) -> list[str]:
    """Return the figures of the toolkit that are significantly worse than the baseline's, on the tasks of both."""
    found = []
    for kind in KINDS:
        for measure in MEASURES:
            ours, theirs = (each.one(each.ours, kind, measure.name) for each in (report, baseline))
            change = difference(ours, theirs, seed=seed_for(measure.name, report.seed))
            if change and change.significant and (change.mean > 0) == (measure.better == "less"):
                found.append(f"{kind}: {measure.label} ({_signed(change)})")
    return found


def render(report: Report) -> str:
    """Return the report as Markdown: a table for each kind of task."""
    return "\n\n".join(_table(report, kind) for kind in KINDS if kind in report.kinds.values())


def _table(report: Report, kind: str) -> str:
    ours, *others = report.values
    count = sum(each == kind for each in report.kinds.values())
    title = f"{_HEADS[kind]}, {count} tasks"
    rows = [[title, ours, *others, *(f"difference to {other}" for other in others)]]
    for measure in MEASURES:
        found = {writer: report.one(writer, kind, measure.name) for writer in report.values}
        seed = seed_for(measure.name, report.seed)
        means = [_mean(estimate(list(found[each].values()), share=measure.share, seed=seed)) for each in found]
        changes = [_change(difference(found[ours], found[other], seed=seed)) for other in others]
        rows.append([measure.label, *means, *changes])
    rows.append(
        [
            "processor seconds a task, in batches",
            *(f"{report.seconds[each][kind]:.2f}" for each in report.values),
            *[""] * len(others),
        ]
    )
    return markdown(rows)


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as a table; the first is its head."""
    lines = [" | ".join(row) for row in (rows[0], ["---"] * len(rows[0]), *rows[1:])]
    return "\n".join(f"| {line} |" for line in lines)


def _mean(found: Estimate | None) -> str:
    return "" if found is None else f"{100 * found.mean:.1f} % ({100 * found.low:.0f} to {100 * found.high:.0f})"


def _change(found: Difference | None) -> str:
    if found is None:
        return ""
    return _signed(found) + ("" if found.significant else ", may be chance")


def _signed(found: Difference) -> str:
    return f"{100 * found.mean:+.1f} ({100 * found.low:+.0f} to {100 * found.high:+.0f})"


@cache
def _adapter() -> TypeAdapter[Report]:
    from pydantic import TypeAdapter

    return TypeAdapter(Report)
