"""Servers on the loopback interface, run by a thread of the test's own process."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from dalle_kit import Kit
from dalle_kit.serving.app import make_app
from dalle_kit.serving.desk import Desk
from dalle_kit.serving.limits import Limits
from dalle_kit.serving.server import allowed_hosts, listen


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[Any]:
        """The events of a stream; the word that ends it stays a word."""
        lines = self.body.decode("utf-8").split("\n\n")
        data = [line.removeprefix("data: ") for line in lines if line]
        return [each if each == "[DONE]" else json.loads(each) for each in data]


@dataclass
class Server:
    """A running server and the means to ask it."""

    kit: Kit
    port: int
    desk: Desk
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, path: str, body: Any = None, *, method: str | None = None, **headers: str) -> Answer:
        connection, response = self.open(path, body, method=method, **headers)
        try:
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def open(
        self, path: str, body: Any = None, *, method: str | None = None, **headers: str
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """Ask, and return as soon as the answer begins."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        given = {**self.headers, **({} if data is None else {"Content-Type": "application/json"})}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method or ("GET" if data is None else "POST"), path, data, given)
        return connection, connection.getresponse()


@contextmanager
def serving(
    kit: Kit,
    limits: Limits | None = None,
    *,
    key: str = "",
    origins: tuple[str, ...] = (),
    own: socket.socket | None = None,
) -> Iterator[Server]:
    """Run a server for a Kit; ``own`` is the socket of its user's own."""
    limits = limits or Limits()
    desk = Desk(limits)
    app = make_app(kit, desk, limits=limits, key=key, hosts=allowed_hosts("127.0.0.1", key), origins=origins)
    with listen("127.0.0.1", 0) as listener:
        config = uvicorn.Config(app, log_level="error", access_log=False, lifespan="off", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [each for each in (listener, own) if each]})
        thread.start()
        try:
            yield Server(kit, listener.getsockname()[1], desk)
        finally:
            server.should_exit = True
            thread.join(timeout=30)
            assert not thread.is_alive()


@pytest.fixture(scope="package")
def serving_home(
    tmp_path_factory: pytest.TempPathFactory, default_model_home: Path, session_home: Path
) -> Iterator[Path]:
    """A home with the real models, in force as long as servers of this folder run."""
    folder = tmp_path_factory.mktemp("serving") / "home"
    (folder / "cache").mkdir(parents=True)
    (session_home / "cache" / "native").mkdir(parents=True, exist_ok=True)
    (folder / "models").symlink_to(default_model_home / "models", target_is_directory=True)
    (folder / "cache" / "native").symlink_to(session_home / "cache" / "native", target_is_directory=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DALLE_KIT_HOME", str(folder))
        yield folder


@pytest.fixture(scope="package")
def kit(serving_home: Path) -> Kit:
    """The Kit with the real default model."""
    return Kit()


@pytest.fixture(scope="package")
def server(kit: Kit) -> Iterator[Server]:
    """A server with the default model and the default limits."""
    with serving(kit) as running:
        yield running


def eventually(holds: Callable[[], bool], *, seconds: float = 60.0) -> bool:
    """Say whether something comes to hold in some time."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
