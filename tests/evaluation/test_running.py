"""An evaluation of a few short cases, written by a small model of random weights: what it writes is no matter here."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dalle_kit.cli.main import main
from dalle_kit.config import Settings
from dalle_kit.domain import Example
from dalle_kit.engine.engine import Engine
from dalle_kit.errors import DalleKitError, ModelError
from dalle_kit.evaluation.cases import Case, load_cases
from dalle_kit.evaluation.report import Report, read_report
from dalle_kit.evaluation.running import Plan, evaluate
from dalle_kit.evaluation.settings import Setting
from dalle_kit.kit import Kit

FIELDS = {"to": ["ana@example.com"], "subject": "Room", "points": ["room B12"], "sender": "Tom", "length": "short"}
REAL = "Dear Ana,\n\nThe room for the review is B12. I will see you there.\n\nBest regards,\nTom"


@pytest.fixture(scope="module")
def shared_home(default_model_home: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "DALLE_KIT_HOME", str(default_model_home))
        yield


@pytest.fixture(scope="module")
def cases(shared_home: None) -> list[Case]:
    domain = replace(
        Kit(settings=Settings()).plugins.domain("email"),
        cases=lambda: [{"id": "room", "fields": FIELDS}],
        corpus=lambda split: [Example("real room", FIELDS, REAL)],
    )
    return load_cases(domain)


@pytest.fixture(scope="module")
def tiny(checkpoints: Callable[[str], tuple[object, Engine]], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a model that writes quickly, and reads as much as the default one."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    shutil.copytree(checkpoints("llama-long")[1].path, folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    text = json.dumps({**config, "max_position_embeddings": 8192})
    (folder / "config.json").write_text(text, encoding="utf-8")
    return str(folder)


def make_kit(model: str | None) -> Kit:
    return Kit(model=model, settings=Settings(device="cpu"))


@pytest.fixture(scope="module")
def report(cases: list[Case], tiny: str) -> Report:
    first = Setting(model=tiny)
    return evaluate(Plan("email", cases, [first, first.changed("candidates=2")], timed=1), make_kit)


def test_each_setting_writes_each_case(report: Report) -> None:
    first, second = (run.label for run in report.runs)
    assert second == f"{first},candidates=2"
    for run in report.runs:
        assert [(text.id, text.kind) for text in run.texts] == [("room", "hand"), ("real room", "real")]
        assert all(text.text.startswith("Dear Ana") or text.text.startswith("Hello") for text in run.texts)
        assert all(0 <= text.values["coverage"] <= 1 for text in run.texts)
        assert not run.skipped
    assert [comparison.against for comparison in report.comparisons] == [second]


def test_real_texts_bring_figures_of_likeness(report: Report) -> None:
    hand, real = report.runs[0].texts
    assert not {"chrf", "similarity", "log_likelihood"} & hand.values.keys()
    assert 0 < real.values["chrf"] <= 100
    assert 0.2 < real.values["similarity"] <= 1.0001
    assert -100 < real.values["log_likelihood"] < 0
    assert report.real is not None
    assert report.real["fragments"].mean == 0


def test_seconds_are_of_single_documents(report: Report) -> None:
    timed = [text.values["seconds"] for text in report.runs[0].texts if "seconds" in text.values]
    assert len(timed) == 1
    assert timed[0] > 0


def test_a_wrong_template_of_any_setting_is_told_before_a_model_is_loaded(cases: list[Case]) -> None:
    plan = Plan("email", cases, [Setting(model="no such model"), Setting(template="nowhere")])
    with pytest.raises(DalleKitError, match="nowhere"):
        evaluate(plan, make_kit)


def test_a_case_that_cannot_be_written_is_skipped_and_if_none_can_that_is_an_error(
    cases: list[Case], tiny: str
) -> None:
    long = replace(
        cases[0], id="long", request=cases[0].request.model_copy(update={"instruction": "Say room B12. " * 4000})
    )
    run = evaluate(Plan("email", [cases[0], long], [Setting(model=tiny)]), make_kit).runs[0]
    assert [text.id for text in run.texts] == ["room"]
    assert "context" in run.skipped["long"] or "tokens" in run.skipped["long"]
    with pytest.raises(ModelError, match="not a single case"):
        evaluate(Plan("email", [long], [Setting(model=tiny)]), make_kit)


def test_the_command_writes_reports_and_guards_a_baseline(
    shared_home: None, tiny: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    first, second, page = tmp_path / "first.json", tmp_path / "second.json", tmp_path / "page.html"
    wanted = ["eval", "news", "--cases", "hand", "--limit", "1", "--timed", "0", "--model", tiny]
    assert main([*wanted, "--output", str(first), "--html", str(page), "--without-texts"]) == 0
    shown = capfd.readouterr()
    assert "1 hand-written" in shown.out
    assert "<table>" in page.read_text(encoding="utf-8")
    assert all(text.text == "" for text in read_report(first).runs[0].texts)
    assert main([*wanted, "--fail-below", str(first), "--json", "--output", str(second)]) == 0
    compared = json.loads(capfd.readouterr().out)["comparisons"]
    assert [each["against"] for each in compared] == [f"{first}: model={tiny}"]
    assert all(not each["significant"] for each in compared[0]["metrics"].values())


def test_a_report_that_is_much_worse_ends_with_code_three(
    shared_home: None, tiny: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    wanted = ["eval", "news", "--cases", "hand", "--limit", "8", "--timed", "0", "--model", tiny]
    assert main([*wanted, "--output", str(tmp_path / "report.json")]) == 0
    assert main([*wanted, "--no-repair", "--fail-below", str(tmp_path / "report.json")]) == 3
    assert re.search(r"significantly worse than .*report\.json: .*coverage", capfd.readouterr().err)


def test_wrong_use_is_told_before_anything_is_loaded(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    taken = tmp_path / "taken.json"
    taken.write_text("{}", encoding="utf-8")
    for arguments, said in (
        (["eval", "nowhere"], "nowhere"),
        (["eval", "email", "--against", "colour=red"], "no setting named 'colour'"),
        (["eval", "email", "--output", str(taken)], "exists"),
        (["eval", "email", "--baseline", str(taken)], "is no report"),
        (["eval", "email", "--cases", "none"], "none"),
    ):
        assert main(arguments) == 2
        assert said in capfd.readouterr().err
