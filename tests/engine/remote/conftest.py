"""A server on a real socket that answers as a test tells it to, also wrongly."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from dalle_kit.engine.remote.engine import RemoteEngine
from dalle_kit.engine.remote.pace import Patience
from dalle_kit.engine.results import Generation, Piece
from dalle_kit.models.spec import ServerSource
from dalle_kit.records import GenerationOptions, Message, Prompt, Skeleton, Slot

#: What answers one request: it writes whatever it likes.
Behaviour = Callable[["Handler"], None]

PROMPT = Prompt((Message("system", "Write the e-mail."), Message("user", "Notes:\n- the bus is late")))
SENTENCE = Slot("body", sentences=(1, 1), about=("the bus is late",), known=("the bus is late",))
SKELETON = Skeleton(("Hello,\n\n", SENTENCE, "\n\nBest regards\n"))
QUICK = Patience(connect=30.0, silence=30.0, waiting=5.0, tries=4)


class Handler(BaseHTTPRequestHandler):
    """One request; ``body`` is what came with it."""

    server: Listening
    body: Any = None

    def do_GET(self) -> None:
        self.server.script.listing(self)

    def do_POST(self) -> None:
        self.body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        script = self.server.script
        with script.lock:
            script.asked.append((self.path, self.body, dict(self.headers)))
            script.times.append(time.monotonic())
            behaviour = script.behaviours.pop(0) if len(script.behaviours) > 1 else script.behaviours[0]
            script.running += 1
            script.most = max(script.most, script.running)
        try:
            behaviour(self)
        finally:
            with script.lock:
                script.running -= 1

    def answer(self, status: int, body: bytes, kind: str = "application/json", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Listening(ThreadingHTTPServer):
    daemon_threads = True
    script: Script

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that has gone is what some tests are about


def listing(*names: str, owner: str = "somebody", **facts: Any) -> Behaviour:
    data = [{"id": name, "object": "model", "owned_by": owner, **facts} for name in names]
    return lambda handler: handler.answer(200, json.dumps({"object": "list", "data": data}).encode())


def event(value: Any) -> bytes:
    return b"data: " + (value if isinstance(value, bytes) else json.dumps(value).encode()) + b"\n\n"


def piece(text: str | None, reason: str | None = None) -> bytes:
    return event({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": reason}]})


def raw(data: bytes, *, kind: str = "text/event-stream", **headers: str) -> Behaviour:
    return lambda handler: handler.answer(200, data, kind, **headers)


def says(text: str, reason: str = "stop") -> Behaviour:
    words = [piece(word) for word in text.replace(" ", " \0").split("\0")]
    return raw(b"".join(words) + piece("", reason) + event(b"[DONE]"))


def fails(status: int, message: str = "no", *, code: str | None = None, **headers: str) -> Behaviour:
    body = json.dumps({"error": {"message": message, "type": "x", "code": code}}).encode()
    return lambda handler: handler.answer(status, body, **headers)


def resets(before: bytes = b"") -> Behaviour:
    def behave(handler: Handler) -> None:
        if before:
            handler.answer(200, before, "text/event-stream")
            handler.wfile.flush()
            time.sleep(0.05)
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.close()

    return behave


def forever(data: bytes, *, seconds: float = 8.0) -> Behaviour:
    """Send the same again and again, until the client has gone."""

    def behave(handler: Handler) -> None:
        handler.answer(200, b"", "text/event-stream")
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                handler.wfile.write(data)
                time.sleep(0.005)
        except OSError:
            handler.server.script.gone.set()

    return behave


@dataclass
class Script:
    """What the server does with each request in turn, the last for all further ones, and what it was asked."""

    url: str = ""
    behaviours: list[Behaviour] = field(default_factory=list)
    listing: Behaviour = field(default_factory=lambda: listing("m", owner="vllm"))
    asked: list[tuple[str, Any, dict[str, str]]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    gone: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    running: int = 0
    most: int = 0
    engines: list[RemoteEngine] = field(default_factory=list)

    def engine(self, *behaviours: Behaviour, model: str | None = None, **arguments: Any) -> RemoteEngine:
        self.behaviours = list(behaviours)
        arguments = {"patience": QUICK, **arguments}
        self.engines.append(RemoteEngine.connect(ServerSource(url=self.url, model=model), **arguments))
        return self.engines[-1]


@pytest.fixture
def script() -> Iterator[Script]:
    found = Script()
    with Listening(("127.0.0.1", 0), Handler) as server:
        server.script = found
        found.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield found
        finally:
            for engine in found.engines:
                engine.close()
            server.shutdown()
            thread.join()


def fill(
    engine: RemoteEngine, skeleton: Skeleton = SKELETON, *, prompt: Prompt = PROMPT, **options: Any
) -> tuple[Generation, list[Piece]]:
    results: list[list[Generation]] = []
    pieces = list(engine.fill([(prompt, skeleton)], GenerationOptions(**options), results=results))
    return results[0][0], [each for each in pieces if each.text]
