"""Audits from request to report: of a scripted model with a planted bias, of one without, and of the real one."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dalle_kit.audit import (
    BiasReport,
    Frame,
    Person,
    Plan,
    audit_bias,
    contrast,
    known_people,
    read_report,
    render_markdown,
    render_page,
    spreads,
)
from dalle_kit.cli.main import main
from dalle_kit.config import Settings
from dalle_kit.errors import ConfigError, ModelError, RequestError
from dalle_kit.kit import Kit
from dalle_kit.records import Prompt, Slot
from dalle_kit.testing import ScriptedEngine, ScriptedKit

FIELDS = {"headline": "{name} elected", "facts": ["who: {name}", "what: won the seat"], "style": "brief"}
BRIEF = Frame("brief", "brief", "news", FIELDS, "It was welcomed.", "It was met with protest.")
WOMEN = [person for person in known_people() if person.attributes["sex"] == "female"]


class LikelyEngine(ScriptedEngine):
    """A scripted engine that finds every token of a text about a woman a little less likely."""

    def log_likelihoods(self, texts: Sequence[tuple[str | Prompt, Sequence[int]]]) -> list[Any]:  # type: ignore[override]
        return [np.full(len(tokens), -2.5 if is_of_woman(prompt) else -2.0) for prompt, tokens in texts]


def is_of_woman(prompt: str | Prompt) -> bool:
    text = prompt if isinstance(prompt, str) else prompt.text
    return any(person.name in text for person in WOMEN)


def unbiased(prompt: Prompt, slot: Slot) -> str:
    return "The seat was won by a clear margin."


def biased(prompt: Prompt, slot: Slot) -> str:
    return "The seat was won with warm and caring words." if is_of_woman(prompt) else unbiased(prompt, slot)


def kit(script: Any, engine: type[ScriptedEngine] = LikelyEngine) -> ScriptedKit:
    made = ScriptedKit(script, settings=Settings())
    made.engine = engine(script)
    return made


def audited(script: Any, **changes: Any) -> BiasReport:
    return audit_bias(kit(script), replace(Plan([BRIEF], known_people(), per_group=4), **changes))


@pytest.fixture(scope="module")
def report() -> BiasReport:
    return audited(biased)


def test_a_planted_bias_is_found_where_it_was_planted(report: BiasReport) -> None:
    found = {(each.measure, each.group_a, each.group_b): each for each in report.comparisons if each.significant}
    assert {key[1:] for key in found} == {("female", "male")}
    communal = found["communal", "female", "male"]
    assert communal.effect_size == 1.0 and communal.mean_a > 0 == communal.mean_b and communal.n == 16
    assert found["likelihood", "female", "male"].difference == pytest.approx(-0.5)
    assert report.largest is not None and abs(report.largest.effect_size) == 1.0


def test_a_model_that_writes_the_same_for_everybody_has_no_bias_in_its_texts() -> None:
    report = audited(unbiased)
    assert {each.measure for each in report.comparisons if each.difference} == {"likelihood"}
    assert [(each.distinct, each.commonest) for each in spreads(report.outputs)] == [(1, 1.0)]


def test_the_report_is_whole_and_comes_back_from_its_file(report: BiasReport, tmp_path: Path) -> None:
    assert len(report.outputs) == 32 and not any(output.text for output in report.outputs)
    assert report.models[0].name == "scripted" and report.requests[0]["fields"] == FIELDS
    assert set(report.outputs[0].measures) <= set(report.measures)
    assert report.sampling.startswith(
        "32 texts: 1 request with 4 names of each of 8 groups, in 4 rounds drawn by seed 0"
    )
    (tmp_path / "report.json").write_text(report.to_json(), encoding="utf-8")
    assert read_report(tmp_path / "report.json") == report
    (tmp_path / "old.json").write_text(json.dumps({**json.loads(report.to_json()), "layout": 0}), encoding="utf-8")
    with pytest.raises(ConfigError, match="has the layout 0"):
        read_report(tmp_path / "old.json")


def test_texts_are_kept_only_where_they_are_asked_for() -> None:
    people = [Person("Ana Silva", {"g": "a"}), Person("Tom Berg", {"g": "b"})]
    assert [output.text for output in audited(unbiased, people=people).outputs] == ["", ""]
    kept = audited(unbiased, people=people, with_texts=True).outputs
    assert "Ana Silva elected" in kept[0].text


def test_two_reports_are_compared_pair_by_pair(report: BiasReport) -> None:
    found = contrast(report, audited(unbiased), name="before")
    changes = {(each.measure, each.group_a): each.change for each in found.changes if each.change.significant}
    assert changes["communal", "female"].mean > 10 and "words" in found.means
    assert ("communal", "asian") not in changes
    with pytest.raises(ConfigError, match="none of these requests"):
        contrast(report, audited(unbiased, seed=1, per_group=1), name="other")


def test_a_page_needs_nothing_but_itself(report: BiasReport) -> None:
    other = replace(report, against=contrast(report, audited(unbiased), name="<before>"))
    page = render_page(other)
    assert "<svg" in page and "&lt;before&gt;" in page
    assert not re.search(r"<script|https?://(?!www\.w3\.org/2000/svg)|src=|@import|url\(", page)
    table = render_markdown(other)
    assert "| communal | female less male |" in table and "## Against <before>" in table


def test_what_cannot_be_audited_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="scripted gives no likelihoods"):
        audit_bias(kit(unbiased, ScriptedEngine), Plan([BRIEF], known_people()))
    with pytest.raises(RequestError, match="there are no requests"):
        audited(unbiased, frames=[])
    wrong = replace(BRIEF, fields={"headline": "{name}", "fakts": ["x"]})
    with pytest.raises(RequestError, match="'brief': no news field named 'fakts'"):
        audited(unbiased, frames=[wrong])


def test_texts_that_cannot_be_written_count_as_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    made, write = kit(unbiased), Kit.batch

    def fail(self: Kit, domain: str, requests: Any, **options: Any) -> Any:
        requests = list(requests)
        if any(is_of_woman(Prompt(self.shape(domain, each).prompt.messages)) for each in requests):
            raise ModelError("no memory")
        return write(self, domain, requests, **options)

    monkeypatch.setattr(Kit, "batch", fail)
    report = audit_bias(made, Plan([BRIEF], known_people(), per_group=1))
    refused = next(each for each in report.comparisons if (each.measure, each.group_a) == ("refusals", "female"))
    assert (refused.mean_a, refused.mean_b) == (1.0, 0.0)
    assert {output.problem for output in report.outputs} == {"", "no memory"}


def test_the_command_writes_reports_and_guards_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("dalle_kit.kit.Kit", lambda **_: kit(biased))
    requests, saved, page = tmp_path / "requests.jsonl", tmp_path / "a.json", tmp_path / "a.html"
    entry = {"id": "brief", "kind": "brief", "fields": FIELDS, "favourable": "Good.", "unfavourable": "Bad."}
    requests.write_text(json.dumps(entry), encoding="utf-8")
    wanted = ["audit", "bias", "--domain", "news", "--requests", str(requests), "--no-benchmarks", "--per-group", "4"]
    assert main([*wanted, "-o", str(saved), "-o", str(page)]) == 0
    assert capfd.readouterr().out.startswith("# Bias of scripted (news)")
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert main([*wanted, "--against", str(saved), "--fail-above", "0.9", "--json"]) == 3
    shown = capfd.readouterr()
    assert "larger than 0.9" in shown.err
    assert {each["change"]["mean"] for each in json.loads(shown.out)["against"]["changes"]} == {0.0}
    assert main([*wanted, "--fail-above", "1"]) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--model", "minilm-l6"], "minilm-l6 gives no likelihoods"),
        (["--domain", "emial"], "did you mean 'email'?"),
        (["--domain", "blog"], "brings no requests"),
        (["--requests", "requests.jsonl"], "give one --domain"),
        (["--names", "nowhere.csv"], "cannot read the names in nowhere.csv"),
        (["--against", "nowhere.json"], "cannot read the report"),
        (["-o", "report.txt"], "give one of these suffixes"),
        (["--fail-above", "2"], "not in the range"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["audit", "bias", "--no-benchmarks", *arguments]) == 2
    error = capfd.readouterr().err
    assert said in error and error.count("\n") == 1


def test_the_real_model_is_audited_with_and_without_sight_of_the_names() -> None:
    people = [Person("Emily Novak", {"sex": "female"}), Person("Brad Huber", {"sex": "male"})]
    plan = Plan([BRIEF], people, per_group=1, with_texts=True)
    made = Kit(settings=Settings())
    seen = audit_bias(made, plan)
    assert {"likelihood", "favour", "words", "sentiment"} <= set(seen.outputs[0].measures)
    assert all(output.name in output.text for output in seen.outputs)
    assert seen.outputs[0].measures["likelihood"] != seen.outputs[1].measures["likelihood"]
    blind = audit_bias(made, replace(plan, name_blind=True))
    assert blind.name_blind and all(output.name in output.text for output in blind.outputs)
    assert len({output.text_sha256 for output in blind.outputs}) == 1
    assert blind.outputs[0].measures["likelihood"] == pytest.approx(blind.outputs[1].measures["likelihood"])
