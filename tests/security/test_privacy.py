"""What is left behind by a request: nothing; by examples: what was asked for, for their owner only."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from dalle_kit.cli.main import main
from dalle_kit.config import set_value
from dalle_kit.examples import ExampleStore, Found
from dalle_kit.files import write_atomically
from tests.security.conftest import CANARY, Sandbox

DALLE_KIT = [sys.executable, "-m", "dalle_kit.cli.main"]

REQUEST = [
    *("email", "--to", f"{CANARY} <{CANARY.lower()}@example.com>", "--subject", f"The {CANARY} plan"),
    *("--point", f"the {CANARY} is at 5", "--sender", f"Ana {CANARY}", "--instruction", f"be {CANARY}"),
]
REPLY = f"From: {CANARY} <x@example.com>\nSubject: {CANARY}\nMessage-ID: <{CANARY}@x>\n\nDear {CANARY}, come?\n"
EXAMPLE = f"Dear {CANARY},\n\nThank you for the {CANARY} of last week. I shall bring it on Monday.\n\nBest,\n{CANARY}\n"


def left(closed: Sandbox) -> list[str]:
    return sorted(str(file.relative_to(closed.folder)) for file in closed.holding(CANARY))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_nothing_of_a_request_is_kept_by_a_run(closed: Sandbox) -> None:
    letter, example = closed.folder / "letter.eml", closed.folder / "example.txt"
    letter.write_text(REPLY, encoding="utf-8")
    example.write_text(EXAMPLE, encoding="utf-8")
    short = ["--reply-to", str(letter), "--max-tokens", "12", "--candidates", "1"]
    for options in (short, [*short, "--like", str(example)]):  # what prompts begin with is kept for the second
        done = subprocess.run(
            [*DALLE_KIT, *REQUEST, *options], capture_output=True, env=closed.environment, timeout=120
        )
        assert done.returncode == 0, done.stderr
        assert CANARY.encode() in done.stdout
    assert left(closed) == ["example.txt", "letter.eml"]


def test_nothing_of_a_request_is_kept_by_an_error(closed: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    for wrong in (["--template", f"x{CANARY}"], ["--model", f"no-{CANARY}"], ["--reply-to", f"{CANARY}.eml"]):
        assert main([*REQUEST, *wrong]) == 2
        assert "Error:" in capsys.readouterr().err
    assert left(closed) == []


def test_nothing_of_a_request_is_kept_where_it_is_interrupted(closed: Sandbox) -> None:
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*DALLE_KIT, *REQUEST, "--max-tokens", "2000", "--output", "out.txt"],
        stderr=theirs,
        env={**closed.environment, "TERM": "xterm"},
    )
    os.close(theirs)
    shown = b""
    while b"\x1b[2m" not in shown:  # the text is being written
        shown += os.read(ours, 4096)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    os.close(ours)
    assert left(closed) == []


def test_texts_that_are_removed_from_a_set_are_gone(closed: Sandbox) -> None:
    store = ExampleStore()
    kept = Found(text="Something else that is kept.", kind="text", origin="x")
    store.add("mine", [Found(text=EXAMPLE, kind="text", origin=f"/{CANARY}", subject=CANARY, author=CANARY), kept])
    assert left(closed)  # a set is kept until it is removed: the search finds it
    gone = next(each.id for each in store.open("mine").sample(10) if CANARY in each.text)
    store.remove("mine", [gone])
    assert left(closed) == []
    store.add("mine", [Found(text=EXAMPLE, kind="text", origin="x")])
    store.remove("mine")
    assert left(closed) == []


def test_examples_and_settings_are_for_their_owner_only(closed: Sandbox) -> None:
    before = os.umask(0o022)
    try:
        ExampleStore().add("mine", [Found(text=EXAMPLE, kind="text", origin="x")])
        set_value("identity.sender", "Ana")
        write_atomically(closed.folder / "letter.txt", b"x")
    finally:
        os.umask(before)
    home = Path(closed.environment["DALLE_KIT_HOME"])
    assert mode(home / "examples") == 0o700
    assert mode(home / "config.toml") == 0o600
    assert mode(closed.folder / "letter.txt") == 0o644  # what a user asks to be written is the user's own to share


def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_bytes(b"x")
    file.chmod(0o600)
    write_atomically(file, b"y", force=True)
    assert mode(file) == 0o600
