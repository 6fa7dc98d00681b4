"""``dalle-kit revise`` and ``--choose``, at the command line and on a terminal."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import click
import pytest

from dalle_kit.cli import choose as choosing
from dalle_kit.cli.main import main
from dalle_kit.testing import ScriptedKit
from tests.cli.test_interruption import read_until
from tests.revising.conftest import SENTENCES, request, write

pty = pytest.importorskip("pty")

POINTS = tuple(SENTENCES)
LETTER = ["--to", "Ana <ana@example.com>", "--subject", "Review", "--sender", "Tom"]
ADDRESS = ["--address", "tom@example.com"]


@pytest.fixture
def kit(home: Path, monkeypatch: pytest.MonkeyPatch) -> ScriptedKit:
    """A scripted Kit that the command uses."""
    scripted = ScriptedKit(write)
    monkeypatch.setattr("dalle_kit.kit.Kit", lambda **_: scripted)
    return scripted


@pytest.fixture
def record(kit: ScriptedKit, tmp_path: Path) -> Path:
    """A file of ``--json``."""
    file = tmp_path / "letter.json"
    document = kit.generate("email", request(POINTS[3], POINTS[0]))
    file.write_text(json.dumps(document.as_dict()), encoding="utf-8")
    return file


def test_stdout_has_the_new_text_and_stderr_what_has_changed(
    record: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["revise", str(record), "shorter"]) == 0
    shown = capfd.readouterr()
    assert shown.out.startswith("Dear Ana,\n\nThe review starts at 14:00. The lift works as usual.\n\nBest")
    assert "[-Please note that the-]{+The+} review starts at 14:00. The lift works as usual." in shown.err
    assert "[-Please let me know if you have any questions.-]" in shown.err
    revised = tmp_path / "revised.json"
    assert main(["revise", str(record), "shorter", "--json", "-q", "-o", str(revised)]) == 0
    assert main(["revise", str(revised), "--add", POINTS[4], "--redo", "lift", "-q"]) == 0
    shown = capfd.readouterr()
    assert "As usual, the lift works. Oslo has signed." in shown.out and shown.err == ""
    assert main(["revise", str(revised), "longer", "-o", str(revised)]) == 2
    assert "--force" in capfd.readouterr().err


def test_what_did_not_work_is_a_warning_and_a_code_of_strict(record: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["revise", str(record), "longer"]) == 0
    shown = capfd.readouterr()
    assert "warning: nothing longer was found" in shown.err and "Please note that" in shown.out
    assert main(["revise", str(record), "longer", "--strict", "-q"]) == 3


def test_a_text_is_found_in_the_history(
    kit: ScriptedKit, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    letter = tmp_path / "letter.eml"
    for setting, code in (("entries", 2), ("texts", 0)):
        monkeypatch.setenv("DALLE_KIT_HISTORY", setting)
        assert main(["email", *LETTER, "--point", POINTS[3], "-q", "--force", "-o", str(letter), *ADDRESS]) == 0
        assert main(["revise", str(letter), "shorter"]) == code
        shown = capfd.readouterr()
        if code:
            assert "letter.eml has a text without its request" in shown.err and "history texts" in shown.err
    assert "The review starts at 14:00." in shown.out
    assert main(["revise", "--last", "firm", "-q"]) == 0
    assert capfd.readouterr().out == "Dear Ana,\n\nThe review starts at 14:00.\n\nRegards,\nTom\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "there is no document; give the file of one that was written with --json, or --last"),
        (["shorter"], "cannot read shorter: No such file or directory; give first a document"),
        (["RECORD"], "nothing is to change: give an instruction (email knows shorter, "),
        (["RECORD", "shortr"], "no instruction named 'shortr': did you mean 'shorter'?"),
        (["RECORD", "--redo", "1", "--choose"], "--choose needs a terminal"),
        (["RECORD", "shorter", "--format", "pdf"], "no format named 'pdf'"),
        (["--last", "shorter"], "history texts"),
    ],
)
def test_bad_input_is_one_line_with_the_fix(
    arguments: list[str], message: str, record: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["revise", *(str(record) if each == "RECORD" else each for each in arguments)]) == 2
    error = capfd.readouterr().err
    assert message in error and error.count("\n") == 1


def test_a_record_comes_from_stdin(
    record: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(record.read_bytes())))
    assert main(["revise", "-", "shorter", "-q"]) == 0
    assert "The review starts" in capfd.readouterr().out


def test_a_document_of_a_strangers_domain_is_revised(
    sheets: Path, kit: ScriptedKit, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = str(tmp_path / "note.json")
    assert main(["note", "--to", "Ana", "--point", "the bins", "--json", "-q", "-o", file]) == 0
    assert main(["revise", file, "merrier", "--json", "-q"]) == 0
    assert json.loads(capfd.readouterr().out)["request"]["tone"] == "merry"
    assert main(["revise", file, "shorter"]) == 2
    assert "no instruction named 'shorter': choose from merry, plain" in capfd.readouterr().err


def test_choosing_needs_a_terminal(kit: ScriptedKit, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["email", *LETTER, "--point", POINTS[3], "--choose"]) == 2
    assert "--choose needs a terminal" in capfd.readouterr().err


@pytest.mark.parametrize(("key", "taken"), [(b"7x2", 1), (b"\r", 0), (b"\x03", None)])
def test_a_key_chooses_on_a_terminal(
    key: bytes, taken: int | None, tmp_path: Path, default_model_home: Path, session_home: Path
) -> None:
    script = tmp_path / "choose.py"
    script.write_text(
        "import fcntl, sys, termios\n"
        "fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
        "import dalle_kit.kit\n"
        "from dalle_kit.testing import ScriptedKit\n"
        f"texts = [{SENTENCES[POINTS[3]][0]!r}]\n"
        f"other = {SENTENCES[POINTS[3]][1]!r}\n"
        "kit = ScriptedKit(lambda *_: texts.pop() if texts else other)\n"
        "dalle_kit.kit.Kit = lambda **_: kit\n"
        "from dalle_kit.cli.main import main\n"
        f"sys.exit(main(['email', *{LETTER!r}, '--point', {POINTS[3]!r}, '--choose', '--candidates', '3']))\n",
        encoding="utf-8",
    )
    ours, theirs = pty.openpty()
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": root, "TERM": "xterm", "COLUMNS": "100", "LINES": "40"}
    process = subprocess.Popen(
        [sys.executable, str(script)],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env=environment,
        start_new_session=True,
    )
    os.close(theirs)
    shown = read_until(ours, b"Ctrl-C for none: ").decode()
    assert "1  nothing found" in shown and SENTENCES[POINTS[3]][1] in shown
    # What is pressed before a key is waited for is nobody's choice, and lost; an interruption is not.
    for _ in range(1 if taken is None else 60):
        os.write(ours, key)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.5)
            break
    out = process.communicate(timeout=60)[0].decode()
    os.close(ours)
    if taken is None:
        assert (process.returncode, out) == (130, "")
    else:
        assert process.returncode == 0 and SENTENCES[POINTS[3]][taken] in out


@pytest.mark.parametrize("pressed", [EOFError(), ""])
def test_a_terminal_that_has_gone_chooses_nothing(
    pressed: object, kit: ScriptedKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(click, "getchar", Mock(side_effect=[pressed]))
    documents = [kit.generate("email", request(point)) for point in (POINTS[0], POINTS[3])]
    with pytest.raises(click.Abort):
        choosing.choose(documents)


def test_what_is_told_of_an_interruption_has_a_line_of_its_own(
    kit: ScriptedKit, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(click, "getchar", Mock(side_effect=[KeyboardInterrupt]))
    documents = [kit.generate("email", request(point)) for point in (POINTS[0], POINTS[3])]
    with pytest.raises(KeyboardInterrupt):
        choosing.choose(documents)
    assert capfd.readouterr().err.endswith("Ctrl-C for none: \n")


def test_of_one_text_nothing_is_asked(kit: ScriptedKit, capfd: pytest.CaptureFixture[str]) -> None:
    document = kit.generate("email", request(POINTS[0]))
    assert choosing.choose([document]) is document
    assert capfd.readouterr().err == "There is only one text.\n"
