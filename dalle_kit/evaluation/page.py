"""A report as one HTML page: no scripts, nothing fetched, fit for screen readers and for print."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from html import escape
from itertools import pairwise

from dalle_kit.evaluation.measuring import Mark
from dalle_kit.evaluation.metrics import BY_NAME, METRICS
from dalle_kit.evaluation.report import Comparison, Report, Run, Text, worst
from dalle_kit.evaluation.table import change, columns, comparison_title, interval, run_title, verdict

_STYLE = """
:root { color-scheme: light dark; font: 100%/1.5 system-ui, sans-serif; }
body { max-width: 75rem; margin: 0 auto; padding: 1rem; }
table { border-collapse: collapse; margin: 1rem 0; }
caption { text-align: left; font-weight: bold; padding: .3rem 0; }
th, td { border: 1px solid #767676; padding: .25rem .6rem; text-align: left; vertical-align: top; }
td { font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
article { border-top: 2px solid #767676; margin-top: 1.5rem; }
.text, .request { white-space: pre-wrap; overflow-wrap: anywhere; padding: .6rem; border: 1px solid #767676; }
mark { background: #ffe08a; color: #000; text-decoration: underline 2px #a40000; }
.why { font-size: .8rem; font-weight: bold; vertical-align: super; }
"""


def render_page(report: Report) -> str:
    """Return the report as a whole HTML page, with the worst ten texts of each run where it has texts."""
    title = f"How well {report.domain} is written"
    body = [f"<p>{escape(_methods(report))}</p>"]
    for run in report.runs:
        body += [
            f"<section><h2>{escape(run_title(report, run))}</h2>",
            _figures(report, run),
            *_skipped(run),
            "</section>",
        ]
    if report.comparisons:
        body += ["<section><h2>Comparisons</h2>", *map(_comparison, report.comparisons), "</section>"]
    for run in report.runs:
        chosen = [text for text in worst(run) if text.text]
        if chosen:
            heading = f"The worst of {run.label}"
            body += [f"<section><h2>{escape(heading)}</h2>", *map(_article, chosen), "</section>"]
    return html_page(title, body)


def html_page(title: str, body: Iterable[str]) -> str:
    """Return a whole page from the HTML of its parts, under the title."""
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>",
            f"<h1>{escape(title)}</h1>",
            *body,
            "</main>\n</body>\n</html>\n",
        ]
    )


def _methods(report: Report) -> str:
    read = ", ".join(f"{name}: {method}" for name, method in report.methods.items())
    return (
        f"Made {report.created} with dalle-kit {report.version}. Means with 95 % bootstrap intervals. Read with {read}."
    )


def html_table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table as HTML; the first cell of a row is its head."""
    lines = [f'<div class="scroll"><table>\n<caption>{escape(caption)}</caption>\n<thead><tr>']
    lines += [f'<th scope="col">{escape(cell)}</th>' for cell in head]
    lines.append("</tr></thead>\n<tbody>")
    for first, *rest in rows:
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in rest)
        lines.append(f'<tr><th scope="row">{escape(first)}</th>{cells}</tr>')
    return "\n".join([*lines, "</tbody>\n</table></div>"])


def _figures(report: Report, run: Run) -> str:
    shown = columns(report, run)
    rows = [
        [metric.label, *(interval(metric, group.get(metric.name)) for group in shown.values())]
        for metric in METRICS
        if any(metric.name in group for group in shown.values())
    ]
    return html_table(f"Figures of {run.label}", ["figure", *shown], rows)


def _skipped(run: Run) -> list[str]:
    if not run.skipped:
        return []
    items = "".join(f"<li>{escape(name)}: {escape(reason)}</li>" for name, reason in run.skipped.items())
    return [f"<h3>Skipped</h3><ul>{items}</ul>"]


def _comparison(comparison: Comparison) -> str:
    rows = [
        [BY_NAME[name].label, change(BY_NAME[name], found), verdict(BY_NAME[name], found), str(found.n)]
        for name, found in comparison.metrics.items()
    ]
    return html_table(comparison_title(comparison), ["figure", "difference", "verdict", "pairs"], rows)


def _article(text: Text) -> str:
    request = json.dumps(text.request or {}, ensure_ascii=False, indent=2)
    notes = [mark.message for mark in text.marks if mark.start == mark.end]
    notes += [*text.findings, *(f"repaired: {repair}" for repair in text.repairs)]
    listed = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return "\n".join(
        [
            f"<article>\n<h3>{escape(text.id)} ({escape(text.kind)})</h3>",
            f'<h4>Request</h4>\n<div class="request">{escape(request)}</div>',
            f'<h4>Text</h4>\n<div class="text">{marked(text.text, text.marks)}</div>',
            f"<h4>Notes</h4>\n<ul>{listed}</ul>" if listed else "",
            "</article>",
        ]
    )


def marked(text: str, marks: Iterable[Mark]) -> str:
    """Return a text as HTML with its marks; where they overlap, one marks what all of them say."""
    spans = [mark for mark in marks if mark.start < mark.end]
    edges = sorted({0, len(text), *(edge for mark in spans for edge in (mark.start, mark.end))})
    parts, before = [], ""
    for start, end in pairwise(edges):
        here = [mark for mark in spans if mark.start <= start and end <= mark.end]
        stretch = escape(text[start:end])
        if not here:
            parts.append(stretch)
            before = ""
            continue
        why = "; ".join(dict.fromkeys(f"{mark.metric}: {mark.message}" for mark in here))
        # The reason is said in words: colour alone would not reach everybody.
        note = f' <span class="why">({escape(why)})</span>' if why != before else ""
        parts.append(f"<mark>{stretch}</mark>{note}")
        before = why
    return "".join(parts)
