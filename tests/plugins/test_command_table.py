"""The command table comes from its cache until something changes that could change it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dalle_kit.command_table import CommandTable, command_table, rebuild_table
from dalle_kit.errors import ConfigError, PluginError
from dalle_kit.paths import find_paths

Install = Callable[..., Path]

NOTE = """
import click, pathlib
from dalle_kit import Format, GenerationOptions
MARKDOWN = Format("md", str, "Markdown", ".md")
with pathlib.Path({log!r}).open("a") as log:
    log.write("loaded ")

@hookimpl
def dalle_kit_register_domains(register):
    register(domain({name!r}, formats=(MARKDOWN,), options=GenerationOptions(temperature=0.5)))

@hookimpl
def dalle_kit_register_commands(cli):
    cli.add_command(click.Command("wave", help="Wave to someone. At length."))
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def note(install: Install, log: Path) -> Path:
    """The file of an installed plugin that writes to the log when it is imported."""
    return install("notes", NOTE.format(log=str(log), name="note"))


def loads(log: Path, site: Path) -> int:
    """Count the plugin's imports so far, and let the next load import it again."""
    for name in [name for name in sys.modules if name.startswith("plugin_")]:
        del sys.modules[name]
    return len(log.read_text(encoding="utf-8").split())


def domain_names(table: CommandTable) -> set[str]:
    return {entry.name for entry in table.domains}


def later(path: Path) -> None:
    """Make sure that a change to ``path`` shows in its time, however coarse the clock of the file system."""
    time = path.stat().st_mtime_ns + 10_000_000
    os.utime(path, ns=(time, time))


def test_it_describes_domains_and_commands(note: Path) -> None:
    table = command_table()
    entry = next(entry for entry in table.domains if entry.name == "note")
    assert (entry.summary, entry.plugin) == ("A note", "notes")
    assert entry.schema["properties"]["to"]["description"] == "Who it is for."
    assert entry.formats[0] == {"name": "md", "suffix": ".md", "summary": "Markdown"}
    assert [format["name"] for format in entry.formats] == ["md", "text", "json"]
    assert entry.defaults["temperature"] == 0.5
    assert [tuple(command) for command in table.commands] == [("wave", "Wave to someone.", "notes")]


def test_a_second_look_loads_no_plugin_and_is_equal(note: Path, log: Path, site: Path) -> None:
    first = command_table()
    assert loads(log, site) == 1
    assert command_table() == first
    assert loads(log, site) == 1


def test_an_installed_plugin_shows_at_once(note: Path, log: Path, site: Path, install: Install) -> None:
    command_table()
    install("poems", NOTE.format(log=str(log), name="poem").replace('"wave"', '"bow"'))
    assert {"note", "poem"} <= domain_names(command_table())


def test_an_edited_plugin_shows_at_once(note: Path, log: Path, site: Path) -> None:
    command_table()
    loads(log, site)
    # Of another length: Python itself takes a file of the same size, changed within a second, for the one it compiled.
    note.write_text(note.read_text(encoding="utf-8").replace("'note'", "'letter'"), encoding="utf-8")
    later(note)
    assert "letter" in domain_names(command_table())


def test_a_mended_plugin_shows_at_once(install: Install, site: Path) -> None:
    file = install("broken", "import no_such_library\n")
    assert any("no_such_library" in problem for problem in command_table().problems)
    file.write_text(file.read_text(encoding="utf-8").replace("import no_such_library", ""), encoding="utf-8")
    later(file)
    assert not any("no_such_library" in problem for problem in command_table().problems)


def test_disabling_a_plugin_shows_at_once(note: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "note" in domain_names(command_table())
    monkeypatch.setenv("DALLE_KIT_PLUGINS_DISABLED", "notes")
    assert "note" not in domain_names(command_table())
    monkeypatch.delenv("DALLE_KIT_PLUGINS_DISABLED")
    find_paths().settings.write_text('[plugins]\ndisabled = ["notes"]\n', encoding="utf-8")
    assert "note" not in domain_names(command_table())


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"key": 1}', b"\xff\xfe", b'{"key": [], "files": 3}'])
def test_a_corrupt_cache_is_made_anew(content: bytes, note: Path, log: Path, site: Path) -> None:
    table = command_table()
    (cache,) = find_paths().cache.glob("commands-*.json")
    cache.write_bytes(content)
    loads(log, site)
    assert command_table() == table
    assert command_table() == table
    assert loads(log, site) == 2


def test_a_cache_that_cannot_be_written_is_done_without(note: Path) -> None:
    home = find_paths().config
    home.mkdir()
    (home / "cache").write_text("a file, where a folder should be", encoding="utf-8")
    assert "note" in domain_names(command_table())


def test_strict_makes_a_problem_an_error_also_from_the_cache(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    install("broken", "import no_such_library\n")
    assert command_table().problems
    monkeypatch.setenv("DALLE_KIT_STRICT_PLUGINS", "1")
    with pytest.raises(PluginError, match="no_such_library"):
        command_table()


def test_a_required_plugin_that_is_missing_does_not_hide_the_commands(
    note: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DALLE_KIT_PLUGINS_REQUIRE", "guard")
    assert "note" in domain_names(rebuild_table())


def test_broken_settings_are_an_error(note: Path) -> None:
    settings = find_paths().settings
    settings.parent.mkdir(parents=True)
    settings.write_text("model = ", encoding="utf-8")
    with pytest.raises(ConfigError):
        command_table()


def test_reading_it_imports_no_plugin_and_nothing_heavy(note: Path, site: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from dalle_kit.command_table import command_table; print(len(command_table().domains));"
        "heavy = {'torch', 'transformers', 'pydantic', 'jinja2', 'pluggy', 'importlib.metadata', 'plugin_notes_kit'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(site)}
    runs = [
        subprocess.run(
            [sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout.split("\n")
        for _ in range(2)
    ]
    assert runs[0][0] == runs[1][0] != "0"
    assert "plugin_notes_kit" in runs[0][1]
    assert runs[1][1] == "[]"
