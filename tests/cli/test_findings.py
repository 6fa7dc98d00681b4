"""What a user is told of the findings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dalle_kit.cli.findings import report
from dalle_kit.records import Finding

#: Runs a command in this process; see conftest.
Command = Callable[..., Any]


@pytest.fixture
def certain(bare_home: Path) -> None:
    """A document without slots, which needs no model."""
    folder = bare_home / "templates" / "note"
    folder.mkdir(parents=True)
    (folder / "document.j2").write_text("Dear {{ request.to }}\n", encoding="utf-8")


def test_strict_writes_the_document_and_exits_with_3_if_anything_was_found(
    command: Command, sheets: Path, certain: None, tmp_path: Path
) -> None:
    lacking = ("note", "--to", "Ana", "--point", "pomegranate")
    assert command(*lacking).code == 0
    result = command(*lacking, "--strict")
    assert (result.code, result.out) == (3, "Dear Ana\n") and "pomegranate" in result.err
    file = tmp_path / "note.txt"
    assert command(*lacking, "--strict", "--quiet", "--output", str(file)).code == 3
    assert file.read_text(encoding="utf-8") == "Dear Ana\n"
    result = command(*lacking, "--strict", "--json")
    assert result.code == 3 and json.loads(result.out)["findings"][0]["severity"] == "warning"


def test_notes_do_not_count(command: Command, sheets: Path, certain: None) -> None:
    assert command("note", "--to", "Ana", "--strict").code == 0


def document(text: str, *findings: Finding) -> Any:
    """What a report reads of a document."""
    return SimpleNamespace(text=text, findings=findings)


def test_the_place_is_marked_below_its_line(capfd: pytest.CaptureFixture[str]) -> None:
    text = "Dear Ana,\n\nIt costs 40 EUR.\n\nBye"
    report(document(text, Finding("unsupported", "error", "40 EUR\nis not known", "body", (9, 15), (20, 26))))
    assert capfd.readouterr().err == ("error: 40 EUR is not known (in body)\n  It costs 40 EUR.\n           ^^^^^^\n")


def test_of_a_long_line_the_words_near_the_place_are_shown(capfd: pytest.CaptureFixture[str]) -> None:
    text = "a " * 200 + "HERE" + " b" * 200
    report(document(text, Finding("x", "warning", "y", "body", (400, 404), (400, 404))))
    _, shown, marks = capfd.readouterr().err.splitlines()
    assert len(shown) < 120 and shown.startswith("  ...") and shown.endswith("...")
    assert shown[marks.index("^") : marks.rindex("^") + 1] == "HERE"


def test_on_a_terminal_the_place_stands_out() -> None:
    pty = pytest.importorskip("pty")
    script = (
        "from dalle_kit.cli.findings import report\nfrom types import SimpleNamespace as Some\n"
        "from dalle_kit.records import Finding\n"
        "report(Some(text='It costs 40\\x1b EUR.', findings=[Finding('x', 'error', 'y', 'body', (9, 12), (9, 12))]))\n"
    )
    ours, theirs = pty.openpty()
    subprocess.run([sys.executable, "-c", script], stderr=theirs, env={**os.environ, "TERM": "xterm"}, check=True)
    os.close(theirs)
    shown = os.read(ours, 4096)
    os.close(ours)
    assert b"error: y (in body)" in shown and b"It costs \x1b[1;4;31m40 \x1b[0m EUR." in shown
