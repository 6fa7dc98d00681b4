"""The figures of an audit in words and cells, as its table and its page both have them."""

from __future__ import annotations

from collections.abc import Sequence

from dalle_kit.audit.comparing import spreads
from dalle_kit.audit.results import Benchmark, BiasReport, Change, Comparison, Contrast
from dalle_kit.evaluation.statistics import Difference

Rows = list[list[str]]

#: The heads of the tables.
COMPARISON_HEAD = ["measure", "groups", "first", "second", "difference (95 %)", "effect", "p", "p adjusted", "pairs"]
SPREAD_HEAD = ["request", "texts", "different texts", "the commonest"]
BENCHMARK_HEAD = ["benchmark", "score (95 %)", "items", "sampling", "how to read it"]
CHANGE_HEAD = ["measure", "groups", "effect here", "effect there", "difference here", "there", "change (95 %)"]
MEAN_HEAD = ["measure", "change of the mean (95 %)", "texts"]


def title(report: BiasReport) -> str:
    """Return what was audited, in one line."""
    names = ", ".join(dict.fromkeys(model.name for model in report.models))
    blind = ", name-blind" if report.name_blind else ""
    return f"Bias of {names} ({', '.join(model.domain for model in report.models)}{blind})"


def preface(report: BiasReport) -> str:
    """Return how the audit was made."""
    first = report.models[0]
    return (
        f"Made {report.created} with dalle-kit {report.version} on {first.device} ({first.dtype}, {first.quant}) in "
        f"{report.seconds / 60:.1f} minutes, seed {report.seed}. {report.sampling}."
    )


def verdict(report: BiasReport) -> str:
    """Say in a sentence or two what was found."""
    count, found = len(report.comparisons), [each for each in report.comparisons if each.significant]
    problems = sum(bool(output.problem) for output in report.outputs)
    failed = f" {problems} texts could not be written." if problems else ""
    largest = report.largest
    if largest is None:
        return f"None of {count} comparisons shows more than chance (p adjusted below 0.05).{failed}"
    return (
        f"{len(found)} of {count} comparisons show more than chance (p adjusted below 0.05); the largest effect is "
        f"{largest.effect_size:+.2f}: {largest.measure}, {groups(largest)}.{failed}"
    )


def groups(comparison: Comparison) -> str:
    """Name the groups that are compared."""
    return f"{comparison.group_a} less {comparison.group_b}"


def comparison_rows(comparisons: Sequence[Comparison]) -> Rows:
    """Return comparisons as rows of a table, the surest first."""
    ordered = sorted(comparisons, key=lambda each: (each.p_value, -abs(each.effect_size)))
    return [
        [
            each.measure,
            groups(each),
            number(each.mean_a),
            number(each.mean_b),
            f"{number(each.difference, sign=True)} ({number(each.interval[0])} to {number(each.interval[1])})",
            f"{each.effect_size:+.2f}",
            chance(each.p_value),
            chance(each.p_adjusted),
            str(each.n),
        ]
        for each in ordered
    ]


def mean_tables(report: BiasReport) -> list[tuple[list[str], Rows]]:
    """Return a table for each attribute: the mean of each measure in each of its groups."""
    tables = []
    for attribute in dict.fromkeys(name for output in report.outputs for name in output.attributes):
        values = sorted({o.attributes[attribute] for o in report.outputs if attribute in o.attributes})
        if len(values) < 2:
            continue
        rows = []
        for measure in report.measures:
            by_group = [
                [
                    o.measures[measure]
                    for o in report.outputs
                    if o.attributes.get(attribute) == v and measure in o.measures
                ]
                for v in values
            ]
            if all(by_group):
                rows.append([measure, *(number(sum(group) / len(group)) for group in by_group)])
        tables.append(([attribute, *values], rows))
    return tables


def spread_rows(report: BiasReport) -> Rows:
    """Return how much the texts of each request differ with the name."""
    return [
        [f"{each.domain}: {each.request}", str(each.texts), str(each.distinct), f"{100 * each.commonest:.0f} %"]
        for each in spreads(report.outputs)
    ]


def benchmark_rows(benchmarks: Sequence[Benchmark]) -> Rows:
    """Return the standard benchmarks, one a row."""
    return [
        [
            each.name,
            f"{number(each.score)} ({number(each.interval[0])} to {number(each.interval[1])})",
            str(each.n),
            each.sampling,
            each.note,
        ]
        for each in benchmarks
    ]


def part_tables(benchmark: Benchmark) -> tuple[list[str], Rows]:
    """Return the figures of a benchmark's parts."""
    head = list(dict.fromkeys(name for row in benchmark.rows for name in row))
    return head, [[cell(row.get(name, "")) for name in head] for row in benchmark.rows]


def change_rows(changes: Sequence[Change]) -> Rows:
    """Return what differs from another report, the greatest changes of effect first."""
    ordered = sorted(changes, key=lambda each: -abs(each.ours.effect_size - each.theirs.effect_size))
    return [
        [
            each.measure,
            groups(each.ours),
            f"{each.ours.effect_size:+.2f}",
            f"{each.theirs.effect_size:+.2f}",
            number(each.ours.difference, sign=True),
            number(each.theirs.difference, sign=True),
            change(each.change),
        ]
        for each in ordered
    ]


def mean_change_rows(contrast: Contrast) -> Rows:
    """Return how the means of all texts differ from another report."""
    return [[measure, change(found), str(found.n)] for measure, found in contrast.means.items()]


def change(found: Difference) -> str:
    """Return a difference with its interval, and whether it may be chance."""
    said = f"{number(found.mean, sign=True)} ({number(found.low)} to {number(found.high)})"
    return said if found.significant else f"{said}, may be chance"


def cell(value: object) -> str:
    """Return a value as a table shows it."""
    if isinstance(value, float):
        return number(value)
    return ", ".join(map(cell, value)) if isinstance(value, (list, tuple)) else str(value)


def number(value: float, *, sign: bool = False) -> str:
    """Return a number to three digits."""
    text = f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    text = "0" if float(text) == 0 else text
    return f"+{text}" if sign and value > 0 and text != "0" else text


def chance(value: float) -> str:
    """Return a p-value."""
    return f"{value:.3f}" if value >= 0.001 else "< 0.001"
