"""Run the blocks of a page as its reader would, in one folder and one process."""

from __future__ import annotations

import contextlib
import importlib
import io
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from dalle_kit import Kit
from dalle_kit.cli.main import main
from tests.docs.pages import Block, calls, matches


class Reader:
    """Who reads a page and tries what it shows, block by block."""

    def __init__(self, folder: Path) -> None:
        self.names: dict[str, Any] = {"Path": Path, "Kit": Kit}
        self._site = folder / "site"
        self._plugins: list[str] = []

    def try_out(self, block: Block) -> None:
        """Run a block, and compare what it prints with what the page shows; does nothing where nothing can run."""
        if block.reason:
            return
        if block.file:
            Path(block.file).parent.mkdir(parents=True, exist_ok=True)
            Path(block.file).write_text(block.text, encoding="utf-8")
        elif block.is_plugin:
            self._install(block)
        elif block.language in ("python", "setup"):
            with captured() as printed:
                exec(compile(block.text, str(block), "exec"), self.names)
            check(block, block.output, printed())
        elif block.language == "console":
            for command, shown in block.exchanges():
                check(block, shown, run(command))
        elif block.language == "sh" and block.output is not None:
            check(block, block.output, "".join(self._outputs(block)))

    def leave(self) -> None:
        """Forget the plugins of the page."""
        for name in self._plugins:
            sys.modules.pop(name, None)

    def _outputs(self, block: Block) -> Iterator[str]:
        for command in block.commands():
            for arguments in calls(command):
                with captured(with_errors=False) as printed:
                    code = main(arguments)
                assert code == 0, f"{block}: {command}"
                yield printed()

    def _install(self, block: Block) -> None:
        """Put a plugin where Python finds packages, as pip would."""
        found = re.match(r"# (\w+)\.py\n", block.text)
        name = found[1] if found else "page_plugin"
        metadata = self._site / f"{name}-1.0.dist-info"
        metadata.mkdir(parents=True)
        (self._site / f"{name}.py").write_text(block.text, encoding="utf-8")
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
        (metadata / "entry_points.txt").write_text(f"[dalle_kit]\n{name} = {name}\n", encoding="utf-8")
        if str(self._site) not in sys.path:
            sys.path.insert(0, str(self._site))  # The test that reads the page puts sys.path back.
        importlib.invalidate_caches()
        self._plugins.append(name)
        loaded = {info.name: info for info in Kit().plugins.infos}
        assert loaded[name].status == "loaded", f"{block}: {loaded[name]}"


def check(block: Block, shown: str | None, printed: str) -> None:
    """Compare what was printed with what is shown, if anything is."""
    if shown is not None:
        assert matches(shown, printed), f"{block} shows\n{shown}\nand this was printed\n{printed}"


def run(command: str) -> str:
    """Run a command of the shell, dalle-kit in this process, and return what it prints on stdout and stderr."""
    output = b""
    for part in re.split(r" && ", command):
        piped = b""
        for stage in re.split(r" \| ", part):
            piped = _stage(shlex.split(stage, comments=True), piped)
        output += piped
    return output.decode()


def _stage(words: list[str], given: bytes) -> bytes:
    target = None
    for sign in ("<", ">"):
        if sign in words:
            at = words.index(sign)
            (path,) = words[at + 1 : at + 2]
            words = words[:at] + words[at + 2 :]
            if sign == "<":
                given = Path(path).read_bytes()
            else:
                target = Path(path)
    if words[0] != "dalle-kit":
        printed = subprocess.run(
            words, input=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True
        ).stdout
    else:
        stdin = io.TextIOWrapper(io.BytesIO(given), encoding="utf-8")
        with mock.patch.object(sys, "stdin", stdin), captured() as printed_text:
            main(words[1:])
        printed = printed_text().encode()
    if target is None:
        return printed
    target.write_bytes(printed)
    return b""


@contextlib.contextmanager
def captured(*, with_errors: bool = True) -> Iterator[Any]:
    """Collect what is printed; what is yielded returns it, also afterwards."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    errors = stream if with_errors else io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    text = ""

    def printed() -> str:
        return text

    with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(errors):
        try:
            yield printed
        finally:
            stream.flush()
            text = stream.buffer.getvalue().decode()
