"""Sets of examples on the disk, under real faults: kills, full disks, rivals, damage."""

from __future__ import annotations

import itertools
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dalle_kit.errors import ExampleError, UnknownNameError
from dalle_kit.examples import ExampleStore, Found, Skipped, encode_set, search
from tests import disks

from .conftest import BagOfWords, found

POSIX = pytest.mark.skipif(os.name == "nt", reason="kills by signal and limits of resources")

ADD = """
import sys
from pathlib import Path
from dalle_kit.examples import ExampleStore, Found
start, count, wait = int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
def texts():
    for number in range(start, start + count):
        yield Found(text=f"text number {number}", origin=str(number))
    if wait:
        print("at the end", flush=True)
        sys.stdin.readline()
ExampleStore(Path(sys.argv[1])).add("plans", texts())
"""


def leftovers(store: ExampleStore) -> list[str]:
    """What the store holds besides locks."""
    return sorted(each.name for each in store.root.iterdir() if each.name != ".locks")


def adder(store: ExampleStore, start: int, count: int, *wait: str) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", ADD, str(store.root), str(start), str(count), *wait]
    return subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_texts_are_kept_once_and_skips_are_counted(store: ExampleStore) -> None:
    entries: list[Found | Skipped] = [
        *found("One.", "Two.", "One. \r\n"),
        Skipped("3.txt", "empty"),
        Skipped("4.txt", "empty"),
    ]
    report = store.add("plans", entries)
    assert report.added == 2
    assert report.skipped == {"there already": 1, "empty": 2}
    assert report.places == {"there already": ["3.txt"], "empty": ["3.txt", "4.txt"]}
    assert [each.text for each in store.open("plans")] == ["One.", "Two."]


def test_a_change_makes_a_version_and_the_hash_is_that_of_the_texts(store: ExampleStore) -> None:
    store.add("one", found("A.", "B."))
    store.add("one", found("C."))
    store.add("two", found("C.", "B.", "A."))
    one, two = store.open("one").info(), store.open("two").info()
    assert (one.version, two.version, one.texts) == (2, 1, 3)
    assert one.sha256 == two.sha256
    store.add("one", found("A."))
    assert store.open("one").info() == one
    store.remove("one", [found("C.")[0].id[:12]])
    assert store.open("one").info().version == 3 and store.open("one").info().sha256 != two.sha256
    store.add("one", found("C."))
    assert store.open("one").info().sha256 == two.sha256


def test_all_that_is_known_of_a_text_is_kept(store: ExampleStore) -> None:
    text = Found(text="Hi.", kind="email", origin="a:1", subject="S", author="A <a@example.com>", date="2026-03-02")
    odd = Found(text="x = '\udc80'", kind="code", origin="\udcff.py:1")
    store.add("plans", [text, odd])
    one, two = store.open("plans")
    assert one == text and store.open("plans").find(text.id[:6].upper()) == text
    assert (two.text, two.origin) == ("x = '?'", "?.py:1")
    assert store.open("plans").info().kinds == {"code": 1, "email": 1}


def test_an_unknown_set_suggests_the_nearest(store: ExampleStore) -> None:
    store.add("press-releases", found("One."))
    for use in (store.open, store.remove):
        with pytest.raises(UnknownNameError, match="did you mean 'press-releases'"):
            use("press-release")
    assert not store.has("../press-releases")


@pytest.mark.parametrize("name", ["", "Plans", "a/b", "..", "a b", "-a", "a" * 65, "é"])
def test_a_name_that_may_not_be_is_refused(store: ExampleStore, name: str) -> None:
    with pytest.raises(ExampleError, match="is no name for examples"):
        store.add(name, found("One."))
    assert not store.root.exists()


def test_a_set_without_texts_is_not_made(store: ExampleStore) -> None:
    assert store.add("plans", [Skipped("a.txt", "empty")]).added == 0
    assert store.names() == () and leftovers(store) == []


def test_an_import_that_fails_leaves_the_set_as_it_was(store: ExampleStore) -> None:
    def failing() -> Iterator[Found]:
        yield from found("Three.", "Four.")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.add("plans", failing())
    assert leftovers(store) == []
    store.add("plans", found("One."))
    before = store.open("plans").info()
    with pytest.raises(KeyboardInterrupt):
        store.add("plans", failing())
    assert (store.open("plans").info().sha256, len(store.open("plans"))) == (before.sha256, 1)


@POSIX
def test_a_killed_import_leaves_the_set_as_it_was(store: ExampleStore) -> None:
    store.add("plans", found("One."))
    before = store.open("plans").info()
    process = adder(store, 0, 20_000, "wait")
    assert process.stdout is not None and process.stdout.readline() == "at the end\n"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert store.open("plans").info().sha256 == before.sha256
    assert store.add("plans", found("Two.")).added == 1
    assert [each.text for each in store.open("plans")] == ["One.", "Two."]


@POSIX
def test_a_killed_first_import_leaves_no_set(store: ExampleStore) -> None:
    process = adder(store, 0, 10, "wait")
    assert process.stdout is not None and process.stdout.readline() == "at the end\n"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert store.names() == ()
    with pytest.raises(UnknownNameError):
        store.open("plans")
    store.add("plans", found("One."))
    assert len(store.open("plans")) == 1


def test_two_processes_add_to_one_set(store: ExampleStore) -> None:
    processes = [adder(store, start, 300) for start in (0, 200, 400)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    for process in processes:
        process.communicate()
    info = store.open("plans").info()
    assert (info.texts, info.version) == (700, 3)


def test_a_set_can_be_read_while_an_import_goes_on(store: ExampleStore, encoder: BagOfWords) -> None:
    store.add("plans", found("One."))
    encode_set(store.open("plans"), encoder)
    process = adder(store, 0, 5000, "wait")
    assert process.stdout is not None and process.stdout.readline() == "at the end\n"
    assert len(store.open("plans")) == 1
    assert [each.found.text for each in search(store.open("plans"), "one", encoder=encoder)] == ["One."]
    process.communicate("\n")
    assert len(store.open("plans")) == 5001


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real disk of 1 MB."""
    with disks.small_disk(tmp_path / "disk", "1m") as place:
        yield place


def test_a_disk_that_fills_up_leaves_the_set_as_it_was(small_disk: Path, encoder: BagOfWords) -> None:
    store = ExampleStore(small_disk / "examples")
    with pytest.raises(ExampleError, match=r"the disk is full: .* are as they were"):
        store.add("plans", found(*("x" * 1000 + str(number) for number in range(2000))))
    assert leftovers(store) == []
    store.add("plans", found("One.", "Two."))
    encode_set(store.open("plans"), encoder)
    before = store.open("plans").info()
    with pytest.raises(ExampleError, match="the disk is full"):
        store.add("plans", found(*("x" * 1000 + str(number) for number in range(2000))))
    after = store.open("plans").info()
    assert (after.version, after.sha256, after.encoded) == (before.version, before.sha256, 2)
    assert search(store.open("plans"), "two", encoder=encoder)[0].found.text == "Two."
    assert store.add("plans", found("Three.")).added == 1


def test_a_disk_that_fills_up_while_encoding_keeps_what_is_encoded(small_disk: Path) -> None:
    store, encoder = ExampleStore(small_disk / "examples"), BagOfWords(width=512)
    store.add("plans", found(*(f"text {number}" for number in range(1000))))
    with pytest.raises(ExampleError, match="the disk is full"):
        encode_set(store.open("plans"), encoder)
    info = store.open("plans").info()
    assert 0 < info.encoded < info.texts == 1000
    assert search(store.open("plans"), "text 3", encoder=encoder)[0].found.text == "text 3"


@POSIX
def test_a_limit_on_files_is_one_error(store: ExampleStore) -> None:
    resource = pytest.importorskip("resource")
    store.add("plans", found("One."))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
        with pytest.raises(ExampleError, match="plans"):
            store.add("plans", found(*("x" * 1000 + str(number) for number in range(2000))))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert len(store.open("plans")) == 1


def test_a_damaged_set_is_said_and_can_be_removed(store: ExampleStore) -> None:
    store.add("plans", found("One."))
    for file in (store.root / "plans").iterdir():
        file.write_bytes(b"no database, but long enough to be read as one" * 100)
    with pytest.raises(ExampleError, match=r"are damaged .*; remove them with `dalle-kit examples remove plans`"):
        store.open("plans").info()
    with pytest.raises(ExampleError, match="are damaged"):
        store.add("plans", found("Two."))
    assert store.names() == ("plans",)
    assert store.remove("plans") == 0
    assert store.names() == () and leftovers(store) == []


def test_a_set_of_a_newer_version_is_refused(store: ExampleStore) -> None:
    store.add("plans", found("One."))
    connection = sqlite3.connect(store.root / "plans" / "texts.sqlite")
    connection.execute("PRAGMA user_version = 9")
    connection.close()
    with pytest.raises(ExampleError, match="was made by a newer dalle-kit"):
        store.open("plans").info()


def test_a_set_that_is_removed_while_it_is_in_use_is_said(store: ExampleStore) -> None:
    store.add("letters", found("one", "two"))
    opened = store.open("letters")
    store.remove("letters")
    for use in (opened.info, opened.run_keys, opened.lacking):
        with pytest.raises(ExampleError, match="'letters' were removed while they were in use"):
            use()


def test_texts_are_removed_by_the_beginnings_of_their_ids(store: ExampleStore, encoder: BagOfWords) -> None:
    store.add("plans", found("The secret.", "Two."))
    encode_set(store.open("plans"), encoder)
    assert store.remove("plans", [found("The secret.")[0].id[:8]]) == 1
    assert [each.text for each in store.open("plans")] == ["Two."]
    assert [each.found.text for each in search(store.open("plans"), "secret", encoder=encoder)] == ["Two."]
    # Nothing of it is left on the disk, its vector included.
    data = b"".join(file.read_bytes() for file in (store.root / "plans").iterdir())
    (vector,) = encoder.encode(["The secret."])
    assert b"The secret" not in data and vector.tobytes() not in data


def test_ids_of_none_or_of_several_are_refused(store: ExampleStore) -> None:
    texts = [f"text {number}" for number in range(700)]
    store.add("plans", found(*texts))
    ids = sorted(each.id for each in found(*texts))
    shared = next(one[:4] for one, two in itertools.pairwise(ids) if one[:4] == two[:4])
    for wrong, reason in ((shared, "several"), ("ffffffffff", "no example"), ("abc", "no id"), ("wxyz", "no id")):
        with pytest.raises(ExampleError, match=reason):
            store.remove("plans", [ids[0], wrong])
    assert len(store.open("plans")) == 700


def test_a_folder_that_may_not_be_written_is_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(ExampleError, match=r"cannot write to .*Permission denied"):
        ExampleStore(tmp_path / "examples").add("plans", found("One."))


def test_an_error_of_what_is_read_is_not_said_of_the_store(store: ExampleStore) -> None:
    def failing() -> Iterator[Found]:
        yield from found("One.")
        raise PermissionError(13, "Permission denied", "letters")

    with pytest.raises(PermissionError, match="letters"):
        store.add("plans", failing())
    assert store.names() == () and leftovers(store) == []


def test_who_waits_for_another_is_told(store: ExampleStore) -> None:
    stages: list[str] = []
    process = adder(store, 0, 10, "wait")
    assert process.stdout is not None and process.stdout.readline() == "at the end\n"

    def heard(stage: str, done: int, total: int | None) -> None:
        stages.append(stage)
        if process.poll() is None and process.stdin is not None and not process.stdin.closed:
            process.stdin.close()

    store.add("plans", found("One."), progress=heard)
    process.wait(30)
    process.stdout.close()
    assert stages[0] == "waiting for another process that is working on the examples 'plans'"
    assert len(store.open("plans")) == 11
