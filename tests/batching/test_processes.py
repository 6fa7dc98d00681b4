"""Rows that processes write: as one process writes them, each once, whatever is killed and whenever."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from dalle_kit import Kit, ModelError
from dalle_kit.batching import (
    Columns,
    Input,
    Lines,
    Plan,
    Row,
    choose_workers,
    in_processes,
    in_threads,
    journal_of,
    prepare,
    read_rows,
    threads_of,
    write_rows,
)
from dalle_kit.batching.processes import _memory as memory
from dalle_kit.cli.main import main
from dalle_kit.models.spec import Progress, silent

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")

PLAN = Plan(domain="email", format="text", arguments={"candidates": 1, "repair": False, "privacy": "off"}, together=3)


def rows_of(*points: str) -> list[Row]:
    return [
        Row(number, f"line {number}", fields={"to": [f"g{number}@example.com"], "subject": "Room", "points": [point]})
        for number, point in enumerate(points, 1)
    ]


def written(make_kit: Callable[..., Kit], rows: list[Row], *, progress: Progress = silent) -> dict[int, Any]:
    found = {}
    for line, rendered in in_processes(make_kit, PLAN, rows, workers=2, progress=progress):
        assert line["row"] not in found
        found[line["row"]] = (line, rendered)
    return found


def processes(folder: Path) -> list[int]:
    return [int(path.name) for path in (folder / "processes").iterdir() if path.name.isdigit()]


def is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_rows_are_as_those_of_one_process_and_a_row_that_kills_processes_fails_alone(
    scripted: Any, tmp_path: Path
) -> None:
    rows = rows_of(*(f"Room {number}" for number in range(1, 13)), "poison", "unlucky", "Room 15")
    found = written(scripted.Scripted, rows)
    (tmp_path / "processes/unlucky").touch()
    others = in_threads(scripted.Scripted(), PLAN, [*rows[:12], *rows[13:]])
    alone = {line["row"]: (line, text) for line, text in others}
    assert found.pop(13) == (
        {
            "row": 13,
            "status": "failed",
            "error": "line 13: the process that wrote it was killed (SIGKILL), 3 times",
        },
        None,
    )
    assert found == alone and len(processes(tmp_path)) >= 5
    assert not any(map(is_alive, set(processes(tmp_path)) - {os.getpid()}))


def test_a_process_that_hangs_is_ended(scripted: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules["dalle_kit.batching.processes"]
    monkeypatch.setattr(module, "_SILENCE", 3.0)
    monkeypatch.setattr(module, "TRIES", 1)
    found = written(scripted.Scripted, rows_of("Room 1", "asleep", "Room 3"))
    assert [found[number][0]["status"] for number in (1, 2, 3)] == ["written", "failed", "written"]
    assert found[2][0]["error"] == "line 2: the process that wrote it said nothing for 0.05 minutes, 1 times"
    assert not any(map(is_alive, processes(tmp_path)))


def test_what_is_wrong_with_all_rows_ends_the_batch_and_the_processes(scripted: Any, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"^out of memory$"):
        written(scripted.Scripted, rows_of(*["Room"] * 9, "broken"))
    assert not any(map(is_alive, processes(tmp_path)))
    with pytest.raises(ModelError, match=r"3 processes in a row did not load .* the last ended \(exit code 7\)"):
        written(scripted.Stillborn, rows_of("Room"))


def arguments(output: str, *, workers: int = 2) -> list[str]:
    """Return a command that writes forty rows."""
    rows = "\n".join(json.dumps({**row.fields, "subject": row.place}) for row in rows_of(*["Room"] * 40))
    Path("in.jsonl").write_text(rows, encoding="utf-8")
    options = ["--no-repair", "--candidates", "1", "--privacy", "off", "--together", "2", "--workers", str(workers)]
    return ["batch", "email", "in.jsonl", *options, "-o", output]


def start(output: str) -> subprocess.Popen[str]:
    command = [sys.executable, "command.py", *arguments(output)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, encoding="utf-8", start_new_session=True)


def begun(output: str, lines: int) -> bool:
    journal = journal_of(Path(output))
    return journal.exists() and journal.read_bytes().count(b"\n") > lines


def test_whatever_is_killed_each_row_is_there_once_and_no_process_stays(
    scripted: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = random.Random(7)
    running = start("letters.jsonl")
    wait_until(partial(begun, "letters.jsonl", 5))
    os.kill(source.choice(processes(tmp_path)), signal.SIGKILL)  # a writing process
    wait_until(partial(begun, "letters.jsonl", 15))
    running.kill()  # the one that the user sees
    running.communicate()
    wait_until(lambda: not any(map(is_alive, processes(tmp_path))))
    running = start("letters.jsonl")
    wait_until(partial(begun, "letters.jsonl", 25))
    os.killpg(running.pid, signal.SIGINT)  # as Ctrl-C on a terminal does
    told = running.communicate(timeout=30)[1]
    assert running.returncode == 130 and told.endswith("Interrupted.\n") and "Traceback" not in told
    assert not any(map(is_alive, processes(tmp_path)))
    monkeypatch.setattr("dalle_kit.kit.Kit", scripted.Scripted)
    assert main(arguments("letters.jsonl", workers=1)) == 0
    lines = [json.loads(line) for line in Path("letters.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["row"] for line in lines] == list(range(1, 41)) and len({line["text"] for line in lines}) == 40


def test_processes_share_what_the_machine_has(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setattr("dalle_kit.batching.processes.usable_cores", lambda: 8)
    monkeypatch.setattr("dalle_kit.batching.processes._memory", lambda: 2**40)
    kit = Kit()
    assert [choose_workers(kit, "email", rows) for rows in (1, 15, 16, 1000)] == [1, 1, 2, 8]
    assert choose_workers(Kit(model="openai:http://127.0.0.1:9/v1#x"), "email", 1000) == 1
    assert threads_of(3) == 2 and threads_of(16) == 1
    monkeypatch.setattr("dalle_kit.batching.processes._memory", lambda: 5 * 2**30)
    assert 1 < choose_workers(kit, "email", 1000) < 8


def test_a_container_has_no_more_memory_than_it_may_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr("dalle_kit.batching.processes._LIMITS", [str(limit), str(tmp_path / "not there")])
    limit.write_text("2147483648\n", encoding="ascii")
    contained = memory()
    limit.write_text("max\n", encoding="ascii")
    assert contained == 2**31 < memory()


def test_two_processes_with_the_real_model_write_what_one_writes(home: Path) -> None:
    kit = Kit()
    plan = Plan(domain="email", format="text", arguments={"candidates": 1, "max_tokens": 12, "temperature": 0.8})
    data = "\n".join(json.dumps(dict(row.fields)) for row in rows_of("Room 1", "Room 2", "Room 3", "Room 4")).encode()
    schema = kit.plugins.domain("email").request.model_json_schema()
    prepared = prepare(kit, plan, read_rows(Input(data, "in.jsonl"), schema, Columns(), domain="email"))
    texts: list[list[bytes]] = [[], []]
    make_kit = partial(Kit, settings=kit.settings)
    told: set[str] = set()
    writers = partial(in_processes, make_kit, plan, workers=2, progress=lambda stage, *_: told.add(stage))
    write_rows(kit, plan, prepared, Lines(texts[0].append), writers=writers)
    write_rows(kit, plan, prepared, Lines(texts[1].append))
    assert texts[0] == texts[1] and len(texts[0]) == 4
    assert told >= {f"loading {kit.model}"}
