"""Places and names that lead out of where they belong, or are none."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dalle_kit.cli.main import main
from dalle_kit.config import load_settings
from dalle_kit.errors import ConfigError, DalleKitError, ExampleError, ModelError, OutputError, PluginError
from dalle_kit.examples import ExampleStore, Found
from dalle_kit.files import write_atomically
from dalle_kit.models.hub import parse_hub
from dalle_kit.models.manifest import folder_name
from dalle_kit.models.registry import Registry
from dalle_kit.scaffold import new_plugin
from dalle_kit.templating.sources import is_safe

#: Names that have led out of folders, ended strings, or that a system keeps for itself.
NAMES = [
    "../x", "..", ".", "", "/etc/x", "a/../../x", "..\\x", "C:\\x", "C:x", "\\\\host\\x", "~/x",
    "~nobody/x", "x\0y", "x\ny", "x\x1b[31m",
    "import os", "class", "con", "nul", "aux", "lpt1", "a" * 300, "é", "\u202etxt.exe", '"""', "x'; import os; '",
    "{{ x }}", "@name@", "%s", "-o", "--force", " x", "x.", "\ud800",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["domain", "hook"])
def test_a_plugin_is_made_under_no_name_that_leads_elsewhere_or_is_code(name: str, kind: str) -> None:
    try:
        made = new_plugin(name, kind=kind)  # type: ignore[arg-type]
    except PluginError as error:
        assert "\n" not in str(error)
        return
    assert name in ("class", "con", "nul", "aux", "lpt1")  # parts of longer names: dalle-kit-con is one like any other
    assert made.distribution == f"dalle-kit-{name}"
    for path, text in made.files.items():
        assert is_safe(path)
        if path.endswith(".py"):
            compile(text, path, "exec")


@given(st.text(max_size=30))
def test_whatever_name_a_plugin_has_its_files_compile(name: str) -> None:
    try:
        made = new_plugin(name, kind="domain")
    except PluginError:
        return
    for path, text in made.files.items():
        assert is_safe(path)
        if path.endswith(".py"):
            compile(text, path, "exec")


@pytest.mark.parametrize("name", NAMES)
def test_a_set_of_examples_has_no_name_that_leads_elsewhere(tmp_path: Path, name: str) -> None:
    store = ExampleStore(tmp_path / "home" / "examples")
    try:
        store.add(name, [Found(text="Hello there.", kind="text", origin="x")])
    except ExampleError as error:
        assert "\n" not in str(error)
    inside = [path.relative_to(tmp_path).parts[:2] for path in tmp_path.rglob("*") if path.is_file()]
    assert set(inside) <= {("home", "examples")}
    assert not store.has("../examples")


@given(st.text(max_size=80))
@settings(suppress_health_check=[HealthCheck.filter_too_much])
def test_a_models_folder_is_one_name_on_every_system(name: str) -> None:
    try:
        folder = folder_name(name)
    except UnicodeEncodeError:
        return  # half a character: no argument of a command and no JSON has one
    assert is_safe(folder) and len(folder) < 80 and not folder.startswith((".", "-")) and folder == folder.lower()


@pytest.mark.parametrize("name", [*NAMES, "hub:../../x", "hub:a/b/c", "hub:-x/y", "hub:a/..", "hub:a/b@../x", "hub:"])
def test_a_models_name_fetches_nothing_from_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("DALLE_KIT_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DalleKitError):
        Registry().ensure(name)
    if name.startswith("hub:"):
        with pytest.raises(ModelError):
            parse_hub(name)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_aliases_that_lead_to_each_other_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DALLE_KIT_HOME", str(tmp_path))
    names = {f"a{number}": f"a{number + 1}" for number in range(2_000)} | {"a2000": "a0"}
    with pytest.raises(ModelError, match="leads back to itself"):
        Registry(aliases=names).resolve("a0")


def test_a_document_is_written_where_it_was_asked_to_go_and_nowhere_else(tmp_path: Path) -> None:
    target, link, broken = tmp_path / "target.txt", tmp_path / "link.txt", tmp_path / "broken.txt"
    target.write_bytes(b"mine")
    link.symlink_to(target)
    broken.symlink_to(tmp_path / "nowhere.txt")
    for place in (target, link, broken, tmp_path, tmp_path / "no" / "x.txt", tmp_path / ("a" * 300), tmp_path / "x\0y"):
        with pytest.raises(OutputError) as caught:
            write_atomically(place, b"new")
        assert "\n" not in str(caught.value)
    assert target.read_bytes() == b"mine" and not (tmp_path / "nowhere.txt").exists()
    write_atomically(link, b"new", force=True)
    assert link.is_symlink() and target.read_bytes() == b"new"
    circle = tmp_path / "circle"
    circle.symlink_to(circle)
    with pytest.raises(OutputError):
        write_atomically(circle, b"new", force=True)
    assert not list(tmp_path.glob(".*.part"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_full_device_is_an_error_of_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(OutputError, match="the disk is full"):
        write_atomically(Path("/dev/full"), b"x" * 10_000)
    store = ExampleStore()
    store.add("mine", [Found(text="Hello there.", kind="text", origin="x")])
    assert main(["examples", "export", "mine", "-o", "/dev/full"]) == 2
    assert capsys.readouterr().err == "Error: cannot write /dev/full: the disk is full\n"
    store.remove("mine")


#: Settings that are no TOML, that nest or repeat without end, or hold what no setting is.
SETTINGS = [
    b"[" * 20_000, b"x = " + b"[" * 20_000 + b"]" * 20_000, b"x = " + b"{a=" * 2_000, b"a." * 2_000 + b"b = 1",
    b"model = '''" + b"a" * 100_000, b"threads = " + b"9" * 5_000, b"threads = nan", b"threads = -1", b"model = 1",
    b"model = \"x\"\nmodel = \"y\"", b"\xff\xfe", b"\0", b"aliases = 1", b"[aliases]\nx = [1]",
    b"[identity.sender]\nx = 1", b"model = \"\x1b[31m\"", b"__class__ = 1", b"[plugins]\nrequire = \"x\"",
    b"date = 9999-99-99",
]  # fmt: skip


@pytest.mark.parametrize("content", SETTINGS)
def test_settings_that_are_none_are_an_error_of_one_line(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_settings({}, file=file)
    assert len(str(caught.value)) < 2_000


@given(st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_settings_or_an_error(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(content)
    try:
        load_settings({}, file=file)
    except ConfigError:
        pass


def test_a_settings_file_that_is_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "config.toml").mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings({}, file=tmp_path / "config.toml")
