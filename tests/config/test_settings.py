"""Defaults, file, environment: which value is in force, where it comes from, and what is refused."""

import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dalle_kit.config import (
    Settings,
    explain_settings,
    known_keys,
    load_settings,
    set_value,
    stray_variables,
    unset_value,
)
from dalle_kit.errors import ConfigError
from dalle_kit.paths import find_paths


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith("DALLE_KIT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DALLE_KIT_HOME", str(tmp_path / "home"))
    path = tmp_path / "home" / "config.toml"
    path.parent.mkdir()
    return path


def test_without_a_file_all_is_default(file: Path) -> None:
    assert load_settings({}) == Settings()
    assert {setting.origin for setting in explain_settings({}).values()} == {"default"}


def test_the_environment_is_stronger_than_the_file(file: Path) -> None:
    file.write_text('model = "a"\ndevice = "cpu"\n[identity]\nsender = "Tom"\n', encoding="utf-8")
    environ = {"DALLE_KIT_MODEL": "b", "DALLE_KIT_IDENTITY_REPLY_TO": "x", "DALLE_KIT_PLUGINS_REQUIRE": "p, q"}
    loaded = load_settings(environ)
    assert (loaded.model, loaded.device) == ("b", "cpu")
    assert loaded.identity == {"sender": "Tom", "reply_to": "x"}
    assert loaded.plugins.require == ("p", "q")
    origins = {key: setting.origin for key, setting in explain_settings(environ).items()}
    assert origins["model"] == "DALLE_KIT_MODEL"
    assert origins["device"] == origins["identity.sender"] == str(file)
    assert origins["identity.reply_to"] == "DALLE_KIT_IDENTITY_REPLY_TO"
    assert origins["dtype"] == "default"


def test_an_empty_variable_counts_as_not_set(file: Path) -> None:
    assert load_settings({"DALLE_KIT_MODEL": "", "DALLE_KIT_THREADS": ""}) == Settings()


def test_misspelt_variables_are_found_and_ignored(file: Path) -> None:
    environ = {"DALLE_KIT_MODLE": "x", "DALLE_KIT_HOME": "h", "DALLE_KIT_THREADS": "2", "DALLE_KIT_PLUGINS_X": "y"}
    assert load_settings(environ).threads == 2
    assert stray_variables(environ) == ("DALLE_KIT_MODLE", "DALLE_KIT_PLUGINS_X")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = 1\nmodel = x", r"is not valid TOML: .*line 2.*mend or remove it"),
        ("[" * 5000, "is not valid TOML"),
        ("modle = 'x'", "no setting named 'modle': did you mean 'model'.*config unset modle"),
        ("[plugins]\nrequired = []", r"no setting named 'plugins\.required': did you mean 'plugins\.require'"),
        ("model = 3", "model: input should be a valid string, got 3"),
        ("model = ''", "model: .*at least 1 character"),
        ("device = 'gpu'", "device: input should be 'auto', 'cpu', 'cuda' or 'mps', got 'gpu'"),
        ("threads = -1", "threads: .*greater than or equal to 0, got -1"),
        ("identity = 'Tom'", "identity: "),
        ("[identity]\nsender = 3", r"identity\.sender: "),
    ],
)
def test_a_broken_file_is_one_line_with_the_fix(file: Path, text: str, message: str) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message) as caught:
        load_settings({"DALLE_KIT_IDENTITY_SENDER": "x"})
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_text_or_not_a_file(file: Path) -> None:
    file.write_bytes(b"model = '\xff'")
    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        load_settings({})
    file.unlink()
    file.mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings({})


@pytest.mark.parametrize(("name", "text"), [("THREADS", "four"), ("THREADS", "-1"), ("DEVICE", "gpu")])
def test_a_wrong_variable_is_named(file: Path, name: str, text: str) -> None:
    with pytest.raises(ConfigError, match=f"the environment variable DALLE_KIT_{name}: {name.lower()}: .*'{text}'"):
        load_settings({f"DALLE_KIT_{name}": text})


def test_byte_order_mark_and_crlf_are_read(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbfmodel = 'a'\r\ndevice = 'cpu'\r\n")
    assert load_settings({}).device == "cpu"
    set_value("threads", "3")
    assert load_settings({}).threads == 3


def test_set_creates_the_folder_and_keeps_comments(file: Path) -> None:
    file.parent.rmdir()
    set_value("threads", "4")
    assert tomllib.loads(file.read_text(encoding="utf-8")) == {"threads": 4}
    file.write_text("# mine\n[identity] # me\nsender = 'Tom'  # name\n", encoding="utf-8")
    set_value("model", "big")
    set_value("identity.sender", "Ana")
    set_value("plugins.disabled", "a,b")
    text = file.read_text(encoding="utf-8")
    assert "# mine" in text
    assert "# name" in text
    assert tomllib.loads(text) == {"identity": {"sender": "Ana"}, "model": "big", "plugins": {"disabled": ["a", "b"]}}


@pytest.mark.parametrize(
    ("key", "text", "message"),
    [
        ("modle", "x", "no setting named 'modle': did you mean 'model'"),
        ("identity", "x", "no setting named 'identity'"),
        ("identity.", "x", "no setting named"),
        ("identity.a.b", "x", "no setting named"),
        ("threads", "many", "threads: input should be a valid integer"),
        ("threads", "²", "threads: "),
        ("device", "gpu", "'cuda' or 'mps', got 'gpu'"),
        ("model", "", "model: "),
    ],
)
def test_set_refuses_and_leaves_the_file(file: Path, key: str, text: str, message: str) -> None:
    file.write_text("model = 'a'\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        set_value(key, text)
    assert file.read_text(encoding="utf-8") == "model = 'a'\n"


def test_set_mends_the_value_it_sets_and_names_another_that_is_wrong(file: Path) -> None:
    file.write_text("device = 'gpu'\n", encoding="utf-8")
    set_value("device", "cpu")
    assert load_settings({}).device == "cpu"
    file.write_text("modle = 'x'\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="config unset modle"):
        set_value("device", "cpu")
    assert unset_value("modle")
    assert load_settings({}) == Settings()


def test_unset_says_whether_it_was_there(file: Path) -> None:
    assert not unset_value("model")
    file.write_text("model = 'a'\n[identity]\nsender = 'Tom'\n", encoding="utf-8")
    assert unset_value("identity.sender")
    assert not unset_value("identity.sender")
    assert not unset_value("plugins.require")
    assert unset_value("model")
    assert load_settings({}) == Settings()
    with pytest.raises(ConfigError, match="did you mean 'model'"):
        unset_value("modle")


def test_the_last_of_dotted_keys_can_be_unset(file: Path) -> None:
    file.write_text("identity.sender = 'Tom'\n", encoding="utf-8")
    assert unset_value("identity.sender")
    assert file.read_text(encoding="utf-8") == ""


names = st.text(st.characters(codec="utf-8", exclude_characters="."), min_size=1)
texts = st.text(st.characters(codec="utf-8"))
starts = st.sampled_from(
    [
        "",
        "# c\n",
        "model = 'm'\n[aliases]\na = 'b'\n",
        "identity.x = 'y'\n",
        "identity = {x = 'y'}\n",
        "[identity]\n\n[plugins]\n",
    ]
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(start=starts, pairs=st.dictionaries(names, texts, max_size=3))
def test_whatever_is_set_is_read_back_and_can_be_unset(file: Path, start: str, pairs: dict[str, str]) -> None:
    file.write_text(start, encoding="utf-8")
    before = load_settings({})
    for name, text in pairs.items():
        set_value(f"identity.{name}", text)
    assert load_settings({}).identity == {**before.identity, **pairs}
    for name in pairs:
        assert unset_value(f"identity.{name}")
    assert load_settings({}).aliases == before.aliases


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.binary() | st.text(st.sampled_from("model='\"[]{}#\n=.,12\\")).map(str.encode))
def test_any_file_is_read_or_refused(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    try:
        load_settings({})
    except ConfigError as error:
        assert "\n" not in str(error)


def test_known_keys_cover_all_settings() -> None:
    assert set(known_keys()) >= {"model", "device", "dtype", "threads", "identity.NAME", "plugins.require"}


def test_one_variable_moves_all_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DALLE_KIT_HOME", str(tmp_path))
    paths = find_paths()
    assert paths.settings == tmp_path / "config.toml"
    assert {paths.templates.parent, paths.models.parent, paths.cache.parent} == {tmp_path}
    monkeypatch.setenv("DALLE_KIT_HOME", "")
    assert find_paths().data != tmp_path


def test_a_home_of_nobody_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DALLE_KIT_HOME", "~no-such-user-here/x")
    with pytest.raises(ConfigError, match="DALLE_KIT_HOME"):
        find_paths()


@pytest.mark.parametrize("name", ["api_key", "remote_key"])
def test_a_key_stands_in_no_error_and_no_repr(name: str, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(f"{name} = 20261129\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=name) as caught:
        load_settings({}, file=file)
    assert "20261129" not in str(caught.value)
    assert "20261129" not in repr(Settings(**{name: "20261129"}))
