"""The files that git tracks in a folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from dalle_kit.errors import ExampleError

#: No hook, file watcher or setting of the repository's own may run a program.
_TAME = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}")
#: Objects that are missing would be fetched from where, and by the program that, the repository's settings name.
_OFFLINE = {
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
}


def is_repository(folder: Path) -> bool:
    """Say whether a folder is the top of a git repository's work tree."""
    return (folder / ".git").exists()


def is_within_repository(folder: Path) -> bool:
    """Say whether a folder is below the top of a git repository."""
    return any((parent / ".git").exists() for parent in folder.resolve().parents)


def tracked_files(folder: Path) -> Iterator[Path]:
    """Yield the files that git tracks in a repository, or in a folder of one, in git's order.

    Raises ExampleError where there is no git, or where git refuses the repository.
    """
    git = shutil.which("git")
    if git is None:
        raise ExampleError(f"{folder} is a git repository, and git is not installed; install it, or name the files")
    command = [git, "-C", str(folder), *_TAME, "ls-files", "-z", "--cached"]
    environment = {**os.environ, **_OFFLINE}
    run = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL, env=environment)
    if run.returncode:
        # Advice may follow, and warnings stand before.
        said = os.fsdecode(run.stderr).strip().splitlines() or ["it failed"]
        reason = next((line for line in said if line.startswith("fatal:")), said[-1])
        raise ExampleError(
            f"git cannot list the files of {folder} ({reason:.200}); see what `git -C {folder} status` advises, or "
            "name the files"
        )
    for name in run.stdout.split(b"\0"):
        if name:
            yield folder / os.fsdecode(name)
