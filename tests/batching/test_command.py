"""``dalle-kit batch``: what it writes, what it refuses, and how it goes on."""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from dalle_kit import ModelError
from dalle_kit.batching import journal_of
from dalle_kit.cli.main import main
from dalle_kit.records import Prompt, Slot
from dalle_kit.testing import ScriptedKit

TABLE = "Name,To,Subject,Points\n" + "".join(
    f"G{number},g{number}@example.com,Room {number},room B{number}; from {number}:00\n" for number in range(1, 41)
)


def write(prompt: Prompt, slot: Slot) -> str:
    """Need a moment for a text that depends on its prompt alone; a row near the end waits while it is held."""
    time.sleep(0.02)
    while "Room 39" in prompt.text and Path("held").exists():
        time.sleep(0.01)
    return hashlib.sha256((prompt.text + slot.name).encode()).hexdigest() + "."


#: The command with an engine that writes so.
SLOW = f"""
from __future__ import annotations
import hashlib, sys, time
from pathlib import Path
import dalle_kit.kit
from dalle_kit.testing import ScriptedKit

{inspect.getsource(write)}
dalle_kit.kit.Kit = lambda **_: ScriptedKit(write)
from dalle_kit.cli.main import main
sys.exit(main(sys.argv[1:]))
"""

OPTIONS = ["--no-repair", "--candidates", "1", "--privacy", "off", "--together", "3", "--workers", "1"]


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A table of forty rows in the working folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "guests.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that writes the same everywhere."""
    monkeypatch.setattr("dalle_kit.kit.Kit", lambda **_: ScriptedKit(lambda prompt, slot: "Fine."))


def batch(*arguments: str) -> int:
    return main(["batch", "email", "guests.csv", "--name-column", "Name", *OPTIONS, *arguments])


def contents(output: Path) -> dict[str, bytes]:
    files = output.iterdir() if output.is_dir() else [output]
    return {file.name if output.is_dir() else "": file.read_bytes() for file in files}


def lines_of(output: Path) -> list[dict[str, Any]]:
    path = output / "rows.jsonl" if output.is_dir() else output
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def start(output: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SLOW, "batch", "email", "guests.csv", "--name-column", "Name", *OPTIONS]
    return subprocess.Popen([*command, "-o", output], stderr=subprocess.PIPE, encoding="utf-8")


def wait_for(journal: Path, lines: int) -> None:
    end = time.monotonic() + 60
    while not (journal.exists() and journal.read_bytes().count(b"\n") > lines):
        assert time.monotonic() < end
        time.sleep(0.001)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("name", ["letters", "letters.jsonl"])
def test_after_kills_at_random_moments_each_row_is_there_once_and_as_without(
    name: str, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = random.Random(name)
    Path("held").touch()
    for done in sorted(source.sample(range(35), 2)):
        running = start(name)
        wait_for(journal_of(Path(name)), done)
        time.sleep(source.uniform(0, 0.03))
        running.send_signal(signal.SIGKILL)
        running.communicate()
        assert running.returncode == -signal.SIGKILL
    with journal_of(Path(name)).open("ab") as journal:
        journal.write(b'{"row": 40, "status": "wri')  # as a kill amid a line leaves it
    Path("held").unlink()
    last = start(name)
    assert "Going on: " in last.communicate()[1] and last.returncode == 0
    monkeypatch.setattr("dalle_kit.kit.Kit", lambda **_: ScriptedKit(write))
    assert batch("-o", f"whole-{name}") == 0
    assert [line["row"] for line in lines_of(Path(name))] == list(range(1, 41))
    assert contents(Path(name)) == contents(Path(f"whole-{name}"))
    assert sorted(path.name for path in table.parent.iterdir()) == ["guests.csv", name, f"whole-{name}"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to another process")
def test_an_interruption_keeps_what_is_done(table: Path) -> None:
    running = start("letters")
    wait_for(journal_of(Path("letters")), 5)
    running.send_signal(signal.SIGINT)
    told = running.communicate(timeout=30)[1]
    assert running.returncode == 130 and told.endswith("Interrupted.\n") and "Traceback" not in told
    done = len(journal_of(Path("letters")).read_bytes().splitlines()) - 1
    assert f"{done} rows of 40 done; the same command goes on with the others." in told
    assert len(list(Path("letters").iterdir())) in (done, done + 1)


def test_a_folder_has_a_file_for_each_row_and_a_list(table: Path, scripted: None) -> None:
    table.write_text(TABLE + "G41,,no recipient,\n", encoding="utf-8")
    assert batch("-o", "letters", "--format", "html") == 3
    lines = lines_of(Path("letters"))
    told = [lines[0][name] for name in ("row", "id", "status", "seed", "file")]
    assert told == [1, "G1", "written", 0, "G1.html"] and lines[0]["findings"][0].startswith("error: ")
    assert lines[40]["status"] == "failed" and lines[40]["error"].startswith("line 42: to: ")
    assert b"Fine." in Path("letters/G7.html").read_bytes() and len(contents(Path("letters"))) == 41


def test_a_file_that_was_removed_while_nothing_ran_is_written_again(table: Path, scripted: None) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dalle_kit.kit.Kit", lambda **_: ScriptedKit(break_at_room_20))
        assert batch("-o", "letters") == 2
    Path("letters/G1.txt").unlink()
    assert batch("-o", "letters") == 0
    assert [line["row"] for line in lines_of(Path("letters"))] == list(range(1, 41))
    assert set(contents(Path("letters"))) == {"rows.jsonl", *(f"G{number}.txt" for number in range(1, 41))}


def test_lines_go_to_stdout_in_their_order(table: Path, scripted: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert batch("--json") == 0
    captured = capsys.readouterr()
    lines = [json.loads(line) for line in captured.out.splitlines()]
    assert [line["row"] for line in lines] == list(range(1, 41))
    assert lines[3]["document"]["request"]["to"] == ["g4@example.com"]
    assert captured.err.startswith("40 of 40 rows written, 40 with findings, 0 failed; ") and "an hour" in captured.err


def test_strict_counts_findings(table: Path, scripted: None, capsys: pytest.CaptureFixture[str]) -> None:
    script = ScriptedKit(lambda prompt, slot: "It costs 9000 dollars.")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dalle_kit.kit.Kit", lambda **_: script)
        assert batch("-o", "a.jsonl", "-q") == 0 and batch("-o", "b.jsonl", "--strict") == 3
    assert "40 with findings, 0 failed" in capsys.readouterr().err


def test_nothing_is_overwritten_unless_that_is_asked_for(
    table: Path, scripted: None, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("letters").mkdir()
    Path("letters/G3.txt").write_text("mine", encoding="utf-8")
    assert batch("-o", "letters") == 2 and "letters/G3.txt exists; " in capsys.readouterr().err
    assert contents(Path("letters")) == {"G3.txt": b"mine"} and not journal_of(Path("letters")).exists()
    assert batch("-o", "letters", "--force") == 0 and b"Fine." in Path("letters/G3.txt").read_bytes()
    assert batch("-o", "l.jsonl") == 0 and batch("-o", "l.jsonl") == 2 and batch("-o", "l.jsonl", "--force") == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (["--seed", "2"], "letters.jsonl was begun with --seed left out, and now it is 2; make it as it was"),
        (["--template", "planned"], "was begun with --template left out"),
        (["--set", "sender=Tom"], "was begun with --set left out, and now it is sender=Tom;"),
        ([], "the input has changed since letters.jsonl was begun"),
    ],
)
def test_a_batch_that_was_begun_otherwise_is_not_gone_on_with(
    changes: list[str], words: str, table: Path, scripted: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dalle_kit.kit.Kit", lambda **_: ScriptedKit(break_at_room_20))
        assert batch("-o", "letters.jsonl") == 2
    journal = journal_of(Path("letters.jsonl"))
    assert b'{"row": 1,' in journal.read_bytes() and not Path("letters.jsonl").exists()
    if not changes:
        table.write_text(TABLE.replace("Room 7", "Room 8"), encoding="utf-8")
    before = journal.read_bytes()
    assert batch("-o", "letters.jsonl", *changes) == 2 and words in capsys.readouterr().err
    assert journal.read_bytes() == before
    assert batch("-o", "letters.jsonl", "--force", *changes) == 0 and not journal.exists()


@pytest.mark.parametrize("name", ["letters", "letters.jsonl"])
def test_rows_that_failed_are_tried_again(
    name: str, table: Path, scripted: None, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(prompt: Prompt, slot: Slot) -> str:
        if "Room 20" in prompt.text:
            raise IndexError("beyond")
        return "Fine."

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dalle_kit.kit.Kit", lambda **_: ScriptedKit(fails))
        assert batch("-o", name) == 3
    assert capsys.readouterr().err.endswith("The same command tries 1 row again.\n")
    assert [line["status"] for line in lines_of(Path(name))].count("failed") == 1 and journal_of(Path(name)).exists()
    assert batch("-o", name) == 0 and not journal_of(Path(name)).exists()
    told = capsys.readouterr().err
    assert told.startswith("Going on: 39 of 40 rows are done.\n40 of 40 rows written") and "again" not in told
    assert batch("-o", f"whole-{name}") == 0 and contents(Path(name)) == contents(Path(f"whole-{name}"))


def test_a_kill_after_the_last_row_leaves_nothing_to_start_processes_for(
    table: Path, scripted: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dalle_kit.batching.journal.Journal.remove", interrupt)
        assert batch("-o", "letters.jsonl") == 130 and journal_of(Path("letters.jsonl")).exists()
    monkeypatch.setattr("dalle_kit.batching.on_ray", interrupt)
    assert batch("-o", "letters.jsonl", "--engine", "ray") == 0 and not journal_of(Path("letters.jsonl")).exists()


def interrupt(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of a file's size")
def test_a_full_disk_is_told_and_what_is_done_stays_done(
    table: Path, scripted: None, capsys: pytest.CaptureFixture[str]
) -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        assert batch("-o", "letters.jsonl") == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    told = capsys.readouterr().err
    assert "letters.jsonl.journal: File too large; make room and run it again" in told
    assert "rows of 40 done; the same command goes on with the others.\n" in told
    assert batch("-o", "letters.jsonl") == 0 and capsys.readouterr().err.startswith("Going on: ")
    assert batch("-o", "whole.jsonl") == 0 and contents(Path("letters.jsonl")) == contents(Path("whole.jsonl"))


def test_what_the_input_is_at_fault_for_is_not_tried_again(table: Path, scripted: None) -> None:
    table.write_text(TABLE + "G41,,no recipient,\n", encoding="utf-8")
    assert batch("-o", "letters.jsonl") == 3 and not journal_of(Path("letters.jsonl")).exists()


def test_a_field_can_be_set_for_the_rows_that_have_none_of_their_own(
    table: Path, scripted: None, capsys: pytest.CaptureFixture[str]
) -> None:
    table.write_text("Name,To,Sender\nA,a@example.com,Ann\nB,b@example.com,\n", encoding="utf-8")
    shared = ["--set", "subject=The room", "--set", "sender=Tom", "--set", "points=a; b", "--set", "sign-off=Bye"]
    assert batch("--json", "-q", *shared) == 0
    first, second = (json.loads(line)["document"]["request"] for line in capsys.readouterr().out.splitlines())
    assert first == {**second, "to": ["a@example.com"], "sender": "Ann"} and second["sender"] == "Tom"
    assert second["points"] == ["a", "b"] and second["sign_off"] == "Bye"


def break_at_room_20(prompt: Prompt, slot: Slot) -> str:
    if "Room 20" in prompt.text:
        raise ModelError("out of memory")
    return "Fine."


def test_a_journal_that_is_none_is_told_and_two_at_once_are_kept_apart(
    table: Path, scripted: None, capsys: pytest.CaptureFixture[str]
) -> None:
    journal_of(Path("letters.jsonl")).write_text("my diary\n", encoding="utf-8")
    assert batch("-o", "letters.jsonl") == 2 and "is no journal of a batch" in capsys.readouterr().err
    Path("held").touch()
    running = start("other.jsonl")
    wait_for(journal_of(Path("other.jsonl")), 0)
    assert batch("-o", "other.jsonl") == 2 and "another process is writing other.jsonl" in capsys.readouterr().err
    Path("held").unlink()
    assert running.communicate()[0] is None and running.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-o", "letters.csv"], "letters.csv: a batch is written to a folder, or to a file that ends in .jsonl"),
        (["-o", "no/where/letters"], "there is no folder"),
        (["-o", "guests.csv/letters"], "guests.csv"),
        (["--map", "to"], "--map 'to': give FIELD=COLUMN"),
        (["--set", "sender"], "--set 'sender': give FIELD=VALUE"),
        (["--set", "sendr=Tom"], "no email field named 'sendr': did you mean 'sender'?"),
        (
            ["--sender", "Tom"],
            "no option --sender: give --set sender=VALUE for all rows, or a column of that name",
        ),
        (["--point", "x"], "no option --point: give --set points=VALUE for all rows"),
        (["--set", "sender=Tom", "--set", "sender=Ann"], "--set: sender is given twice"),
        (["--ray-address", "10.0.0.1:6379"], "--ray-address is for --engine ray"),
        (["--engine", "rai"], "no engine named 'rai': did you mean 'ray'?"),
        (["--workers", "0"], "--workers"),
        (["--ignore", "City"], "no column named 'City'"),
        (["--template", "breif"], "no template named 'breif'"),
        (["--like", "nothing"], "no set of examples named 'nothing'"),
        (["--budget", "0"], "budget: 0.0 is not allowed"),
        (["--together", "0"], "--together"),
        (["--json", "--format", "eml"], "exclude each other"),
    ],
)
def test_what_is_wrong_with_the_command_is_said_before_anything_is_written(
    arguments: list[str], words: str, table: Path, scripted: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert batch(*arguments) == 2
    captured = capsys.readouterr()
    assert words in captured.err and captured.err.count("\n") == 1 and not captured.out
    assert os.listdir() == ["guests.csv"]  # noqa: PTH208


def test_an_input_that_is_not_there_is_told(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["batch", "email", "none.csv"]) == 2
    assert capsys.readouterr().err.startswith("Error: cannot read 'none.csv': No such file or directory; give a .csv")
    assert main(["batch", "email", "guests.csv", "-o", "guests.csv/"]) == 2
