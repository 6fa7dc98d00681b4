"""Headless Chromium, driven over its debugging pipe: what a person does with a page, by the keyboard."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
PROGRAM = next((found for name in NAMES if (found := shutil.which(name))), None)

_KEYS = {"Tab": 9, "Enter": 13, " ": 32, "ArrowDown": 40, "ArrowUp": 38, "k": 75}


class Browser:
    """One page of a running browser."""

    def __init__(self, process: subprocess.Popen[bytes], reading: int, writing: int) -> None:
        self._process, self._reading, self._writing = process, reading, writing
        self._answers: Queue[dict[str, Any]] = Queue()
        self._number, self._session = 0, ""
        self.problems: list[str] = []
        self.requested: list[str] = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.send(f"{domain}.enable")

    def _read(self) -> None:
        rest = b""
        while data := os.read(self._reading, 1 << 16):
            *whole, rest = (rest + data).split(b"\0")
            for message in map(json.loads, whole):
                self._note(message)

    def _note(self, message: dict[str, Any]) -> None:
        given = message.get("params", {})
        match message.get("method"):
            case None:
                self._answers.put(message)
            case "Runtime.exceptionThrown":
                self.problems.append(str(given["exceptionDetails"].get("exception", {}).get("description")))
            case "Log.entryAdded" if given["entry"]["level"] == "error":
                self.problems.append(given["entry"]["text"])
            case "Network.requestWillBeSent":
                self.requested.append(given["request"]["url"])

    def send(self, method: str, **given: Any) -> Any:
        """Send a command and return its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": given}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._writing, json.dumps(message).encode() + b"\0")
        while True:
            try:
                answer = self._answers.get(timeout=60)
            except Empty:
                raise AssertionError(f"the browser does not answer {method}") from None
            if answer["id"] == self._number:
                assert "error" not in answer, (method, answer)
                return answer["result"]

    def value(self, script: str) -> Any:
        """Return what an expression of JavaScript is worth."""
        result = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def open(self, url: str) -> None:
        """Go to an address."""
        self.send("Page.navigate", url=url)
        self.until("document.readyState === 'complete'")

    def until(self, script: str, *, seconds: float = 60.0) -> None:
        """Wait until an expression holds."""
        end = time.monotonic() + seconds
        while not self.value(script):
            assert time.monotonic() < end, f"{script}; the page says: {self.value('document.body.innerText')}"
            time.sleep(0.05)

    def press(self, key: str, *, control: bool = False) -> None:
        """Press and release a key."""
        given: dict[str, Any] = {"key": key, "code": key, "windowsVirtualKeyCode": _KEYS[key]}
        given |= {"modifiers": 2 if control else 0}
        if key == "Enter":
            given["text"] = "\r"
        elif key == " ":
            given["text"] = " "
        self.send("Input.dispatchKeyEvent", type="keyDown", **given)
        self.send("Input.dispatchKeyEvent", type="keyUp", **{**given, "text": ""})

    def type(self, text: str) -> None:
        """Type a text where the focus is."""
        self.send("Input.insertText", text=text)

    def tab_to(self, id: str) -> None:
        """Go to a control by the keyboard alone."""
        for _ in range(80):
            if self.value("document.activeElement.id") == id:
                return
            self.press("Tab")
        raise AssertionError(f"the keyboard does not lead to {id}")

    def resize(self, width: int, height: int) -> None:
        """Make the window another size, in pixels."""
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500
        )

    def screenshot(self, file: Path) -> None:
        """Save what is seen as a picture."""
        file.write_bytes(base64.b64decode(self.send("Page.captureScreenshot", captureBeyondViewport=True)["data"]))


@contextmanager
def browsing(folder: Path) -> Iterator[Browser]:
    """Run a browser with an empty profile in a folder."""
    assert PROGRAM is not None
    (theirs_in, ours_out), (ours_in, theirs_out) = os.pipe(), os.pipe()

    def arrange() -> None:
        os.dup2(theirs_in, 3)
        os.dup2(theirs_out, 4)

    arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage"]
    process = subprocess.Popen(
        [PROGRAM, *arguments, f"--user-data-dir={folder}", "--remote-debugging-pipe"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=arrange,
        pass_fds=(3, 4),
    )
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        yield Browser(process, ours_in, ours_out)
    finally:
        process.kill()
        process.wait()
        os.close(ours_out)
        os.close(ours_in)
