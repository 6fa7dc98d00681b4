"""Compiling the C step, once for a machine: a library in the cache folder."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import platform
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from dalle_kit.errors import ModelError, OutputError
from dalle_kit.files import write_atomically
from dalle_kit.models.spec import Progress, silent
from dalle_kit.paths import find_paths

_SOURCE = Path(__file__).with_name("step.c")
_COMPILERS = ("cc", "gcc", "clang")
_NO_COMPILER = "there is no C compiler (cc, gcc or clang); install one for texts several times as fast"
_FLAGS = ("-O3", "-std=gnu11", "-shared", "-fPIC", "-pthread")
#: What tells a compiler to use all that this processor can do; not all know the same. On x86 gcc only tunes with -mcpu;
#: on ARM it tunes with nothing else, and older clang knows nothing else.
_FOR_THIS_PROCESSOR = ("-march=native", "-mcpu=native", "")
_FOR_THIS_ARM = ("-mcpu=native", "-march=native", "")
_SECONDS = 120
#: Bytes that a library and what the compiler writes beside it surely fit into.
_ROOM = 2 << 20


class CompileError(ModelError):
    """The C step cannot be compiled here; everything works without it, only slower.

    ``is_known`` says that this was found out earlier.
    """

    def __init__(self, message: str, *, is_known: bool = False) -> None:
        super().__init__(message)
        self.is_known = is_known


def load_library(*, progress: Progress = silent) -> ctypes.CDLL:
    """Return the library, compiled now if it is not in the cache folder or not as it was written.

    Raises CompileError where there is no compiler or it fails. That is remembered: a compiler that failed is tried
    again only by ``compile_library``.
    """
    library = _library_path()
    if _is_whole(library):
        try:
            return _load(library)
        except CompileError:  # made for another system's C library, by a machine that shares the folder
            with contextlib.suppress(OSError):
                library.unlink()
    failure = _known_failure(library)
    if failure is not None:
        raise CompileError(failure, is_known=True)
    return _load(compile_library(progress=progress))


def describe_library() -> str:
    """Say whether the C step is compiled on this machine, or why it cannot be; compiles nothing."""
    library = _library_path()
    if _is_whole(library):
        return "compiled"
    return _known_failure(library) or "not compiled yet; it is on first use"


def compile_library(*, progress: Progress = silent) -> Path:
    """Compile the library anew and return its path. Raises CompileError."""
    library = _library_path()
    progress("compiling for this processor", 0, None)
    try:
        library.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".", dir=library.parent) as folder:
            partial = Path(folder, library.name)
            # A disk that is full, or may not be written to, is no fault of the compiler: that is not remembered.
            partial.write_bytes(bytes(_ROOM))
            partial.unlink()
            _compile(partial)
            _load(partial)
            digest = library.with_suffix(".sha256")
            digest.unlink(missing_ok=True)
            partial.replace(library)
            digest.write_text(_hash(library), encoding="utf-8")
        library.with_suffix(".failed").unlink(missing_ok=True)
    except CompileError as error:
        with contextlib.suppress(OutputError):
            write_atomically(library.with_suffix(".failed"), str(error).encode(), force=True)
        raise
    except OSError as error:
        raise CompileError(f"the C step cannot be compiled into {library.parent}: {error.strerror}") from error
    return library


def identify_library(library: ctypes.CDLL) -> tuple[str, str]:
    """Return what tells a library's results from another's: its name, which is of the processor, and its hash."""
    file = Path(library._name)
    return file.name, _hash(file)


def _known_failure(library: Path) -> str | None:
    """Return why a library could not be compiled, None where that was not tried or there is a compiler since."""
    try:
        failure = library.with_suffix(".failed").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return None if failure == _NO_COMPILER and _compiler() is not None else failure


def _compiler() -> str | None:
    return os.environ.get("CC") or next(filter(shutil.which, _COMPILERS), None)


def _compile(target: Path) -> None:
    if os.name == "nt":
        raise CompileError("the C step is compiled on Linux and macOS only")
    compiler = _compiler()
    if compiler is None:
        raise CompileError(_NO_COMPILER)
    problem = ""
    for flag in _FOR_THIS_ARM if platform.machine() in ("aarch64", "arm64") else _FOR_THIS_PROCESSOR:
        command = [*compiler.split(), *_FLAGS, *flag.split(), "-o", str(target), str(_SOURCE), "-lm"]
        try:
            code, told = _run(command, folder=target.parent)
        except OSError as error:
            raise CompileError(f"the C compiler {compiler} cannot be run: {error}") from error
        except subprocess.TimeoutExpired as error:
            raise CompileError(
                f"the C compiler {compiler} took more than {_SECONDS} seconds; `dalle-kit models optimize` tries again"
            ) from error
        if code == 0 and target.exists():
            return
        lines = [line for line in told.splitlines() if "error" in line] or told.splitlines()
        problem = problem or (lines[0] if lines else f"exit code {code}")
    raise CompileError(f"the C compiler {compiler} failed: {problem[:200]}")


def _run(command: Sequence[str], *, folder: Path) -> tuple[int, str]:
    """Run a compiler, its temporary files in a folder; return its exit code and what it said of errors."""
    environment = {**os.environ, "TMPDIR": str(folder)}
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment, process_group=0, errors="replace"
    ) as process:
        try:
            _, told = process.communicate(timeout=_SECONDS)
        except BaseException:
            with contextlib.suppress(OSError):  # it may just have ended
                os.killpg(process.pid, signal.SIGKILL)  # what it has started would go on without it
            raise
    return process.returncode, told


def _load(library: Path) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(str(library))
    except OSError as error:
        raise CompileError(f"the compiled C step cannot be loaded: {error}") from error


def _library_path() -> Path:
    key = "\0".join((_SOURCE.read_text(encoding="utf-8"), *_FLAGS, os.environ.get("CC", ""), _processor()))
    return find_paths().cache / "native" / f"step-{hashlib.sha256(key.encode()).hexdigest()[:16]}.so"


def _processor(described: Path = Path("/proc/cpuinfo")) -> str:
    """Return what a library compiled for this processor may rely on: another one must not load it."""
    try:
        lines = described.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    features = next((line for line in lines if line.startswith(("flags", "Features"))), None)
    # Asked for only where it is needed: that starts a process.
    return f"{platform.system()} {platform.machine()} {features or _brand() or platform.processor()}"


def _brand() -> str:
    """Return what macOS calls the processor, of which Python says no more than "arm" or "i386"; empty elsewhere."""
    if platform.system() != "Darwin":
        return ""
    text, size = ctypes.create_string_buffer(256), ctypes.c_size_t(256)
    name = b"machdep.cpu.brand_string"
    failed = ctypes.CDLL(None).sysctlbyname(name, text, ctypes.byref(size), None, ctypes.c_size_t(0))
    return "" if failed else text.value.decode(errors="replace")


def _is_whole(library: Path) -> bool:
    """Say whether a library is as it was compiled: a cut one would bring the process down."""
    try:
        return library.with_suffix(".sha256").read_bytes() == _hash(library).encode()
    except OSError:
        return False


def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
