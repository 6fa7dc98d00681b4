"""A language server as a process, with a client that speaks with it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.editing.client import Client

SCRIPTED = Path(__file__).with_name("scripted_server.py")


@pytest.fixture(scope="session")
def start() -> Iterator[Callable[..., Client]]:
    """Start a server: the scripted one, which notes words in the file given, or ``dalle-kit lsp`` with arguments."""
    clients = []

    def started(*arguments: str, notes: Path | None = None) -> Client:
        command = [str(SCRIPTED), str(notes)] if notes else ["-m", "dalle_kit.cli.main", "lsp", *arguments]
        clients.append(Client([sys.executable, *command]))
        return clients[-1]

    yield started
    for client in clients:
        client.close()


@pytest.fixture(scope="session")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the scripted server notes the words it writes."""
    file = tmp_path_factory.mktemp("editing") / "words"
    file.touch()
    return file


@pytest.fixture(scope="session")
def scripted(session_home: Path, start: Callable[..., Client], notes: Path) -> Client:
    """A client of the scripted server, which has shaken hands; each test has files of its own."""
    client = start(notes=notes)
    client.begin()
    return client
