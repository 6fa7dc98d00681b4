"""A client of the language server protocol: a real process on the other side, and every message as it is."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

FIRST = 60.0


class Client:
    """Speaks with a language server; what it sends is kept in the order it came in ``seen``."""

    def __init__(
        self, command: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> None:
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self.process = subprocess.Popen(command, env={**os.environ, **(env or {})}, cwd=cwd, **pipes)
        self.seen: list[dict[str, Any]] = []
        self.garbage = b""
        self._inbox: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._numbers = iter(range(1, 1_000_000))
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        out = self.process.stdout
        assert out is not None
        while line := out.readline():
            if not line.lower().startswith(b"content-length:"):
                self.garbage += line
                continue
            length = int(line.split(b":")[1])
            while out.readline().strip():
                pass
            self._inbox.put(json.loads(out.read(length)))
        self._inbox.put(None)

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, message: Mapping[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode("utf-8")
        self.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def notify(self, method: str, params: Any) -> None:
        self.send({"method": method, "params": params})

    def request(self, method: str, params: Any = None) -> int:
        """Send a request and return its number; ``answer`` waits for what comes back."""
        number = next(self._numbers)
        self.send({"id": number, "method": method, "params": params})
        return number

    def answer(self, number: int, *, within: float = FIRST) -> dict[str, Any]:
        """Return the answer to a request; what else arrives until then is in ``seen``, and is answered if it asks."""
        return self.wait(lambda message: message.get("id") == number and "method" not in message, within=within)

    def told(self, words: str, *, within: float = FIRST) -> str:
        """Return the message for the log that has these words."""

        def has(message: dict[str, Any]) -> bool:
            return message.get("method") == "window/logMessage" and words in message["params"]["message"]

        return str(self.wait(has, within=within)["params"]["message"])

    def wait(self, wanted: Any, *, within: float = FIRST) -> dict[str, Any]:
        for seen in self.seen:
            if wanted(seen):
                return seen
        end = time.monotonic() + within
        while True:
            message = self._inbox.get(timeout=max(0.01, end - time.monotonic()))
            if message is None:
                raise EOFError("the server has left")
            self.seen.append(message)
            if "id" in message and "method" in message:
                self.send({"id": message["id"], "result": None})
            if wanted(message):
                return message

    @property
    def logs(self) -> list[str]:
        """The messages for the log that have come so far."""
        return [each["params"]["message"] for each in self.seen if each.get("method") == "window/logMessage"]

    def begin(self, *, root: str = "file:///work", encodings: Sequence[str] = ("utf-16",)) -> dict[str, Any]:
        """Shake hands as editors do; return what the server can do."""
        capabilities = {"general": {"positionEncodings": list(encodings)}, "window": {"workDoneProgress": True}}
        folders = [{"uri": root, "name": "work"}]
        params = {"processId": None, "rootUri": root, "capabilities": capabilities, "workspaceFolders": folders}
        number = self.request("initialize", params)
        answer = self.answer(number)["result"]
        self.notify("initialized", {})
        return dict(answer["capabilities"])

    def open(self, uri: str, text: str, *, language: str = "python") -> None:
        item = {"uri": uri, "languageId": language, "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})

    def change(self, uri: str, *changes: Mapping[str, Any]) -> None:
        document = {"uri": uri, "version": 2}
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": changes})

    def inline(self, uri: str, line: int, character: int, *, kind: int = 1, **context: Any) -> int:
        position = {"line": line, "character": character}
        context = {"triggerKind": kind, **context}
        return self.request(
            "textDocument/inlineCompletion",
            {"textDocument": {"uri": uri}, "position": position, "context": context},
        )

    def listed(self, uri: str, line: int, character: int) -> int:
        position = {"line": line, "character": character}
        return self.request("textDocument/completion", {"textDocument": {"uri": uri}, "position": position})

    def leave(self) -> int:
        """Shut the server down as the protocol says, and return its exit code."""
        self.answer(self.request("shutdown"))
        self.notify("exit", None)
        return self.process.wait(timeout=FIRST)

    def close(self) -> None:
        """End the process, whatever state it is in."""
        self.process.kill()
        self.process.wait()
        self._thread.join(timeout=10)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                try:
                    stream.close()
                except OSError:
                    pass
