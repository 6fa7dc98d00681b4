"""Running the command line in this process, and a real plugin to run it with."""

from __future__ import annotations

import importlib
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dalle_kit.cli.main import main

PLUGIN = '''
import sys
from typing import Literal

import click
import pydantic

from dalle_kit import DalleKitError, Domain, Finding, Format, Request, hookimpl


class Note(Request):
    to: str = pydantic.Field(description="Who it is for.")
    points: tuple[str, ...] = pydantic.Field((), description="A thing to say.")
    tone: Literal["plain", "merry"] = pydantic.Field("plain", description="The tone.")


def formats():
    return (
        Format("text", lambda document: document.text, "Plain text"),
        Format("upper", lambda document: document.text.upper(), "Loud", ".loud"),
        Format("raw", lambda document: document.text.encode("utf-16"), "Two bytes a letter", ".raw"),
    )


def check(request, draft):
    for point in request.points:
        if point not in draft.text:
            yield Finding("points", "warning", f"{point}\\nis missing", slot="body")
    yield Finding("points", "note", "looked at")


def note(name):
    return Domain(
        name=name,
        summary=f"A {name}.",
        request=Note,
        templates="sheets.texts",
        formats=formats(),
        check=check,
        prose=False,
    )


@hookimpl
def dalle_kit_register_domains(register):
    for name in ("note", "card birthday", "card get well"):
        register(note(name))


@hookimpl
def dalle_kit_register_commands(cli):
    @cli.command()
    @click.argument("what")
    def fail(what):
        """Fail on demand."""
        if what == "known":
            raise DalleKitError("two\\nlines \\x1b[31m")
        if what == "exit":
            sys.exit(3)
        if what == "interrupt":
            raise KeyboardInterrupt
        if what == "empty":
            raise ValueError
        raise ValueError("unforeseen")
'''

DOCUMENT = 'Dear {{ request.to }},\n\n{{ slot("body", stop=["\\n\\n"]) }}\n\nBye\n'
PROMPT = """Write a short note to {{ request.to }} in a {{ request.tone }} tone.
{%- for point in request.points %} Say: {{ point }}.{% endfor %}
"""


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str


Command = Callable[..., Result]


@pytest.fixture(autouse=True)
def bare_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home of the toolkit; a test that needs the model asks for ``home``, which then takes its place."""
    folder = tmp_path / "bare_home"
    folder.mkdir()
    monkeypatch.setenv("DALLE_KIT_HOME", str(folder))
    return folder


@pytest.fixture
def command(capfd: pytest.CaptureFixture[str]) -> Command:
    """Run a command in this process: ``command("note", "--to", "Ana")``."""

    def run(*arguments: str) -> Result:
        capfd.readouterr()
        code = main(arguments)
        return Result(code, *capfd.readouterr())

    return run


@pytest.fixture
def sheets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of an installed plugin with the domains ``note``, ``card birthday``, ``card get well``."""
    site = tmp_path / "site"
    package = site / "sheets"
    (package / "texts").mkdir(parents=True)
    (package / "texts" / "document.j2").write_text(DOCUMENT, encoding="utf-8")
    (package / "texts" / "prompt.j2").write_text(PROMPT, encoding="utf-8")
    (package / "__init__.py").write_text(textwrap.dedent(PLUGIN), encoding="utf-8")
    info = site / "sheets-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: sheets\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[dalle_kit]\nsheets = sheets\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(site))
    importlib.invalidate_caches()
    yield site
    for name in [name for name in sys.modules if name.partition(".")[0] == "sheets"]:
        del sys.modules[name]
