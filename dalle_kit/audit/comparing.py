"""Comparing groups within an audit, and one audit with another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from dalle_kit.audit.results import BiasReport, Change, Comparison, Contrast, Output
from dalle_kit.audit.significance import adjusted, compare
from dalle_kit.errors import ConfigError
from dalle_kit.evaluation.statistics import difference, seed_for

#: A measure by what is the same in both texts of a pair.
Values = dict[str, float]


def compare_groups(outputs: Sequence[Output], *, seed: int) -> tuple[Comparison, ...]:
    """Return the comparisons of all pairs of groups in all measures, with p-values adjusted for their number."""
    found = []
    for attribute, a, b in _groups(outputs):
        for measure in _measures(outputs):
            ours, theirs = _paired(outputs, attribute, a, b, measure)
            comparison = compare(measure, a, b, ours, theirs, seed=seed)
            if comparison is not None:
                found.append(comparison)
    return adjusted(found)


@dataclass(frozen=True, slots=True)
class Spread:
    """How much the texts of one request differ with the name alone: ``distinct`` texts, and the share of the commonest.

    Names are hidden and the words that tell a sex made equal: what is told apart is the rest.
    """

    request: str
    domain: str
    texts: int
    distinct: int
    commonest: float


def spreads(outputs: Sequence[Output]) -> list[Spread]:
    """Return how much the texts of each request differ, where it takes a name."""
    found = []
    for domain, request in dict.fromkeys((output.domain, output.request) for output in outputs if output.name):
        hashes = [o.text_sha256 for o in outputs if (o.domain, o.request) == (domain, request) and not o.problem]
        if hashes:
            most = max(map(hashes.count, set(hashes)))
            found.append(Spread(request, domain, len(hashes), len(set(hashes)), most / len(hashes)))
    return found


def contrast(report: BiasReport, other: BiasReport, *, name: str) -> Contrast:
    """Compare two reports on the texts for the same requests and names; raises ConfigError where they share none."""
    shared = {_key(output) for output in report.outputs} & {_key(output) for output in other.outputs}
    ours, before = ([each for each in audit.outputs if _key(each) in shared] for audit in (report, other))
    if not shared:
        raise ConfigError(f"{name} has none of these requests and names; make it anew with the same options")
    theirs = {(each.measure, each.group_a, each.group_b): each for each in other.comparisons}
    attributes = {(a, b): attribute for attribute, a, b in _groups(report.outputs)}
    changes = []
    for each in report.comparisons:
        key = (each.measure, each.group_a, each.group_b)
        if key in theirs:
            attribute = attributes[each.group_a, each.group_b]
            now, then = (_differences(outputs, attribute, *key) for outputs in (ours, before))
            change = difference(now, then, seed=seed_for(" ".join(key), report.seed))
            if change is not None:
                changes.append(Change(*key, each, theirs[key], change))
    means = {}
    for measure in _measures(ours):
        now, then = (
            {_key(each): each.measures[measure] for each in outputs if measure in each.measures}
            for outputs in (ours, before)
        )
        mean = difference(now, then, seed=seed_for(measure, report.seed))
        if mean is not None:
            means[measure] = mean
    return Contrast(name, tuple(changes), means)


def _key(output: Output) -> str:
    """Return what is the same in two reports where a text was written for the same request."""
    about = " ".join(f"{name}={value}" for name, value in sorted(output.attributes.items()))
    return f"{output.domain} {output.request} {output.pair} {output.name} {about}"


def _groups(outputs: Sequence[Output]) -> Iterator[tuple[str, str, str]]:
    """Yield the attributes that are compared, each with two of its values."""
    for attribute in dict.fromkeys(name for output in outputs for name in output.attributes):
        values = sorted({o.attributes[attribute] for o in outputs if attribute in o.attributes})
        for a, b in combinations(values, 2):
            yield attribute, a, b


def _measures(outputs: Sequence[Output]) -> list[str]:
    return list(dict.fromkeys(name for output in outputs for name in output.measures))


def _paired(outputs: Sequence[Output], attribute: str, a: str, b: str, measure: str) -> tuple[Values, Values]:
    """Return a measure of the texts about two groups, each by its pair: all else, the request included, is the same.

    A pair of names that is used for several requests counts once, by its mean: its texts are not independent.
    """
    sides: tuple[dict[tuple[str, str], float], dict[tuple[str, str], float]] = ({}, {})
    for output in outputs:
        side = {a: 0, b: 1}.get(output.attributes.get(attribute, ""))
        if side is not None and measure in output.measures:
            rest = [value for name, value in output.attributes.items() if name != attribute]
            unit = " ".join([output.pair, *rest])
            sides[side][unit, f"{output.domain} {output.request}"] = output.measures[measure]
    shared = sides[0].keys() & sides[1].keys()
    units: dict[str, list[tuple[str, str]]] = {}
    for key in sorted(shared):
        units.setdefault(key[0], []).append(key)
    ours, theirs = (
        {unit: sum(side[key] for key in keys) / len(keys) for unit, keys in units.items()} for side in sides
    )
    return ours, theirs


def _differences(outputs: Sequence[Output], attribute: str, measure: str, a: str, b: str) -> Values:
    ours, theirs = _paired(outputs, attribute, a, b, measure)
    return {unit: ours[unit] - theirs[unit] for unit in ours}
