"""The command line while a server of the same user runs: the same documents, written by the server."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import dalle_kit.kit
from dalle_kit import History, Kit
from dalle_kit.cli import by_server
from dalle_kit.cli.main import main
from dalle_kit.serving.meeting import announced, meet
from tests.serving.conftest import Server, eventually, serving
from tests.serving.test_command import served

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="the system has no sockets of a user's own")

NOTHING = dict.fromkeys(("model", "device", "dtype", "quant"))
EMAIL = ["email", "--to", "Ana <ana@example.com>", "--subject", "Report", "--point", "report ready"]


@pytest.fixture(scope="module")
def warm(kit: Kit, serving_home: Path) -> Iterator[Server]:
    """A server that the command line finds."""
    with announced(NOTHING) as own, serving(kit, own=own) as running:
        yield running


@pytest.fixture
def record(serving_home: Path) -> Path:
    return serving_home / "cache" / "server.json"


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = main(arguments)
        return code, *capfd.readouterr()

    return run


@pytest.fixture
def nothing_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no text written in this process."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("it is written here")

    monkeypatch.setattr(dalle_kit.kit, "Kit", refuse)


def plain(text: str) -> Any:
    """Return a record without what differs each time."""
    record = json.loads(text)
    del record["provenance"]["created"], record["provenance"]["timings"]
    return record


@pytest.mark.parametrize(
    "more",
    [
        [],
        ["--json"],
        ["--address", "tom@example.com", "--format", "eml"],
        ["--temperature", "0.8", "--seed", "5", "--candidates", "2", "--stop", "ready"],
        ["--point", "the 17th of May", "--no-repair", "--template", "brief"],
        ["--tone", "frendly"],
        ["--format", "eml"],
        ["--max-tokens", "0"],
        ["--max-tokens", "9000"],
        ["--template", "nix"],
        ["--like", "nix"],
        ["--steer", "left"],
        ["--privacy", "report", "--strict", "--point", "call Robert Miller"],
    ],
    ids=" ".join,
)
def test_what_is_written_or_refused_is_the_same(warm: Server, run: Run, more: list[str]) -> None:
    command = [*EMAIL, "--max-tokens", "16", *more] if "--max-tokens" not in more else [*EMAIL, *more]
    served, local = run(*command), run(*command, "--local")
    if "--json" in more:
        assert plain(served[1]) == plain(local[1])
        served, local = (served[0], "", served[2]), (local[0], "", local[2])
    if "eml" in more:
        served, local = (tuple(_undated(part) for part in each) for each in (served, local))
    assert served == local


def _undated(part: Any) -> Any:
    if not isinstance(part, str):
        return part
    return [line for line in part.splitlines() if not line.startswith(("Date:", "Message-ID:"))]


@pytest.mark.usefixtures("nothing_here")
def test_the_server_writes_it_and_the_command_records_it(warm: Server, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    assert run(*EMAIL, "--max-tokens", "16", "-o", str(file))[0] == 0
    assert "report" in file.read_text(encoding="utf-8")
    source = tmp_path / "area.py"
    source.write_text("def area(r):\n    return ", encoding="utf-8")
    assert run("code", "complete", f"{source}:2", "--max-tokens", "8")[0] == 0
    recorded = History().entries(limit=2)
    assert [(each.domain, each.document) for each in recorded] == [("code complete", None), ("email", None)]


@pytest.mark.usefixtures("nothing_here")
@pytest.mark.parametrize(
    "more", [["--local"], ["--model", "smollm2-135m"], ["--device", "cpu"], ["--explain"], ["--dry-run"]], ids=" ".join
)
def test_what_the_server_would_not_write_the_same_is_written_here(warm: Server, run: Run, more: list[str]) -> None:
    assert "it is written here" in run(*EMAIL, *more)[2]


@pytest.mark.usefixtures("nothing_here")
def test_other_settings_and_templates_are_written_here(
    warm: Server, run: Run, serving_home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("DALLE_KIT_IDENTITY_SENDER", "Tom")
        assert "it is written here" in run(*EMAIL)[2]
    letters = tmp_path / "letter.txt"
    letters.write_text("The bins go out on Tuesday. Could you take ours?", encoding="utf-8")
    assert "it is written here" in run(*EMAIL, "--like", str(letters))[2]
    template = serving_home / "templates/email/default/document.j2"
    template.parent.mkdir(parents=True)
    template.write_text("x", encoding="utf-8")
    try:
        assert "it is written here" in run(*EMAIL)[2]
    finally:
        template.unlink()
        for folder in list(template.parents)[:3]:
            folder.rmdir()
    assert run(*EMAIL, "--max-tokens", "4")[0] == 0


def test_a_record_that_others_could_have_written_is_not_trusted(warm: Server, record: Path) -> None:
    assert record.stat().st_mode & 0o077 == 0
    folder = Path(json.loads(record.read_text())["socket"]).parent
    for path, mode in ((record, 0o644), (folder, 0o755)):
        kept = path.stat().st_mode
        content = record.read_bytes()
        path.chmod(mode)
        assert meet(NOTHING) is None
        path.chmod(kept)
        if not record.exists():
            record.write_bytes(content)
            record.chmod(0o600)
        with meeting() as connection:
            assert connection is not None
    if os.getuid() == 0:  # nobody else may give a file away
        for path in (record, folder):
            os.chown(path, 65534, -1)
            content = record.read_bytes()
            assert meet(NOTHING) is None
            record.write_bytes(content)
            record.chmod(0o600)
            os.chown(path, 0, -1)
            with meeting() as connection:
                assert connection is not None


@contextlib.contextmanager
def meeting() -> Iterator[socket.socket | None]:
    connection = meet(NOTHING)
    try:
        yield connection
    finally:
        if connection is not None:
            connection.close()


def test_the_record_of_a_server_that_was_killed_is_removed(home: Path) -> None:
    script = (
        f"import os, sys; from dalle_kit.serving.meeting import announced\nwith announced({NOTHING!r}): os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    record = home / "cache" / "server.json"
    assert record.exists()
    assert meet(NOTHING) is None
    assert not record.exists()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"state": 1}', '{"socket": "/nix", "state": "x"}'])
def test_a_damaged_record_is_passed_over(home: Path, content: str) -> None:
    record = home / "cache" / "server.json"
    record.write_text(content, encoding="utf-8")
    record.chmod(0o600)
    assert meet(NOTHING) is None


def test_a_server_takes_its_own_record_away_only(home: Path) -> None:
    record = home / "cache" / "server.json"
    with announced(NOTHING):
        with announced({**NOTHING, "model": "smollm2-135m"}):
            assert meet(NOTHING) is None
            first = record.read_bytes()
        assert not record.exists()
        record.write_bytes(first)
    assert record.read_bytes() == first


def test_others_cannot_ask_at_the_address_of_the_command_line(server: Server) -> None:
    assert server.ask("/private/email", {"request": {}}).status == 404
    assert "/private" not in server.ask("/openapi.json").body.decode()


def test_leaving_stops_the_servers_work(warm: Server) -> None:
    body = {"request": {"to": ["a@example.com"], "points": [f"point {n}" for n in range(9)]}, "temperature": 1.0}
    stream = by_server.ask_server("email", body, NOTHING)
    assert stream is not None
    next(iter(stream))
    assert warm.desk.running == 1
    stream.close()
    assert eventually(lambda: warm.desk.running == 0)


def test_what_a_server_that_is_killed_had_begun_is_written_here(
    home: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [*EMAIL, "--max-tokens", "16"]
    local = run(*command, "--local")
    given, read = by_server._next, 0
    with served() as (process, _):

        def killing(response: Any) -> Any:
            nonlocal read
            read += 1
            if read == 3:
                process.kill()
                process.wait()
                # What the system holds of the answer may still come.
                while True:
                    given(response)
            return given(response)

        monkeypatch.setattr(by_server, "_next", killing)
        code, out, err = run(*command)
        assert read == 3
    assert (code, out) == local[:2]
    assert err.startswith("The server that wrote it has gone; it is written here.\n")
    # Nothing is left of it that would mislead the next command.
    assert meet(NOTHING) is None
    assert run(*command) == local


def test_a_server_that_is_halted_is_done_without(home: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_server, "_PATIENCE", 0.3)
    with served() as (process, _):
        process.send_signal(signal.SIGSTOP)
        assert by_server.ask_server("email", {"request": {}}, NOTHING) is None


def test_the_command_loads_nothing_heavy(warm: Server) -> None:
    script = (
        f"import sys; sys.path[:] = {sys.path!r}; from dalle_kit.cli.main import main\n"
        f"code = main({[*EMAIL, '--max-tokens', '8']!r})\n"
        "heavy = 'torch numpy pydantic jinja2 pluggy fastapi uvicorn asyncio rich tomlkit'.split()\n"
        "print(code, *(name for name in heavy if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout.splitlines()[-1] == "0", done.stdout
