"""The evaluation of completions: perfect ones score everything, planted errors are caught, nothing reserved is used."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import completion
import pytest
from code_completion import tasks as sources
from code_completion.judging import judge, texts
from code_completion.measures import MEASURES, measure, plain, similarity
from code_completion.report import Report, falls, read_report, render
from code_completion.tasks import KINDS, Task, algorithm_tasks, draw_tasks, function_tasks, is_reserved, line_tasks
from code_completion.writers import Completion, body, complete, first_line, write_bare, write_ours, write_right
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit import ConfigError, Kit
from dalle_kit.config import Settings
from dalle_kit.engine.engine import Engine


@pytest.fixture(scope="module", autouse=True)
def shared_home(default_model_home: Path) -> Iterator[None]:
    """The packages are fetched into a home that is kept."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "DALLE_KIT_HOME", str(default_model_home))
        yield


@pytest.fixture(scope="module")
def drawn(shared_home: None) -> list[Task]:
    return draw_tasks({"line": 6, "function": 3, "algorithms": 6}, seed=1)


@pytest.fixture(scope="module")
def report(drawn: list[Task]) -> Report:
    perfect = [Completion(task.reference, (), 0.5) for task in drawn]
    wrong = [Completion(spoilt(task), None, 0.25) for task in drawn]
    return judge(drawn, {"perfect": perfect, "wrong": wrong}, model="nothing", sha256=None, seed=0)


def spoilt(task: Task) -> str:
    """What parses, and does not do what it should."""
    indent = task.reference[: len(task.reference) - len(task.reference.lstrip())]
    return f"{indent}raise NotImplementedError"


def test_the_gap_is_between_what_is_there_and_the_sizes_are_known() -> None:
    lines, functions, bodies = line_tasks(), function_tasks(), algorithm_tasks()
    assert (len(lines), len(functions), len(bodies)) == (1033, 164, 209)
    assert all(task.reference.strip() for task in [*lines, *functions, *bodies])
    wholes = {task.id: task.filled(task.reference) for task in functions}
    assert all(task.filled(task.reference) == wholes[task.id.rpartition("/L")[0]] + "\n" for task in lines)
    with zipfile.ZipFile(bodies[0].library) as wheel:
        for task in bodies:
            assert task.filled(task.reference).rstrip() == wheel.read(task.path).decode("utf-8").rstrip()


def test_no_reserved_module_is_used() -> None:
    paths = {task.path for task in algorithm_tasks()}
    assert len(paths) > 100
    assert not [path for path in paths if hashlib.sha256(path.encode()).hexdigest()[0] in "abcdef"]
    assert is_reserved("algorithms/graph/a_star.py") == (
        hashlib.sha256(b"algorithms/graph/a_star.py").hexdigest()[0] in "abcdef"
    )


def test_the_same_seed_draws_the_same_tasks(drawn: list[Task]) -> None:
    assert [task.kind for task in drawn] == ["line"] * 6 + ["function"] * 3 + ["algorithms"] * 6
    counts = {"line": 6, "function": 3, "algorithms": 6}
    assert draw_tasks(counts, seed=1) == drawn  # type: ignore[arg-type]
    assert draw_tasks(counts, seed=2) != drawn  # type: ignore[arg-type]


def test_a_task_whose_own_tests_fail_is_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = function_tasks()[0]
    broken = [replace(whole, id=f"broken {number}", tests="assert False") for number in range(3)]
    monkeypatch.setitem(sources._SOURCES, "function", lambda: [*broken, whole])
    assert draw_tasks({"function": 4}, seed=0) == [whole]


def test_perfect_completions_score_everything(report: Report) -> None:
    for kind in KINDS:
        for name in ("passed", "parses", "exact", "similarity"):
            assert set(report.one("perfect", kind, name).values()) == {1.0}
        assert set(report.one("perfect", kind, "silent").values()) == {0.0}


def test_planted_wrong_completions_are_caught(report: Report) -> None:
    for kind in KINDS:
        assert set(report.one("wrong", kind, "exact").values()) == {0.0}
        assert max(report.one("wrong", kind, "similarity").values()) < 0.8
        assert not report.one("wrong", kind, "silent")
    assert set(report.one("wrong", "function", "passed").values()) == {0.0}
    assert set(report.one("wrong", "algorithms", "passed").values()) == {0.0}


def test_other_code_that_does_the_same_passes_and_is_no_exact_match() -> None:
    task = next(task for task in function_tasks() if task.id == "HumanEval/53")  # add(x, y)
    assert measure(task, "    return y + x")["passed"] == 1.0
    assert measure(task, "    return y + x")["exact"] == 0.0
    assert measure(task, "    return x - y")["passed"] == 0.0
    assert measure(task, "\n    return x + y  \n\n")["exact"] == 1.0
    assert measure(task, "    return x +") == pytest.approx(
        {"passed": 0.0, "parses": 0.0, "exact": 0.0, "similarity": 14 / 16}
    )


@pytest.mark.parametrize("code", ["    x = bytearray(1 << 40)", "    raise SystemExit(0)"])
def test_a_hog_and_who_leaves_early_count_as_failed(code: str) -> None:
    task = next(task for task in function_tasks() if task.id == "HumanEval/53")
    found = measure(task, code)
    assert (found["parses"], found["passed"]) == (1.0, 0.0)


def test_silence_about_what_does_not_parse_is_counted(drawn: list[Task]) -> None:
    task = drawn[0]
    for findings, silent in (((), 1.0), (("warning: does not parse",), 0.0)):
        found = judge([task], {"ours": [Completion("(", findings, 0.1)]}, model="m", sha256=None, seed=0)
        assert found.one("ours", "line", "silent") == {task.id: silent}


def distance(one: str, other: str) -> int:
    """The textbook's edit distance."""
    row = list(range(len(other) + 1))
    for count, letter in enumerate(one, start=1):
        before, row = row, [count]
        for at, with_ in enumerate(other):
            row.append(min(before[at] + (letter != with_), before[at + 1] + 1, row[at] + 1))
    return row[-1]


@given(st.text("abé\n", max_size=12), st.text("abé\n", max_size=12))
def test_edit_similarity_is_that_of_the_textbook(one: str, other: str) -> None:
    longest = max(len(one), len(other))
    assert similarity(one, other) == pytest.approx(1 - distance(one, other) / longest if longest else 1.0)


def test_blank_ends_do_not_count_and_indentation_does() -> None:
    assert plain("\n  a  \n\n  b\n\n") == "  a\n\n  b"
    assert plain("a") != plain(" a")


def test_texts_of_a_bare_model_are_cut_where_something_else_begins() -> None:
    assert first_line("\n  \n    return x\n    more") == "    return x"
    assert first_line("\n") == ""
    assert body("    a\n\n    b\n\n\nclass B:\n    pass\ndef c():") == "    a\n\n    b"
    assert body("    a\n    if b:\n        c\nif d:\n") == "    a\n    if b:\n        c"


def test_a_bare_model_is_asked_in_batches_of_one_kind(
    drawn: list[Task], checkpoints: Callable[[str], tuple[object, Engine]]
) -> None:
    kit = Kit(model=checkpoints("llama-long")[1].path, settings=Settings(device="cpu"))
    chosen = [drawn[0], drawn[1], drawn[6]]
    counted: list[int] = []
    for trim in (False, True):
        counted.clear()
        written = complete(partial(write_bare, kit, trim=trim), chosen, progress=counted.append)
        assert counted == [2, 3]
        assert "\n" not in written[0].text
        assert all(each.findings is None and each.seconds > 0 for each in written)


def test_the_command_is_asked_and_a_task_that_it_refuses_is_left_empty(
    drawn: list[Task], checkpoints: Callable[[str], tuple[object, Engine]]
) -> None:
    kit = Kit(model=checkpoints("llama-long")[1].path, settings=Settings(device="cpu"))
    chosen = [drawn[0], replace(drawn[1], path="solution.unheard-of")]
    written = complete(partial(write_ours, kit), chosen, progress=lambda count: None)
    assert written[0].findings is not None
    assert not (written[0].findings or ("",))[0].startswith("refused")
    assert "\n" not in written[0].text
    assert written[1].text == ""
    assert written[1].findings is not None
    assert "unheard-of" in written[1].findings[0]


def test_right_answers_survive_the_post_processing(drawn: list[Task]) -> None:
    bodies = [task for task in drawn if task.kind != "line"]
    for task, done in zip(bodies, write_right(Kit(settings=Settings()), bodies), strict=True):
        assert plain(done.text) == plain(task.reference)


def test_the_script_writes_figures_and_texts_and_guards_a_baseline(
    checkpoints: Callable[[str], tuple[object, Engine]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    figures, written = tmp_path / "figures.json", tmp_path / "texts.jsonl"
    arguments = ["--lines", "5", "--functions", "1", "--algorithms", "0", "--model", checkpoints("llama-long")[1].path]
    monkeypatch.setattr("sys.argv", ["completion.py", *arguments, "--output", str(figures), "--texts", str(written)])
    completion.main()
    report = read_report(figures)
    assert list(report.values) == list(report.seconds)
    assert render(report) in capsys.readouterr().out
    assert len(written.read_text(encoding="utf-8").splitlines()) == 6
    best = {task: {"exact": 1.0} for task in report.kinds}
    figures.write_text(replace(report, values={"ours": best}).to_json(), encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["completion.py", *arguments, "--fail-below", str(figures)])
    with pytest.raises(SystemExit, match=r"significantly worse .*exact match"):
        completion.main()


def test_a_report_comes_back_from_its_file_and_shows_every_figure(report: Report, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text(report.to_json(), encoding="utf-8")
    assert read_report(file) == report
    shown = render(report)
    assert "| the file parses | 100.0 % (" in shown
    assert all(shown.count(f"| {each.label} |") == len(KINDS) for each in MEASURES)
    assert "a line, 6 tasks | perfect | wrong | difference to wrong" in shown
    file.write_text("{}", encoding="utf-8")
    with pytest.raises(ConfigError, match="make it anew"):
        read_report(file)


def test_a_fall_below_the_baseline_is_told(report: Report) -> None:
    turned = replace(report, values={"ours": report.values["wrong"]})
    told = falls(turned, report)
    assert any(each.startswith("line: exact match (-100.0") for each in told)
    assert falls(report, turned) == falls(report, report) == []


def test_texts_hold_the_gap_and_what_each_put_there(report: Report, drawn: list[Task]) -> None:
    written = {
        "perfect": [Completion(task.reference, (), 0.5) for task in drawn],
        "wrong": [Completion("é", None, 0.25) for _ in drawn],
    }
    rows = [json.loads(line) for line in texts(drawn, written, report)]
    assert [row["id"] for row in rows] == [task.id for task in drawn]
    assert rows[0]["writers"]["wrong"]["text"] == "é"
    assert rows[0]["writers"]["perfect"] == {
        "text": drawn[0].reference,
        "findings": [],
        **report.values["perfect"][drawn[0].id],
    }
