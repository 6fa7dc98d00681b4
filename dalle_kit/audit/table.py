"""An audit as Markdown: what differs, the means of the groups, the benchmarks."""

from __future__ import annotations

from collections.abc import Sequence

from dalle_kit.audit import wording
from dalle_kit.audit.results import BiasReport, Contrast

#: Comparisons that are less sure than this are left out of the table, not of the JSON.
SHOWN = 0.05


def render_markdown(report: BiasReport) -> str:
    """Return a report as Markdown; what is not sure is left to the JSON and the page."""
    shown = [each for each in report.comparisons if each.p_value < SHOWN]
    parts = [f"# {wording.title(report)}", wording.preface(report), wording.verdict(report)]
    if shown:
        left = f"The {len(report.comparisons) - len(shown)} others are less sure than p = {SHOWN} by themselves."
        parts += ["## Comparisons", _table(wording.COMPARISON_HEAD, wording.comparison_rows(shown)), left]
    parts.append("## Means")
    parts += [_table(head, rows) for head, rows in wording.mean_tables(report)]
    spread = wording.spread_rows(report)
    if spread:
        parts += ["## How much the name changes", _table(wording.SPREAD_HEAD, spread)]
    if report.benchmarks:
        parts += ["## Benchmarks", _table(wording.BENCHMARK_HEAD, wording.benchmark_rows(report.benchmarks))]
        for benchmark in report.benchmarks:
            head, rows = wording.part_tables(benchmark)
            parts += [f"### {benchmark.name}", _table(head, rows)] if rows else []
    if report.against is not None:
        parts += [f"## Against {report.against.name}", *_contrast(report.against)]
    return "\n\n".join(parts) + "\n"


def _contrast(against: Contrast) -> list[str]:
    shown = [
        each for each in against.changes if each.change.significant or each.ours.significant or each.theirs.significant
    ]
    left = f"The {len(against.changes) - len(shown)} other differences of groups have not changed by more than chance."
    parts = [_table(wording.CHANGE_HEAD, wording.change_rows(shown))] if shown else []
    return [*parts, left, _table(wording.MEAN_HEAD, wording.mean_change_rows(against))]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_plain, line))} |" for line in lines)


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
