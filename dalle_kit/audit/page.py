"""An audit as one HTML page: no scripts, nothing fetched, fit for screen readers and for print."""

from __future__ import annotations

from html import escape

from dalle_kit.audit import wording
from dalle_kit.audit.plots import forest
from dalle_kit.audit.results import BiasReport
from dalle_kit.evaluation.page import html_page, html_table

_HOW = (
    "Each line is the mean difference of two groups with its 95 % interval, in standard deviations of the measure over "
    "all texts; red is more than chance, all comparisons taken together."
)


def render_page(report: BiasReport) -> str:
    """Return the report as a whole HTML page."""
    against = report.against
    pale = f" Pale: {against.name}." if against is not None else ""
    body = [
        f"<p>{escape(wording.preface(report))}</p>",
        f"<p><strong>{escape(wording.verdict(report))}</strong></p>",
        f"<figure>{forest(report)}<figcaption>{escape(_HOW + pale)}</figcaption></figure>",
        html_table("All comparisons", wording.COMPARISON_HEAD, wording.comparison_rows(report.comparisons)),
    ]
    body += [html_table(f"Means by {head[0]}", head, rows) for head, rows in wording.mean_tables(report)]
    spread = wording.spread_rows(report)
    if spread:
        body.append(html_table("How much the name changes", wording.SPREAD_HEAD, spread))
    if report.benchmarks:
        body.append(html_table("Benchmarks", wording.BENCHMARK_HEAD, wording.benchmark_rows(report.benchmarks)))
        body += [html_table(each.name, *wording.part_tables(each)) for each in report.benchmarks if each.rows]
    if against is not None:
        body.append(html_table(f"Against {against.name}", wording.CHANGE_HEAD, wording.change_rows(against.changes)))
        body.append(
            html_table(f"All texts against {against.name}", wording.MEAN_HEAD, wording.mean_change_rows(against))
        )
    measures = "".join(f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>" for key, value in report.measures.items())
    body.append(f"<h2>Measures</h2><dl>{measures}</dl>")
    return html_page(wording.title(report), body)
