"""A report as a table for people, in plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dalle_kit.evaluation.metrics import BY_NAME, METRICS, Metric, is_worse, written
from dalle_kit.evaluation.report import Comparison, Report, Run
from dalle_kit.evaluation.statistics import Difference, Estimate

#: How the columns are headed.
HEADS = {"all": "all", "hand": "hand-written", "real": "from real texts"}


def render_table(report: Report) -> str:
    """Return the report's runs and comparisons as tables."""
    parts = [_run_table(report, run) for run in report.runs]
    parts += [_comparison_table(each) for each in report.comparisons]
    return "\n\n".join(parts)


def run_title(report: Report, run: Run) -> str:
    """Return what a run was, in one line."""
    kinds = {kind: sum(text.kind == kind for text in run.texts) for kind in ("hand", "real")}
    counts = ", ".join(f"{count} {HEADS[kind]}" for kind, count in kinds.items() if count)
    model = f" ({run.model})" if run.model else ""
    return f"{report.domain}, {run.label}{model}: {counts}; seed {report.seed}"


def comparison_title(comparison: Comparison) -> str:
    """Return what is compared with what."""
    return f"{comparison.run} against {comparison.against}: difference, case by case"


def columns(report: Report, run: Run) -> dict[str, Mapping[str, Estimate]]:
    """Return the columns of a run: its groups of cases, and the real texts themselves."""
    found: dict[str, Mapping[str, Estimate]] = {HEADS[name]: group for name, group in run.summary.items()}
    if report.real:
        found["the real texts"] = report.real
    return found


def interval(metric: Metric, found: Estimate | None) -> str:
    """Return a mean with its interval."""
    if found is None:
        return ""
    return f"{written(metric, found.mean)} [{written(metric, found.low)}, {written(metric, found.high)}]"


def change(metric: Metric, found: Difference) -> str:
    """Return a difference with its interval."""
    return f"{signed(metric, found.mean)} [{signed(metric, found.low)}, {signed(metric, found.high)}]"


def verdict(metric: Metric, found: Difference) -> str:
    """Say whether a difference is an improvement, a fall, or may be chance."""
    if not found.significant:
        return "may be chance"
    if metric.better == "neither":
        return "differs"
    return "worse" if is_worse(metric, found.mean) else "better"


def signed(metric: Metric, value: float) -> str:
    """Return a change with its sign; of shares in percentage points."""
    text = written(metric, value)
    return text if text.startswith("-") else f"+{text}"


def _run_table(report: Report, run: Run) -> str:
    shown = columns(report, run)
    rows = [["", *shown]]
    for metric in METRICS:
        cells = [interval(metric, group.get(metric.name)) for group in shown.values()]
        if any(cells):
            rows.append([metric.label, *cells])
    notes = [f"{run.seconds_in_batch:.2f} s a document in batches"]
    notes += [f"skipped {name}: {reason}" for name, reason in run.skipped.items()]
    return "\n".join([run_title(report, run), *_aligned(rows), *notes])


def _comparison_table(comparison: Comparison) -> str:
    rows = [["", "difference", "", "pairs"]]
    for name, found in comparison.metrics.items():
        metric = BY_NAME[name]
        rows.append([metric.label, change(metric, found), verdict(metric, found), str(found.n)])
    return "\n".join([comparison_title(comparison), *_aligned(rows)])


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return [f"  {line}" for line in lines]
