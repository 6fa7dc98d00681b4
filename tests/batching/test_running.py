"""Rows written at once: none harms another, and what is written of one does not depend on the others."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dalle_kit import Kit, ModelError, RequestError
from dalle_kit.batching import Columns, Input, Lines, Plan, Row, Totals, in_threads, prepare, read_rows, write_rows
from dalle_kit.records import Prompt, Slot
from dalle_kit.testing import ScriptedKit

ROWS: list[dict[str, Any]] = [
    {"to": [f"Guest{number} <g{number}@example.com>"], "subject": f"Room {number}", "points": [f"room B{number}"]}
    for number in range(1, 4)
]

QUICK = {"candidates": 1, "repair": False}


def written(
    kit: Kit, rows: list[dict[str, Any]], plan: Plan, *, columns: Columns | None = None
) -> tuple[list[dict[str, Any]], Totals]:
    """Return the lines that a batch gives, in their order, and how it ended."""
    data = "\n".join(map(json.dumps, rows)).encode()
    schema = kit.plugins.domain(plan.domain).request.model_json_schema()
    read = read_rows(Input(data, "in.jsonl"), schema, columns or Columns(), domain=plan.domain)
    lines: list[dict[str, Any]] = []
    totals = write_rows(kit, plan, prepare(kit, plan, read), Lines(lambda line: lines.append(json.loads(line))))
    return lines, totals


def test_a_row_has_the_text_that_it_has_alone_and_a_seed_of_its_own(home: Path) -> None:
    kit = Kit()
    plan = Plan(domain="email", format="text", arguments={**QUICK, "temperature": 0.9, "max_tokens": 12, "seed": 3})
    lines, totals = written(kit, ROWS, plan)
    (alone,), _ = written(kit, ROWS[1:2], plan)
    assert {**alone, "row": 2} == lines[1]
    assert len({line["seed"] for line in lines}) == len(ROWS)
    given = {**plan.arguments, "seed": lines[2]["seed"]}
    assert kit.generate("email", ROWS[2], **given).text == lines[2]["text"]
    assert (totals.rows, totals.written, totals.new) == (3, 3, 3)


def test_rows_with_one_request_differ_where_their_names_do_and_greedy_ones_have_the_seed_that_was_given() -> None:
    kit = ScriptedKit(lambda prompt, slot: "Fine.")
    rows = [{**ROWS[0], "id": each} for each in ("a", "b")]
    lines, _ = written(kit, rows, Plan(domain="email", arguments={"temperature": 1.0}), columns=Columns(name="id"))
    assert lines[0]["id"] == "a" and lines[0]["seed"] != lines[1]["seed"]
    lines, _ = written(kit, ROWS, Plan(domain="email", arguments={"seed": 5}))
    assert [line["seed"] for line in lines] == [5, 5, 5]


def failing(error: Exception) -> Callable[[Prompt, Slot], str]:
    def script(prompt: Prompt, slot: Slot) -> str:
        if "room B2" in prompt.text:
            raise error
        return "Fine."

    return script


def test_a_row_that_goes_wrong_does_not_stop_the_others() -> None:
    rows: list[dict[str, Any]] = [*ROWS, {"to": ["x"], "subject": "y"}, {"to": ["a@b.ie"], "pionts": []}]
    lines, totals = written(ScriptedKit(failing(IndexError("beyond"))), rows, Plan(domain="email", arguments=QUICK))
    assert [line["status"] for line in lines] == ["written", "failed", "written", "failed", "failed"]
    assert lines[1]["error"] == "line 2: internal error: IndexError: beyond"
    assert lines[4]["error"].startswith("line 5: no email field named 'pionts'")
    assert (totals.written, [each["row"] for each in totals.failures]) == (2, [2, 4, 5])


def test_personal_data_that_is_refused_fails_its_row_alone() -> None:
    def script(prompt: Prompt, slot: Slot) -> str:
        return "Call 020 7946 0958 for it." if "room B2" in prompt.text else "Fine."

    plan = Plan(domain="email", arguments={**QUICK, "privacy": "refuse"})
    lines, _ = written(ScriptedKit(script), ROWS, plan)
    assert [line["status"] for line in lines] == ["written", "failed", "written"]
    assert "7946" not in json.dumps(lines[1])


def test_a_model_that_fails_ends_the_batch() -> None:
    with pytest.raises(ModelError, match="out of memory"):
        written(ScriptedKit(failing(ModelError("out of memory"))), ROWS, Plan(domain="email", arguments=QUICK))


def test_rows_under_way_when_a_model_fails_are_written_and_no_others() -> None:
    begun, failed, seen = threading.Event(), threading.Event(), list[str]()

    def script(prompt: Prompt, slot: Slot) -> str:
        seen.append(prompt.text)
        if "room B2" in prompt.text:
            assert begun.wait(10)
            failed.set()
            raise ModelError("the server is gone")
        begun.set()
        assert failed.wait(10)
        return "Fine."

    rows = [Row(number, f"line {number}", fields=fields) for number, fields in enumerate([*ROWS, *ROWS], 1)]
    writing = in_threads(ScriptedKit(script), Plan(domain="email", arguments=QUICK, together=2), rows)
    line, _ = next(writing)
    assert (line["row"], line["status"]) == (1, "written")
    with pytest.raises(ModelError, match="the server is gone"):
        next(writing)
    assert len(seen) == 2


def test_where_no_row_can_be_written_that_is_said_before_anything_is() -> None:
    kit = ScriptedKit(failing(AssertionError()))
    with pytest.raises(RequestError, match="no row of 2 can be written; line 1: to: "):
        written(kit, [{"subject": "x"}, {"subject": "y"}], Plan(domain="email"))


def test_no_more_rows_than_asked_for_are_written_at_once() -> None:
    running, most, lock = 0, 0, threading.Lock()
    together = threading.Barrier(2, timeout=10)

    def script(prompt: Prompt, slot: Slot) -> str:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        together.wait()
        with lock:
            running -= 1
        return "Fine."

    rows = [ROWS[0]] * 6
    lines, _ = written(ScriptedKit(script), rows, Plan(domain="email", arguments=QUICK, together=2))
    assert [line["row"] for line in lines] == [1, 2, 3, 4, 5, 6] and most == 2
