"""The command ``serve`` in a process of its own."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO

import pytest

from dalle_kit.cli.main import main
from tests.serving.conftest import eventually

LONG = {"messages": [{"role": "user", "content": "Tell of a lighthouse."}], "max_tokens": 60, "stream": True}


@contextmanager
def served(*arguments: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run the command until it says where it listens; yield the process and the port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dalle_kit.cli.main", "serve", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, **environment},
    )
    try:
        assert process.stderr is not None
        yield process, port_of(process.stderr)
    finally:
        process.kill()
        process.communicate()


def port_of(stderr: IO[str]) -> int:
    line = stderr.readline()
    found = re.match(r"Serving \S+ at http://[^:]+:(\d+)/ ", line)
    assert found, line + stderr.read()
    return int(found[1])


@contextmanager
def asked(port: int, path: str, body: object = None, **headers: str) -> Iterator[http.client.HTTPResponse]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    data = None if body is None else json.dumps(body)
    connection.request("POST" if data else "GET", path, data, {"Content-Type": "application/json", **headers})
    with closing(connection), connection.getresponse() as response:
        yield response


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_is_being_written_is_finished_before_the_end_and_nothing_is_logged(
    home: Path, number: signal.Signals
) -> None:
    with served() as (process, port):
        with asked(port, "/ready") as answer:
            assert answer.read() == b'{"ready":true,"running":0,"waiting":0}'
        with asked(port, "/v1/chat/completions?secret=lighthouse", LONG) as answer:
            answer.readline()
            process.send_signal(number)
            rest = answer.read().decode()
            assert rest.endswith("data: [DONE]\n\n") and rest.count("data: ") > 8
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert (out, err) == ("", "")


def is_closed(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return True
    return False


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_second_ctrl_c_ends_at_once(home: Path) -> None:
    long = {"prompt": ["Once upon a time"] * 4, "n": 16, "max_tokens": 2000, "temperature": 1.5, "stop": ["never"]}
    with served() as (process, port):
        with asked(port, "/v1/completions", {**long, "stream": True}) as answer:
            answer.readline()
            process.send_signal(signal.SIGINT)
            assert eventually(lambda: is_closed(port))
            assert process.poll() is None
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
        assert (process.returncode, out, err) == (0, "", "")


def test_the_key_of_the_environment_is_asked_for(home: Path) -> None:
    with served("--host", "0.0.0.0", DALLE_KIT_API_KEY="from outside") as (_, port):
        for key, status in (("", 401), ("Bearer from outside", 200)):
            with asked(port, "/v1/models", Authorization=key) as answer:
                assert answer.status == status


def test_without_a_key_only_this_machine_is_served(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--host", "0.0.0.0"]) == 2
    assert "host: '0.0.0.0' is not allowed; give 127.0.0.1, or set a key" in capfd.readouterr().err


def test_an_address_that_is_taken_is_an_error_with_the_fix(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["serve", "--port", str(taken.getsockname()[1])]) == 2
    assert "Address already in use; choose another --port or --host" in capfd.readouterr().err


def test_a_list_of_settings_does_not_tell_the_key(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "set", "api_key", "open sesame"]) == 0
    assert (home / "config.toml").stat().st_mode & 0o077 == 0
    assert main(["config"]) == 0
    assert "sesame" not in capfd.readouterr().out
    assert main(["config", "get", "api_key"]) == 0
    assert capfd.readouterr().out == "open sesame\n"


def test_the_command_says_what_to_install_where_the_extra_is_not(
    home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert main(["serve"]) == 2
    assert "pip install 'dalle-kit[serve]'" in capfd.readouterr().err
