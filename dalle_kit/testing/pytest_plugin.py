"""Fixtures for the tests of plugins; load them with ``-p dalle_kit.testing.pytest_plugin``."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dalle_kit.records import Document, Prompt
from dalle_kit.testing.golden import UPDATE_FLAG, compare_golden, document_text, prompt_text
from dalle_kit.testing.scripted import Script, ScriptedKit


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flag that writes golden files anew."""
    group = parser.getgroup("dalle-kit")
    group.addoption(UPDATE_FLAG, action="store_true", help="write golden files anew instead of comparing with them")


@pytest.fixture
def dalle_kit_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty DALLE_KIT_HOME: no settings, templates or models of whoever runs the test."""
    for name in [name for name in os.environ if name.startswith("DALLE_KIT_")]:
        monkeypatch.delenv(name)
    home = tmp_path / "dalle-kit-home"
    home.mkdir()
    monkeypatch.setenv("DALLE_KIT_HOME", str(home))
    return home


@pytest.fixture
def scripted_kit(dalle_kit_home: Path) -> Callable[[Script], ScriptedKit]:
    """Give a function that makes a Kit whose model writes a script: ``scripted_kit({"body": "Hello."})``."""
    return ScriptedKit


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str | bytes | Prompt | Document], None]:
    """Give a function that compares with a file in ``golden/`` beside the test: ``golden("brief.txt", document)``.

    It takes a text, bytes, a prompt or a document; ``--update-golden`` writes the file anew.
    """
    folder = request.path.parent / "golden"
    update = bool(request.config.getoption(UPDATE_FLAG))

    def compare(name: str, actual: str | bytes | Prompt | Document) -> None:
        __tracebackhide__ = True
        if isinstance(actual, Prompt):
            actual = prompt_text(actual)
        elif isinstance(actual, Document):
            actual = document_text(actual)
        compare_golden(folder / name, actual, update=update)

    return compare
