"""A kit with a script, in a module that processes can import."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

#: A kit whose processes tell who they are, and end where a row says so: in each of them, or in one.
MODULE = """
import hashlib, os, signal, time
from pathlib import Path
from dalle_kit.testing import ScriptedKit

FOLDER = Path(__file__).parent / "processes"

def script(prompt, slot):
    time.sleep(0.01)
    for word, mark in (("poison", None), ("unlucky", FOLDER / "unlucky")):
        if word in prompt.text and (mark is None or not mark.exists()):
            mark and mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
    if "asleep" in prompt.text:
        time.sleep(600)
    if "broken" in prompt.text:
        raise __import__("dalle_kit").ModelError("out of memory")
    return hashlib.sha256((prompt.text + slot.name).encode()).hexdigest() + "."

class Scripted(ScriptedKit):
    def __init__(self, *, progress=None, settings=None, **_):
        super().__init__(script, settings=settings)

    def load(self, *_, **__):
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / str(os.getpid())).touch()
        return super().load()

class Stillborn(Scripted):
    def load(self, *_, **__):
        os._exit(7)
"""

COMMAND = """
import sys
import dalle_kit.kit, scripted_processes
dalle_kit.kit.Kit = scripted_processes.Scripted
if __name__ == "__main__":
    from dalle_kit.cli.main import main
    sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The module of the kit, which the processes can import too."""
    (tmp_path / "scripted_processes.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "command.py").write_text(COMMAND, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    import scripted_processes  # type: ignore[import-not-found]

    yield scripted_processes
    del sys.modules["scripted_processes"]
