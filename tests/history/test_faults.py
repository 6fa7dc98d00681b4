"""Processes at once, kills at any moment, and files that cannot be used."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dalle_kit import History, HistoryError
from dalle_kit.history import database
from tests import disks
from tests.history.conftest import document, holding, is_whole

#: Adds texts with a word of their own each, removes every other, and says so when it is done.
WRITER = """
import sys
from pathlib import Path
from dalle_kit import History
from tests.history.conftest import document

history, name, count = History(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
for number in range(count):
    word = f"Z{name}z{number}z"
    id = history.add(document(f"{word} " * 200))
    print("added", id, word, flush=True)
    if number % 2:
        print("removing", id, word, flush=True)
        history.remove([id])
        print("removed", id, word, flush=True)
"""


def writers(history: History, number: int, *, count: int) -> list[subprocess.Popen[str]]:
    """Start processes, which begin all at once."""
    command = [sys.executable, "-c", WRITER, str(history.path)]
    found = [
        subprocess.Popen(
            [*command, name, str(count)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        for name in (f"w{random.getrandbits(32):x}" for _ in range(number))
    ]
    for process in found:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in found:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    return found


def said(process: subprocess.Popen[str]) -> dict[str, dict[int, str]]:
    """Return what a process said that it did, by the number and the word of the text."""
    found: dict[str, dict[int, str]] = {"added": {}, "removing": {}, "removed": {}}
    output, _ = process.communicate(timeout=60)
    for line in output.split("\n")[:-1]:  # the last may be broken off
        what, id, word = line.split()
        found[what][int(id)] = word
    return found


def test_several_processes_write_at_once_and_nothing_is_lost(history: History) -> None:
    told = [said(process) for process in writers(history, 4, count=8)]
    added = {id: word for each in told for id, word in each["added"].items()}
    removed = {id for each in told for id in each["removed"]}
    assert len(added) == 32 and len(removed) == 16
    assert {entry.id for entry in history.entries()} == set(added) - removed
    assert is_whole(history)


@pytest.mark.skipif(os.name == "nt", reason="there is no such signal")
def test_a_kill_at_any_moment_loses_nothing_that_was_said_to_be_there(history: History) -> None:
    history.add(document())
    added: dict[int, str] = {}
    removing, removed = set[int](), dict[int, str]()
    rounds = 0
    while rounds < 3 or len(added) < 8 or not removed:  # on a busy machine little is done in a round
        rounds += 1
        assert rounds < 40
        running = writers(history, 2, count=10_000)
        time.sleep(random.uniform(0.05, 0.5))
        for process in running:
            process.send_signal(signal.SIGKILL)
        for process in running:
            told = said(process)
            added |= told["added"]
            removing |= set(told["removing"])
            removed |= told["removed"]
        there = {entry.id: entry for entry in history.entries()}
        assert set(added) - removing <= set(there) and not set(removed) & set(there)
        for id, word in added.items():
            if id in there:
                assert there[id].document == document(f"{word} " * 200)
                assert [match.entry.id for match in history.search(word)] == [id]
        assert holding(history, *removed.values()) == []
        assert is_whole(history)


def test_who_locks_it_for_long_is_told(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    history.add(document())
    monkeypatch.setattr(database, "PATIENCE", 0.1)
    connection = sqlite3.connect(history.path)
    connection.execute("BEGIN EXCLUSIVE")
    for use in (lambda: history.add(document()), history.last, lambda: history.remove([1])):
        with pytest.raises(HistoryError, match=r"another process keeps .* locked \(waited 0.1 s\); try again"):
            use()
    connection.close()
    assert history.add(document()) == 2


def test_what_another_process_is_reading_can_be_written(history: History) -> None:
    for _ in range(3):
        history.add(document())
    entries = history.entries()
    assert next(entries).id == 3
    history.remove([1])
    assert history.add(document()) == 4


@pytest.mark.parametrize("content", [b"no database, but as long as one " * 300, b"SQLite format 3\0" + b"\xff" * 5_000])
def test_a_damaged_file_is_said_and_is_left_as_it_is(history: History, content: bytes) -> None:
    history.path.parent.mkdir(parents=True)
    history.path.write_bytes(content)
    for use in (
        lambda: history.add(document()),
        history.last,
        lambda: history.search("x"),
        lambda: history.prune(keep=0),
    ):
        with pytest.raises(HistoryError, match=r"is damaged .*; move it away, and a new one is begun") as caught:
            use()
        assert "\n" not in str(caught.value) and str(history.path) in str(caught.value)
    assert history.path.read_bytes() == content
    history.path.rename(history.path.with_name("aside"))
    assert history.add(document()) == 1


def test_whatever_becomes_of_the_file_it_is_no_other_error(fresh: Callable[[], History]) -> None:
    whole = fresh()
    for number in range(30):
        whole.add(document(f"text {number} " * 100))
    content = whole.path.read_bytes()

    @settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @example([(content.index(b"model TEXT"), b"`")])
    @given(st.lists(st.tuples(st.integers(0, len(content) - 1), st.binary(min_size=1, max_size=40)), max_size=8))
    def check(changes: list[tuple[int, bytes]]) -> None:
        history, data = fresh(), bytearray(content)
        for place, piece in changes:
            data[place : place + len(piece)] = piece
        history.path.parent.mkdir()
        history.path.write_bytes(data)
        for use in (
            history.last,
            lambda: list(history.entries()),
            lambda: history.search("text 3"),
            lambda: history.add(document()),
            lambda: history.remove([3]),
            lambda: history.prune(keep=2),
        ):
            try:
                use()
            except HistoryError as error:
                assert "\n" not in str(error)

    check()


def test_a_file_that_is_cut_short_is_damaged_or_whole(history: History) -> None:
    for number in range(30):
        history.add(document(f"text {number} " * 100))
    content = history.path.read_bytes()
    history.path.write_bytes(content[: len(content) // 2])
    with pytest.raises(HistoryError, match="is damaged"):
        list(history.entries())


def test_a_place_that_cannot_be_written_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "file" / "history.sqlite", tmp_path / "folder"):
        with pytest.raises(HistoryError, match=r"cannot be opened .*; check that you may write there"):
            History(path).add(document())


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions bind no administrator")
def test_a_file_that_is_read_only_can_be_read(history: History) -> None:
    history.add(document())
    history.path.chmod(0o400)
    history.path.parent.chmod(0o500)
    try:
        assert history.last() == document()
        with pytest.raises(HistoryError, match="check that you may write there"):
            history.add(document())
    finally:
        history.path.parent.chmod(0o700)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real disk of 1 MB."""
    with disks.small_disk(tmp_path / "disk", "1m") as place:
        yield place


def test_a_disk_that_is_full_leaves_the_history_as_it_was(small_disk: Path) -> None:
    history = History(small_disk / "history" / "history.sqlite")
    history.add(document("The first."))
    with pytest.raises(HistoryError, match=r"the disk is full: .* is as it was; make room"):
        history.add(document("x" * 2_000_000))
    assert [entry.id for entry in history.entries()] == [1] and is_whole(history)
    assert history.add(document("The second.")) == 2


def test_a_limit_on_files_is_one_error(history: History) -> None:
    resource = pytest.importorskip("resource")
    history.add(document())
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
        with pytest.raises(HistoryError, match=r"history\.sqlite"):
            history.add(document("x" * 2_000_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert history.last() == document() and is_whole(history)


def test_a_history_of_a_newer_version_is_refused_and_left_as_it_is(history: History) -> None:
    history.add(document())
    connection = sqlite3.connect(history.path)
    connection.execute("PRAGMA user_version = 9")
    connection.close()
    content = history.path.read_bytes()
    for use in (history.last, lambda: history.add(document()), lambda: history.prune(keep=0)):
        with pytest.raises(HistoryError, match=r"was made by a newer dalle-kit; upgrade this one, or move it away"):
            use()
    assert history.path.read_bytes() == content


def test_a_history_of_an_older_version_is_brought_up_to_date(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    history.add(document("The first."))
    step = ("ALTER TABLE entries ADD COLUMN liked INTEGER NOT NULL DEFAULT 0", "CREATE INDEX likes ON entries (liked)")
    monkeypatch.setattr(database, "STEPS", (*database.STEPS, step))
    assert history.last()["text"] == "The first."
    assert history.add(document("The second.")) == 2 and history.search("second")[0].entry.id == 2
    connection = sqlite3.connect(history.path)
    assert connection.execute("SELECT liked FROM entries").fetchall() == [(0,), (0,)]
    assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    connection.close()


def test_a_step_that_fails_leaves_the_history_as_it_was(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    history.add(document("The first."))
    with monkeypatch.context() as patch:
        patch.setattr(database, "STEPS", (*database.STEPS, ("CREATE TABLE more (x)", "NONSENSE")))
        with pytest.raises(HistoryError, match="NONSENSE"):
            history.last()
    assert history.last()["text"] == "The first."
