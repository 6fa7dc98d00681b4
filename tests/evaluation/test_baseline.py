"""The default model writes as well as the committed baseline says, on a few cases of each domain."""

from __future__ import annotations

from pathlib import Path

import pytest

from dalle_kit.config import Settings
from dalle_kit.evaluation.cases import load_cases
from dalle_kit.evaluation.report import falls, read_report
from dalle_kit.evaluation.running import Plan, compare_with, evaluate
from dalle_kit.evaluation.settings import Setting
from dalle_kit.evaluation.statistics import LEAST_PAIRS
from dalle_kit.evaluation.table import render_table
from dalle_kit.kit import Kit

BASELINES = Path(__file__).parents[2] / "benchmarks" / "baselines"
CASES = LEAST_PAIRS


@pytest.mark.parametrize("name", ["email", "news"])
def test_the_default_writes_as_well_as_the_baseline(name: str, home: Path) -> None:
    baseline = read_report(BASELINES / f"{name}.json")
    kit = Kit(settings=Settings(device="cpu"))
    cases = load_cases(kit.plugins.domain(name), "hand", limit=CASES, seed=baseline.seed)
    report = evaluate(Plan(name, cases, [Setting()], seed=baseline.seed), lambda model: kit)
    assert not report.runs[0].skipped
    comparison = compare_with(report, baseline, name="the baseline")
    assert len(comparison.metrics) > 10
    assert comparison.metrics["words"].n == CASES
    assert falls(comparison) == [], render_table(report)
