from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dalle_kit.cli.interruption import interruptions, stop_if_interrupted, was_interrupted

pty = pytest.importorskip("pty")


def start(sheets: Path, *arguments: str) -> tuple[subprocess.Popen[bytes], int]:
    """Start a command whose stderr is a terminal; return it and our end of the terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "dalle_kit.cli.main", "note", "--to", "Ana", *arguments],
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "PYTHONPATH": str(sheets), "TERM": "xterm", "COLUMNS": "80", "LINES": "24"},
    )
    os.close(theirs)
    return process, ours


def read_until(terminal: int, text: bytes | None) -> bytes:
    """Read what the terminal is sent up to a text, or to the end."""
    shown = b""
    deadline = time.monotonic() + 60
    while (text is None or text not in shown) and time.monotonic() < deadline:
        try:
            chunk = os.read(terminal, 4096)
        except OSError:
            break
        if not chunk:
            break
        shown += chunk
    return shown


def test_text_shows_on_the_terminal_while_it_is_written_and_stdout_gets_the_document(home: Path, sheets: Path) -> None:
    process, terminal = start(sheets, "--max-tokens", "12")
    shown = read_until(terminal, None)
    os.close(terminal)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert b"\x1b[2mDear Ana," in shown
    assert out.startswith(b"Dear Ana,\n\n") and out.endswith(b"\n\nBye\n") and b"\x1b" not in out


def test_ctrl_c_while_writing_leaves_nothing_behind(home: Path, sheets: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    process, terminal = start(sheets, "--max-tokens", "2000", "--stop", "never", "--output", str(folder / "note.txt"))
    shown = read_until(terminal, b"Dear Ana,")
    assert b"Dear Ana," in shown
    process.send_signal(signal.SIGINT)
    shown += read_until(terminal, None)
    os.close(terminal)
    out, _ = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, b"")
    assert list(folder.iterdir()) == []
    assert b"Traceback" not in shown and shown.rstrip().endswith(b"Interrupted.")
    assert b"\x1b[?25h" in shown  # the cursor is back


def test_interruption_that_a_library_swallows_is_not_forgotten() -> None:
    with interruptions():
        stop_if_interrupted()
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        assert was_interrupted()
        with pytest.raises(KeyboardInterrupt):
            stop_if_interrupted()
    with interruptions():
        assert not was_interrupted()
