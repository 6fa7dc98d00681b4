"""Making folders one at a time: in a partial folder, under a lock, renamed into place when they are whole."""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dalle_kit.models import disk
from dalle_kit.models.spec import Progress


class Workshop:
    """Folders by name below ``root``; several processes and threads may work at once."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @contextmanager
    def locked(self, name: str, shown: str, progress: Progress) -> Iterator[None]:
        """Work on a folder alone; others wait, and ``progress`` hears of it with the name that is shown.

        What a process that was killed left behind is removed.
        """
        import filelock

        locks = self.root / ".locks"
        locks.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(locks / f"{name}.lock")
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            progress(f"waiting for another process that is working on {shown}", 0, None)
            lock.acquire(poll_interval=0.1)
        try:
            for folder in self.root.glob(f".partial-{name}@*"):
                shutil.rmtree(folder, ignore_errors=True)
            yield
        finally:
            lock.release()

    def partial(self, name: str) -> Path:
        """Return a new place, not made yet, for what is to become the folder ``name``."""
        return self.root / f".partial-{name}@{uuid.uuid4().hex[:8]}"

    def put_in_place(self, made: Path, name: str) -> None:
        """Have the disk write a finished folder down and rename it to its place; a damaged one that is there goes."""
        disk.sync_tree(made)
        final, aside = self.root / name, self.partial(name)
        if final.exists():
            _patiently(lambda: final.rename(aside))
            shutil.rmtree(aside, ignore_errors=True)
        _patiently(lambda: made.rename(final))
        disk.sync_folder(self.root)


def _patiently(rename: Callable[[], object]) -> None:
    """Rename, and try again for a second: on Windows a virus scanner may hold a file that was just written."""
    for attempt in range(10):
        try:
            rename()
            return
        except PermissionError:
            if attempt == 9:
                raise
            time.sleep(0.1)
