"""Plugins for tests: real modules with real metadata in a folder on ``sys.path``, as an installer would leave them."""

from __future__ import annotations

import importlib
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Install = Callable[..., Path]

GREETING = """
from dalle_kit import Domain, Request, hookimpl
import pydantic

class Note(Request):
    to: str = pydantic.Field(description="Who it is for.")

def domain(name="note", **more):
    more.setdefault("templates", "{templates}")
    return Domain(name=name, summary="A note", request=Note, **more)
"""


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DALLE_KIT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DALLE_KIT_STRICT_PLUGINS", raising=False)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that packages are installed in; modules imported from it are forgotten after the test."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(folder)):
            del sys.modules[name]


@pytest.fixture
def install(site: Path) -> Install:
    """Install a plugin: ``install("haiku", source, version="1.0", distribution="haiku-kit", entry="haiku_module")``."""

    def do(
        name: str, source: str, *, version: str = "1.0", distribution: str | None = None, entry: str | None = None
    ) -> Path:
        distribution = distribution or f"{name}-kit"
        module = f"plugin_{distribution.replace('-', '_')}"
        package = site / module
        (package / "texts").mkdir(parents=True)
        (package / "texts" / "document.j2").write_text('{{ slot("body") }}', encoding="utf-8")
        (package / "texts" / "prompt.j2").write_text("Write a note.", encoding="utf-8")
        file = package / "__init__.py"
        prelude = GREETING.replace("{templates}", f"{module}.texts")
        file.write_text(prelude + textwrap.dedent(source), encoding="utf-8")
        info = site / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n", encoding="utf-8"
        )
        (info / "entry_points.txt").write_text(f"[dalle_kit]\n{name} = {entry or module}\n", encoding="utf-8")
        importlib.invalidate_caches()
        return file

    return do
