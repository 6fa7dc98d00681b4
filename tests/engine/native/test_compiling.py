"""The C step is compiled once, and what goes wrong with that costs nothing but speed."""

from __future__ import annotations

import logging
import multiprocessing
import multiprocessing.synchronize
import os
import select
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dalle_kit.engine.native import compiling
from dalle_kit.engine.native.compiling import CompileError, load_library
from dalle_kit.models.spec import StoredModel
from dalle_kit.records import GenerationOptions
from tests.disks import small_disk


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DALLE_KIT_HOME", str(tmp_path))
    return tmp_path / "cache" / "native"


@pytest.fixture(scope="module")
def library() -> Path:
    return Path(load_library()._name)


@pytest.fixture
def compiled(library: Path, cache: Path) -> Path:
    """A cache of one's own with the library in it."""
    cache.mkdir(parents=True)
    for file in (library, library.with_suffix(".sha256")):
        shutil.copy(file, cache)
    return cache / library.name


def test_it_is_compiled_once_and_then_loaded(cache: Path) -> None:
    told: list[str] = []
    load_library(progress=lambda what, done, total: told.append(what))
    [library] = cache.glob("*.so")
    before = library.stat().st_mtime_ns
    load_library(progress=lambda what, done, total: told.append(what))
    assert told == ["compiling for this processor"] and library.stat().st_mtime_ns == before


@pytest.mark.parametrize("kept", [0, 20_000])
def test_a_damaged_library_is_compiled_anew(
    compiled: Path, library: Path, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = compiled.read_bytes()
    compiled.unlink()
    compiled.write_bytes(whole[:kept])
    monkeypatch.setattr(compiling, "_compile", lambda target: shutil.copy(library, target))  # as it would come out
    load_library()
    assert len(compiled.read_bytes()) == len(whole)


def test_a_damaged_note_of_the_librarys_hash_is_no_fault_of_the_model(
    compiled: Path, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled.with_suffix(".sha256").write_bytes(b"\xff" * 64)
    assert compiling.describe_library().startswith("not compiled yet")
    monkeypatch.setattr(compiling, "_compile", lambda target: shutil.copy(library, target))
    load_library()
    assert compiling.describe_library() == "compiled"


@pytest.mark.parametrize(
    ("compiler", "reason"), [("/no/such/compiler", "cannot be run"), ("false", "failed"), ("true", "failed")]
)
def test_a_compiler_that_fails_is_asked_once(
    cache: Path, monkeypatch: pytest.MonkeyPatch, compiler: str, reason: str
) -> None:
    monkeypatch.setenv("CC", compiler)
    with pytest.raises(CompileError, match=reason) as first:
        load_library()
    with pytest.raises(CompileError, match=reason) as second:
        load_library()
    assert (first.value.is_known, second.value.is_known) == (False, True)
    assert not list(cache.glob("*.so")) and not list(cache.glob(".*"))


def test_without_any_compiler_the_error_names_the_remedy_which_helps(
    cache: Path, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(compiling, "_COMPILERS", ("no-such-compiler",))
    for is_known in (False, True):
        with pytest.raises(CompileError, match="install one") as found:
            load_library()
        assert found.value.is_known == is_known and compiling.describe_library() == str(found.value)
    monkeypatch.setattr(compiling, "_COMPILERS", ("sh",))
    monkeypatch.setattr(compiling, "_compile", lambda target: shutil.copy(library, target))
    assert "not compiled yet" in compiling.describe_library()
    assert load_library()._name.startswith(str(cache))


def test_without_a_compiler_texts_are_the_same_only_slower(
    compiled: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    default_model_path: Path,
) -> None:
    from dalle_kit.engine.engine import Engine  # Not needed by the processes below, and long in coming.

    options = GenerationOptions(max_tokens=12)
    stored = StoredModel(name="smollm2-135m", path=str(default_model_path))
    fast = Engine.load(stored, device="cpu").generate(["The library is open"], options)
    monkeypatch.setenv("CC", "false")
    with caplog.at_level(logging.WARNING):
        engines = [Engine.load(stored, device="cpu") for _ in range(2)]
    assert [record.getMessage().split(":")[0] for record in caplog.records] == ["texts are written more slowly"]
    assert engines[0].generate(["The library is open"], options)[0].text == fast[0].text


def test_on_arm_a_compiler_is_first_asked_for_what_clang_knows_there(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler, log = tmp_path / "clang", tmp_path / "log"
    compiler.write_text(
        f"""#!/bin/sh
        echo "$@" >> {log}
        case "$*" in *-march=native*) echo "error: clang does not support '-march=native'" >&2; exit 1; esac
        shift $(($# - 4))
        exec cc -shared -fPIC "$@"
        """,
        encoding="utf-8",
    )
    compiler.chmod(0o755)
    monkeypatch.setenv("CC", str(compiler))
    for machine, flags in (("arm64", ["-mcpu=native"]), ("x86_64", ["-march=native", "-mcpu=native"])):
        monkeypatch.setattr("platform.machine", lambda machine=machine: machine)
        log.unlink(missing_ok=True)
        compiling.compile_library()
        asked = log.read_text(encoding="utf-8").splitlines()
        assert [next(word for word in line.split() if word.endswith("=native")) for line in asked] == flags


@pytest.mark.skipif(sys.platform != "linux", reason="stands in for the C library of macOS")
def test_what_is_compiled_on_one_mac_is_not_loaded_on_another(tmp_path: Path) -> None:
    source, system = tmp_path / "system.c", tmp_path / "system.so"
    source.write_text(
        """
        #include <stdlib.h>
        #include <string.h>
        int sysctlbyname(const char *name, char *to, size_t *size, const void *new, size_t length) {
            if (strcmp(name, "machdep.cpu.brand_string") || *size < 16 || new || length) return -1;
            strcpy(to, getenv("BRAND"));
            return 0;
        }
        """,
        encoding="utf-8",
    )
    subprocess.run(["cc", "-shared", "-fPIC", "-o", system, source], check=True)
    code = """
import platform
from pathlib import Path
from dalle_kit.engine.native import compiling
platform.system, platform.machine, platform.processor = (lambda: "Darwin"), (lambda: "arm64"), (lambda: "arm")
print(compiling._processor(Path("/no/such/file")))
"""
    for brand in ("Apple M1", "Apple M4"):
        environment = {**os.environ, "LD_PRELOAD": str(system), "BRAND": brand}
        told = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert told.stdout == f"Darwin arm64 {brand}\n"


def test_a_folder_that_cannot_be_written_to_is_an_error_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be", encoding="utf-8")
    monkeypatch.setenv("DALLE_KIT_HOME", str(tmp_path))
    with pytest.raises(CompileError, match="cannot be compiled into"):
        load_library()


@pytest.mark.parametrize("disk", ["64k", "4m,ro"])
def test_a_disk_that_takes_nothing_is_known_before_the_compiler_is_run(
    cache: Path, library: Path, disk: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[str | Path] = []
    monkeypatch.setattr(compiling, "_compile", lambda target: compiled.append(shutil.copy(library, target)))
    with small_disk(cache, disk):
        with pytest.raises(CompileError, match=r"^[^\n]+$") as full:
            load_library()
        assert not full.value.is_known and not list(cache.iterdir()) and not compiled
        subprocess.run(["mount", "-o", "remount,rw,size=4m", str(cache)], check=True)
        assert load_library()._name.startswith(str(cache))


def test_a_disk_that_nothing_may_be_run_from_is_found_out_once(
    cache: Path, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[str | Path] = []
    monkeypatch.setattr(compiling, "_compile", lambda target: compiled.append(shutil.copy(library, target)))
    with small_disk(cache, "4m,noexec"):
        for is_known in (False, True):
            with pytest.raises(CompileError, match="cannot be loaded") as found:
                load_library()
            assert found.value.is_known == is_known
        assert len(compiled) == 1 and not list(cache.glob("*.so")) and not list(cache.glob(".*"))


def test_room_for_what_is_temporary_is_not_needed_elsewhere(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(tmp_path / "temporary", "16k") as full, small_disk(cache, "3m"):
        monkeypatch.setenv("TMPDIR", str(full))
        assert load_library()._name.startswith(str(cache))


def test_a_compiler_that_takes_too_long_is_ended_with_all_that_it_has_started(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mkfifo = getattr(os, "mkfifo", None) or pytest.skip("there are no such pipes here")
    pipe, compiler = tmp_path / "pipe", tmp_path / "compiler"
    mkfifo(pipe)
    compiler.write_text(f"#!/bin/sh\nsleep 60 > {pipe} &\nwait\n", encoding="utf-8")
    compiler.chmod(0o755)
    monkeypatch.setenv("CC", str(compiler))
    monkeypatch.setattr(compiling, "_SECONDS", 0.5)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(CompileError, match=r"took more than 0.5 seconds; .* tries again$"):
            load_library()
        ends = select.poll()
        ends.register(reader, select.POLLHUP)
        assert ends.poll(5000)  # nobody has the other end of the pipe
    finally:
        os.close(reader)


def _compile(start: multiprocessing.synchronize.Barrier) -> None:
    start.wait()
    compiling.load_library()


def test_processes_that_compile_at_once_leave_one_whole_library(cache: Path) -> None:
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(2)
    workers = [context.Process(target=_compile, args=(start,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert len(list(cache.glob("*.so"))) == 1 and not list(cache.glob(".*"))
    load_library()
