from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pty = pytest.importorskip("pty")

PREVIEW = """
import sys
from dalle_kit.cli.streaming import preview
with preview(wanted={wanted}) as shown:
    for piece in {pieces!r}:
        shown._drawn_at = 0.0
        shown.add(piece)
print("the document")
"""


def on_a_terminal(script: str) -> tuple[bytes, bytes]:
    """Run a script whose stderr is a terminal of 40 x 6; return its stdout and what the terminal was sent."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "40", "LINES": "6"},
    )
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 4096):
            shown += chunk
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    out, _ = process.communicate(timeout=30)
    return out, shown


def test_provisional_text_is_dim_on_the_terminal_and_erased_and_not_on_stdout() -> None:
    out, shown = on_a_terminal(PREVIEW.format(wanted=True, pieces=["Dear ", "Zoë"]))
    assert out == b"the document\n"
    assert "\x1b[2mDear Zoë".encode() in shown
    assert b"\x1b[2K" in shown[shown.rindex("Zoë".encode()) :]
    assert shown.index(b"\x1b[?25l") < shown.index(b"\x1b[?25h")  # the cursor is back


def test_long_text_shows_its_end_only() -> None:
    lines = [f"line {number}\n" for number in range(50)]
    _, shown = on_a_terminal(PREVIEW.format(wanted=True, pieces=["".join(lines)]))
    assert b"line 49" in shown and b"line 40" not in shown


def test_text_cannot_control_the_terminal() -> None:
    _, shown = on_a_terminal(PREVIEW.format(wanted=True, pieces=["a\x1b]0;title\x07\x9bb"]))
    assert "a\ufffd]0;title\ufffd\ufffdb".encode() in shown


def test_a_document_cannot_control_the_terminal_and_is_exact_elsewhere() -> None:
    script = "import sys\nfrom dalle_kit.cli.common import print_text\n"
    script += "for stream in (sys.stdout, sys.stderr):\n    sys.stdout = stream\n    print_text('a\\x1b[31m\\x9bb\\n')"
    out, shown = on_a_terminal(script)
    assert out == "a\x1b[31m\x9bb\n".encode()
    assert shown == "a\ufffd[31m\ufffdb\r\n".encode()


def test_nothing_is_shown_when_it_is_not_wanted() -> None:
    assert on_a_terminal(PREVIEW.format(wanted=False, pieces=["x"])) == (b"the document\n", b"")


def test_nothing_is_shown_where_stderr_is_no_terminal(tmp_path: Path) -> None:
    script = "import sys\n" + PREVIEW.format(wanted=True, pieces=["x"]).replace("shown._drawn_at = 0.0", "pass")
    done = subprocess.run(
        [sys.executable, "-c", script + "\nassert 'rich' not in sys.modules"], capture_output=True, check=True
    )
    assert (done.stdout, done.stderr) == (b"the document\n", b"")


def test_progress_is_drawn_on_a_terminal_only() -> None:
    script = (
        "from dalle_kit.cli.common import progress_bar\n"
        "with progress_bar() as report:\n    report('fetch', 5_000_000, 10_000_000)\n    report('convert', 1, 2)\n"
    )
    out, shown = on_a_terminal(script)
    assert out == b"" and b"fetch" in shown and b"50%" in shown and b"convert" in shown
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")


def test_a_stage_without_an_end_is_drawn_until_the_next_begins() -> None:
    script = (
        "from dalle_kit.cli.common import progress_bar\n"
        "seen = []\n"
        "with progress_bar() as report:\n"
        "    for stage, done, total in [('load', 0, None), ('fetch', 1, 4), ('load', 0, None)]:\n"
        "        report(stage, done, total)\n"
        "        seen.append([task.visible for task in report.__self__._progress.tasks])\n"
        "print(seen)\n"
    )
    out, shown = on_a_terminal(script)
    assert out == b"[[True], [False, True], [True, True]]\n"
    assert b"load" in shown and b"25%" in shown and b" 0%" not in shown
