"""Small disks, as real as they can be: what is full is said by the system."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """Mount a disk of a size such as "1m" at an empty folder; where that may not be, the test is skipped."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if sys.platform != "linux" or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("may not mount a small disk here")
    try:
        yield folder
    finally:
        # Lazily: a library that was loaded from it keeps it.
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
