"""A model that is here is used without the network."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest

from dalle_kit.engine.engine import Engine
from dalle_kit.models.spec import StoredModel
from dalle_kit.records import GenerationOptions

#: Python runs this before anything else: whoever opens a connection, or asks for an address, leaves a mark.
GUARD = """
import os, sys
def guard(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.bind"):
        with open(os.environ["NETWORK_MARK"], "a") as mark:
            mark.write(f"{event} {arguments}\\n")
        raise OSError("there is no network here")
sys.addaudithook(guard)
"""


def test_a_run_with_a_model_that_is_here_opens_no_connection(home: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(GUARD, encoding="utf-8")
    mark = tmp_path / "mark"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "NETWORK_MARK": str(mark)}
    request = ["email", "--to", "a@example.com", "--subject", "Tea", "--point", "come at 5", "--max-tokens", "8"]
    command = [sys.executable, "-m", "dalle_kit.cli.main", *request, "--candidates", "1"]
    done = subprocess.run(command, capture_output=True, env=environment, timeout=120)
    assert done.returncode == 0, done.stderr
    assert not mark.exists(), mark.read_text(encoding="utf-8")
    probe = [sys.executable, "-c", "import socket; socket.create_connection(('127.0.0.1', 9))"]
    assert subprocess.run(probe, capture_output=True, env=environment).returncode
    assert mark.exists()  # the guard would have seen one


@pytest.mark.parametrize("kind", ["gpt2"])
def test_a_model_that_transformers_computes_is_loaded_without_the_network(
    checkpoints: Any, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("the network was asked for")

    _, engine = checkpoints(kind)
    for name in ("getaddrinfo", "create_connection"):
        monkeypatch.setattr(socket, name, refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    loaded = Engine.load(StoredModel(name=kind, path=engine.path), device="cpu")
    assert loaded.generate(["one two"], GenerationOptions(max_tokens=2, temperature=0.0))


def test_telemetry_of_the_libraries_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    script = (
        "from dalle_kit.models.hub import quiet_client; quiet_client();"
        "from huggingface_hub import constants; print(constants.HF_HUB_DISABLE_TELEMETRY)"
    )
    monkeypatch.delenv("HF_HUB_DISABLE_TELEMETRY", raising=False)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"
