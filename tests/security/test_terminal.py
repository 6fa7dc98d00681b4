"""Nothing but text reaches a terminal, whoever wrote it; what is piped stays as it is."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dalle_kit.cli.common import harmless
from dalle_kit.errors import DalleKitError
from dalle_kit.examples import ExampleStore, Found

pty = pytest.importorskip("pty")

#: A title for the window, a colour, a jump to the corner, a bell, a way back, and C1's beginning of a sequence.
EVIL = "a\x1b]0;owned\x07b\x1b[31mc\x1b[Hd\x07e\x08f\x9b31mg\x7fh"
#: What rich and we ourselves send: colours, the cursor's state and place. EVIL has none but the first.
OURS = re.compile(rb"\x1b\[[0-9;]*m|\x1b\[\?25[lh]|\x1b\[[0-9]*[AK]|\x1b\[2K|\r")

#: What the commands are run with: the real command line, but for the model, whose words are scripted.
MAIN = f"""
import json, sys
from dalle_kit.testing import ScriptedKit
import dalle_kit.kit
from dalle_kit.cli import common, main, streaming
EVIL = {EVIL!r}
class Kit(ScriptedKit):
    def __init__(self, **options):
        super().__init__(lambda prompt, slot: slot.choices[0] if slot.choices else f"Tea {{EVIL}} is at 5.")
dalle_kit.kit.Kit = Kit
if sys.stdout.isatty():
    with common.progress_bar() as progress:
        progress(EVIL, 1, 2)
    with streaming.preview() as shown:
        shown.add(EVIL)
for number, arguments in enumerate(json.loads(sys.argv[1])):
    print("==", number, flush=True)
    main.main(arguments)
"""


def run(home: Path, *commands: tuple[str, ...], piped: bool = False, term: str = "xterm") -> bytes:
    """Run commands whose stderr, and stdout unless it is piped, is a terminal; return what came there, or was piped."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, json.dumps(commands)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if piped else theirs,
        stderr=theirs,
        env={**os.environ, "DALLE_KIT_HOME": str(home), "TERM": term, "COLUMNS": "400"},
    )
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 65536):
            shown += chunk
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    out, _ = process.communicate(timeout=60)
    return bytes(out) if piped else shown


def check(shown: bytes) -> None:
    """Fail if a terminal was sent anything but text and what the toolkit itself draws with."""
    assert shown.strip()
    rest = OURS.sub(b"", shown).replace(b"\n", b"").replace(b"\t", b"")
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", rest.decode("utf-8")), rest
    assert b"\x1b[31m" not in shown and b"\x1b[H" not in shown


@pytest.fixture
def evil_home(home: Path, tmp_path: Path) -> Path:
    """A home with EVIL in the texts, places and names of everything that is listed."""
    place = tmp_path / f"x{EVIL}"
    store = ExampleStore(home / "examples")
    store.add(
        "mine", [Found(text=f"Dear {EVIL},\n\nHello.", kind="email", origin=f"{place}/x", subject=EVIL, author=EVIL)]
    )
    variant = home / "templates" / "email" / "loud" / "document.j2"
    variant.parent.mkdir(parents=True)
    variant.write_text(f"{{# {EVIL} #}}{{{{ slot('body') }}}}", encoding="utf-8")
    place.mkdir()
    (place / "config.json").write_text(json.dumps({"model_type": EVIL}), encoding="utf-8")
    (place / "bad.gguf").write_bytes(b"GGUF" + EVIL.encode())
    settings = f"[aliases]\nevil = {json.dumps(str(place))}\n[identity]\nsender = {json.dumps(EVIL)}\n"
    (home / "config.toml").write_text(f'history = "texts"\n{settings}', encoding="utf-8")
    folder = home / "folder"
    folder.mkdir()
    (folder / f"x{EVIL}.bin").write_bytes(b"\0")
    (folder / "good.txt").write_text("Hello there, friend.", encoding="utf-8")
    return home


REQUEST = ("email", "--to", "a@example.com", "--subject", "Tea", "--point", "come at 5")
NEWS = ("news", "--headline", "Tea is out", "--fact", "it is at 5")


#: Each says something that EVIL is in.
COMMANDS = (
    NEWS,
    (*REQUEST, "--json"),
    ("history",),
    ("history", "show", "1"),
    ("history", "search", "tea"),
    ("history", "export"),
    (*REQUEST, "--point", EVIL, "--dry-run"),
    (*REQUEST, "--template", f"x{EVIL}"),
    ("examples", "show", "mine"),
    ("examples", "show", "mine", "--json"),
    ("examples", "export", "mine"),
    ("templates", "list"),
    ("templates", "show", "email/loud"),
    ("models", "list"),
    ("models", "show", "evil"),
    ("models", "alias"),
    ("config", "list"),
    ("config", "get", "identity.sender"),
    (f"no{EVIL}such",),
    ("examples", "add", "mine", f"nowhere{EVIL}"),
)


def test_a_terminal_is_sent_text_only(evil_home: Path) -> None:
    skipping = ("examples", "add", "mine", str(evil_home / "folder"))
    commands = (*COMMANDS, skipping)
    drawn, *said = re.split(rb"== [0-9]+\r\n", run(evil_home, *commands))
    check(drawn)
    assert b"owned" in drawn  # the bar and the preview were there
    assert b"skipped 1" in said[-1]
    for command, each in zip(commands, said, strict=True):
        assert each.strip(), command
        check(each)


def test_so_is_a_terminal_that_shows_no_changing_text(evil_home: Path) -> None:
    check(run(evil_home, ("templates", "show", "email/loud"), ("examples", "export", "mine"), term="dumb"))


def test_what_is_piped_is_what_was_written(evil_home: Path) -> None:
    piped = run(evil_home, ("examples", "export", "mine"), ("templates", "show", "email/loud"), piped=True)
    exported, _, shown = piped.removeprefix(b"== 0\n").partition(b"== 1\n")
    assert EVIL in json.loads(exported)["text"]
    assert EVIL.encode() in shown


def test_an_error_is_one_line_whatever_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    from dalle_kit.cli.main import _explain

    assert _explain(DalleKitError(f"{EVIL}\n\r\u2028{EVIL}")) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and said[:-1].isprintable()


def test_a_text_without_its_controls_is_as_long_as_before() -> None:
    assert len(harmless(EVIL)) == len(EVIL) and harmless(EVIL).isprintable()
    assert harmless("one\n\ttwo") == "one\n\ttwo"
