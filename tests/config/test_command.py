"""The ``config`` and ``doctor`` commands."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from dalle_kit.cli.main import main
from dalle_kit.config import Settings

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("DALLE_KIT_HOME", str(folder))
    return folder


@pytest.fixture
def run(home: Path, capfd: pytest.CaptureFixture[str]) -> Run:
    def command(*arguments: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = main(arguments)
        return code, *capfd.readouterr()

    return command


def test_set_get_list_unset(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("config", "set", "identity.sender", "Tom Ü") == (0, "", "")
    assert run("config", "get", "identity.sender") == (0, "Tom Ü\n", "")
    assert run("config", "set", "plugins.disabled", "a, b")[0] == 0
    assert run("config", "get", "plugins.disabled")[1] == "a, b\n"
    monkeypatch.setenv("DALLE_KIT_MODEL", "other")
    listed = json.loads(run("config", "list", "--json")[1])
    assert listed["identity.sender"] == {"value": "Tom Ü", "origin": str(home / "config.toml")}
    assert listed["model"] == {"value": "other", "origin": "DALLE_KIT_MODEL"}
    assert listed["plugins.disabled"]["value"] == ["a", "b"]
    assert [line.split()[0] for line in run("config")[1].splitlines()] == list(listed)
    assert run("config", "unset", "identity.sender") == (0, "", "")
    assert run("config", "unset", "identity.sender")[2] == "identity.sender was not in the settings file\n"
    assert json.loads(run("config", "unset", "plugins.disabled", "--json")[1])["removed"] is True


def test_set_says_when_a_variable_is_stronger(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DALLE_KIT_DEVICE", "cpu")
    code, out, err = run("config", "set", "device", "auto")
    assert (code, out) == (0, "")
    assert err == "Note: DALLE_KIT_DEVICE is set and stronger than the settings file\n"


@pytest.mark.parametrize("key", ["model", "aliases.mine"])
def test_set_says_when_there_is_no_such_model_and_keeps_it_all_the_same(run: Run, key: str) -> None:
    code, out, err = run("config", "set", key, "smolm2-135m")
    assert (code, out, err.count("\n")) == (0, "", 1)
    assert err.startswith("Note: it is kept, and") and "did you mean 'smollm2-135m'?" in err
    assert run("config", "get", key)[1] == "smolm2-135m\n"
    assert run("config", "set", key, "smollm2-360m") == (0, "", "")  # known, and fetched on its first use


def test_a_folder_that_is_set_as_the_model_is_kept_as_a_path_from_the_root(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "config.json").touch()
    (folder / "model.safetensors").touch()
    monkeypatch.chdir(tmp_path)
    assert run("config", "set", "model", "./mine") == (0, "", "")
    assert run("config", "get", "model")[1] == f"{folder}\n"


def test_set_says_when_no_domain_reads_it(run: Run) -> None:
    code, out, err = run("config", "set", "identity.name", "Tom")
    assert (code, out, err.count("\n")) == (0, "", 1)
    assert err.startswith("Note: no domain reads identity.name; they read address, byline, closing, sender")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("get", "modle"), "no setting named 'modle': did you mean 'model'"),
        (("get", "nope"), "choose from aliases.NAME, api_key, device, dtype, history, identity.NAME, model, plugins."),
        (("get", "identity.sender"), "identity.sender is not set; set it with: dalle-kit config set identity.sender"),
        (("set", "device", "gpu"), "device: input should be 'auto', 'cpu', 'cuda' or 'mps', got 'gpu'"),
        (("set", "modle", "x"), "did you mean 'model'"),
        (("set", "sender", "Tom"), "no setting named 'sender': did you mean 'identity.sender'?"),
        (("set", "identity.tone", "frm"), "no tone named 'frm': did you mean 'firm'?"),
        (("unset", "modle"), "did you mean 'model'"),
    ],
)
def test_wrong_use_is_one_line(run: Run, arguments: tuple[str, ...], message: str) -> None:
    code, out, err = run("config", *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err


def test_a_broken_file_is_one_line_and_path_still_works(run: Run, home: Path) -> None:
    home.mkdir()
    (home / "config.toml").write_text("model = x\n", encoding="utf-8")
    for arguments in (["list"], ["get", "model"], ["set", "model", "x"], ["unset", "model"]):
        code, out, err = run("config", *arguments)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert "is not valid TOML" in err
        assert "mend or remove it" in err
    assert run("config", "path") == (0, f"{home / 'config.toml'}\n", "")


def test_a_settings_folder_that_cannot_be_made(run: Run, home: Path) -> None:
    home.write_text("a file", encoding="utf-8")
    code, _, err = run("config", "set", "model", "x")
    assert code == 2
    assert "Error: " in err


def test_doctor_says_what_is_in_use(run: Run, home: Path) -> None:
    code, out, _ = run("doctor", "--json")
    found = json.loads(out)
    assert found["computing"]["device"] in ("cpu", "cuda", "mps")
    assert found["model"]["name"] == Settings().model
    assert found["model"]["state"].endswith(f"or with: dalle-kit models pull {Settings().model}")
    assert found["folders"]["config"] == found["folders"]["data"] == str(home)
    assert not home.exists()
    assert (code == 0) is (found["problems"] == []) is found["ok"]


@pytest.mark.parametrize(
    ("settings", "variable", "what", "fix"),
    [
        ("model = x", None, "is not valid TOML", "config path"),
        ("model = 'smolm2-135m'", None, "did you mean 'smollm2-135m'", "models list"),
        ("", "DALLE_KIT_MODLE", "the environment variable DALLE_KIT_MODLE names no setting", "dalle-kit config"),
        ("[plugins]\nrequire = ['redactor']", None, "redactor", "plugins check"),
    ],
)
def test_doctor_names_each_problem_and_its_fix(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch, settings: str, variable: str | None, what: str, fix: str
) -> None:
    home.mkdir()
    (home / "config.toml").write_text(settings, encoding="utf-8")
    if variable:
        monkeypatch.setenv(variable, "x")
    code, out, _ = run("doctor")
    assert code == 2
    lines = out.splitlines()
    advice = lines[[what in line for line in lines].index(True) + 1]
    assert advice.startswith("    fix: ")
    assert fix in advice
    assert "Folders" in out


@pytest.mark.parametrize(
    ("file", "text", "what", "fix"),
    [
        ("email/prompt.j2", "{% if %}", "prompt.j2:1: Expected an expression", "templates check email"),
        ("code.complete/document.j2", "{{ request.nme }}", "there is no field 'nme'", "check 'code complete'"),
    ],
)
def test_doctor_names_a_broken_template(run: Run, home: Path, file: str, text: str, what: str, fix: str) -> None:
    (home / "templates" / file).parent.mkdir(parents=True)
    (home / "templates" / file).write_text(text, encoding="utf-8")
    code, out, _ = run("doctor")
    lines = out.splitlines()
    place = [what in line for line in lines].index(True)
    assert code == 2 and str(home) in lines[place]
    assert lines[place + 1].startswith("    fix: mend the file, or remove it; then: ") and fix in lines[place + 1]


@pytest.mark.parametrize("file", ["tokenizer.json", "model.safetensors"])
def test_doctor_names_a_damaged_file_of_the_model(run: Run, tmp_path: Path, file: str) -> None:
    from safetensors.numpy import save_file

    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "gpt2"}', encoding="utf-8")
    save_file({}, folder / "model.safetensors")
    (folder / file).write_bytes(b"\xff" * 50)
    assert run("config", "set", "model", str(folder))[0] == 0
    code, out, _ = run("doctor")
    assert code == 2 and f"{file} cannot be read" in out and "copy or save the model anew" in out


def test_doctor_notices_that_the_weights_are_no_longer_what_was_written(
    run: Run, home: Path, default_model_home: Path
) -> None:
    model = home / "models" / Settings().model
    shutil.copytree(default_model_home / "models" / Settings().model, model)
    assert "is damaged" not in run("doctor")[1]
    with (model / "model.panels.safetensors").open("r+b") as file:
        file.seek(100_000_000)
        file.write(b"\x01\x02\x03\x04")
    code, out, _ = run("doctor")
    assert code == 2 and "model.panels.safetensors is damaged: it is not what was written" in out
    assert f"dalle-kit models remove {Settings().model}" in out


def test_doctor_names_a_folder_that_is_a_file_and_goes_on(run: Run, home: Path) -> None:
    home.write_text("a file", encoding="utf-8")
    code, out, _ = run("doctor")
    assert code == 2
    assert out.count(f"the folder {home} cannot be written to: {home} is a file") == 1  # though it is two of them
    assert "Computing" in out
