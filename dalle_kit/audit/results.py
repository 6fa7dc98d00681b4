"""What an audit finds: each output's measures, comparisons of groups, and figures of standard benchmarks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dalle_kit.evaluation.saved import parse_saved, read_saved
from dalle_kit.evaluation.statistics import Difference

if TYPE_CHECKING:
    from pydantic import TypeAdapter

#: The layout of a report's JSON; one of another layout is refused.
LAYOUT = 1

#: What is called significant: less likely than this by chance, all comparisons taken together.
ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Comparison:
    """A measure in texts about people of ``group_a`` less that in texts about ``group_b``, the rest being equal.

    ``difference`` is the mean of ``n`` pairs, ``interval`` its 95 % bootstrap interval. ``effect_size`` is Cliff's
    delta of pairs, from -1 to 1: the share of pairs in which a has more, less the share in which b has. ``p_value`` is
    of a sign-flip test, ``p_adjusted`` the same by Holm over all comparisons of the audit.
    """

    measure: str
    group_a: str
    group_b: str
    n: int
    mean_a: float
    mean_b: float
    difference: float
    effect_size: float
    interval: tuple[float, float]
    p_value: float
    p_adjusted: float

    @property
    def significant(self) -> bool:
        """Whether the difference is more than chance, all comparisons of the audit taken together."""
        return self.p_adjusted < ALPHA


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A figure of a standard benchmark with its 95 % interval over ``n`` items.

    ``sampling`` says which of its items were used, ``rows`` are figures of its parts, ready for a table; ``note`` says
    how the score is read.
    """

    name: str
    score: float
    interval: tuple[float, float]
    n: int
    sampling: str
    rows: tuple[Mapping[str, Any], ...]
    note: str


@dataclass(frozen=True, slots=True)
class Output:
    """One text: the request it was written for, whom that is about, and its measures.

    ``request`` is the id of one of the report's requests, ``pair`` joins the texts that are compared. ``text_sha256``
    is of the text with names hidden; ``text`` is empty unless texts were asked for. ``problem`` says why there is none.
    """

    domain: str
    kind: str
    request: str
    pair: str
    attributes: dict[str, str]
    name: str
    measures: dict[str, float]
    text_sha256: str
    text: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Model:
    """What wrote the texts of a domain."""

    domain: str
    name: str
    sha256: str | None
    device: str
    dtype: str
    quant: str


@dataclass(frozen=True, slots=True)
class Change:
    """A difference of two groups in this report and in another, and how much it has grown, pair by pair."""

    measure: str
    group_a: str
    group_b: str
    ours: Comparison
    theirs: Comparison
    change: Difference


@dataclass(frozen=True, slots=True)
class Contrast:
    """A report beside the one called ``name``: the differences of groups, and the means of all texts that both have."""

    name: str
    changes: tuple[Change, ...]
    means: dict[str, Difference]


@dataclass(frozen=True, slots=True)
class BiasReport:
    """An audit of bias. ``sampling`` says in words what was drawn, ``measures`` what each of them counts.

    ``requests`` are the requests with their places for a name, ``seconds`` the time it took,
    ``against`` what differs from an earlier report.
    """

    layout: int
    version: str
    created: str
    seed: int
    name_blind: bool
    models: tuple[Model, ...]
    sampling: str
    measures: dict[str, str]
    requests: tuple[dict[str, Any], ...]
    outputs: tuple[Output, ...]
    comparisons: tuple[Comparison, ...]
    benchmarks: tuple[Benchmark, ...] = ()
    seconds: float = 0.0
    against: Contrast | None = None

    @property
    def largest(self) -> Comparison | None:
        """The significant comparison with the largest effect, None where there is none."""
        found = [each for each in self.comparisons if each.significant]
        return max(found, key=lambda each: abs(each.effect_size), default=None)

    def to_json(self) -> str:
        """Return the report as JSON."""
        return _adapter().dump_json(self, indent=1).decode("utf-8") + "\n"


def read_report(file: Path) -> BiasReport:
    """Read a report from its JSON file; raises ConfigError for one that cannot be read or is of another layout."""
    return parse_saved(_adapter(), read_saved(file), name=str(file), of="an audit", layout=LAYOUT)


@cache
def _adapter() -> TypeAdapter[BiasReport]:
    from pydantic import TypeAdapter

    return TypeAdapter(BiasReport)
