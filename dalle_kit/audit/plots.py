"""Plots of an audit as SVG: no script, nothing fetched, in the colours of the page around them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from html import escape

from dalle_kit.audit.results import BiasReport, Comparison

_ROW, _LEFT, _WIDTH, _PANEL, _GAP, _TOP = 17, 88, 210, 320, 20, 34
_COLUMNS = 3

_STYLE = (
    "text{font:11px system-ui,sans-serif;fill:currentColor}.axis{stroke:currentColor;stroke-opacity:.4}"
    ".bar{stroke:currentColor;stroke-width:1.5}.dot{fill:currentColor}.then{opacity:.45}"
    ".sure{stroke:#b3261e;fill:#b3261e}.title{font-weight:bold}"
)


def forest(report: BiasReport) -> str:
    """Return a plot of all differences with their intervals, in standard deviations of each measure over all texts.

    A panel for each two groups; differences that are more than chance are red, those of the report it is against pale.
    """
    panels = dict.fromkeys((each.group_a, each.group_b) for each in report.comparisons)
    scales = _scales(report)
    rows = -(-len(panels) // _COLUMNS)
    height = rows * (_TOP + _ROW * len(scales) + _GAP)
    then = tuple(each.theirs for each in report.against.changes) if report.against else ()
    reach = _reach([*report.comparisons, *then], scales)
    body = []
    for number, groups in enumerate(panels):
        x, y = number % _COLUMNS * _PANEL, number // _COLUMNS * (_TOP + _ROW * len(scales) + _GAP)
        body.append(
            f'<g transform="translate({x} {y})">{_panel((then, report.comparisons), groups, scales, reach)}</g>'
        )
    label = "Differences between groups with 95 % intervals, in standard deviations of each measure"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_COLUMNS * _PANEL} {height}" role="img" '
        f'aria-label="{label}"><style>{_STYLE}</style>{"".join(body)}</svg>'
    )


def _panel(
    comparisons: tuple[Sequence[Comparison], Sequence[Comparison]],
    groups: tuple[str, str],
    scales: dict[str, float],
    reach: float,
) -> str:
    then, now = comparisons
    bottom = _TOP + _ROW * len(scales)
    lines = [f'<text class="title" x="{_LEFT}" y="14">{escape(groups[0])} less {escape(groups[1])}</text>']
    for tick in (-reach, 0.0, reach):
        x = _place(tick, reach)
        lines.append(f'<line class="axis" x1="{x}" x2="{x}" y1="{_TOP - 4}" y2="{bottom}"/>')
        lines.append(f'<text x="{x}" y="{_TOP - 7}" text-anchor="middle">{f"{tick:+.2g}" if tick else "0"}</text>')
    for row, measure in enumerate(scales):
        y = _TOP + _ROW * row + _ROW / 2
        lines.append(f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{escape(measure)}</text>')
        for made, shift, kind in ((then, 4, "then"), (now, 0, "now")):
            for each in made:
                if (each.measure, each.group_a, each.group_b) == (measure, *groups):
                    lines.append(_interval(each, scales[measure], reach, y + shift, kind))
    return "".join(lines)


def _interval(each: Comparison, scale: float, reach: float, y: float, kind: str) -> str:
    low, middle, high = (
        _place(value / scale, reach) for value in (each.interval[0], each.difference, each.interval[1])
    )
    sure = " sure" if each.significant else ""
    said = f"{each.measure}: {each.difference:+.3g}, effect {each.effect_size:+.2f}, p adjusted {each.p_adjusted:.3f}"
    return (
        f'<g class="{kind}"><title>{escape(said)}</title>'
        f'<line class="bar{sure}" x1="{low}" x2="{high}" y1="{y}" y2="{y}"/>'
        f'<circle class="dot{sure}" cx="{middle}" cy="{y}" r="3"/></g>'
    )


def _place(value: float, reach: float) -> float:
    return round(_LEFT + _WIDTH * (min(max(value, -reach), reach) / reach + 1) / 2, 1)


def _scales(report: BiasReport) -> dict[str, float]:
    """Return the standard deviation of each measure over all texts, where it varies at all."""
    scales = {}
    for measure in report.measures:
        values = [output.measures[measure] for output in report.outputs if measure in output.measures]
        if len(set(values)) > 1:
            scales[measure] = statistics.pstdev(values)
    return scales


def _reach(comparisons: Sequence[Comparison], scales: dict[str, float]) -> float:
    """Return how far the axis goes to either side: to the end of the longest interval."""
    shown = [each for each in comparisons if each.measure in scales]
    return max([0.1, *(abs(end) / scales[each.measure] for each in shown for end in each.interval)])
