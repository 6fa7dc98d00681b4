"""What templates begin with, as a model has read it: in the cache folder, for the processes that come after this one.

Each file is one text's attention cache. Its name is a hash of all that the numbers depend on, and it begins with a hash
of that and of the numbers: what is damaged, or of another model, is as if it were not there, and so is a folder that
cannot be read or written.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from collections.abc import Iterable, Sequence

import numpy as np

from dalle_kit.engine.native.pages import PAGE, CacheRow, Page
from dalle_kit.files import make_private_folder
from dalle_kit.paths import find_paths

#: So many files are kept, and so many bytes of them: those that were used last.
_FILES, _BYTES = 32, 256 * 2**20


class PrefixFiles:
    """The files of one model; ``numerics`` is all on which its keys and values depend, beside the tokens."""

    def __init__(self, numerics: tuple[object, ...], *, page_size: int) -> None:
        self._numerics, self._page_size = numerics, page_size
        self._folder = find_paths().cache / "prefixes"

    def load(self, tokens: Sequence[int]) -> CacheRow | None:
        """Return a row with these tokens, whole pages of them, None where there is no file of theirs that is whole."""
        key = self._key(tokens)
        file = self._folder / key
        pages = [Page(np.empty(self._page_size, dtype=np.float32)) for _ in range(len(tokens) // PAGE)]
        try:
            with file.open("rb") as opened:
                digest = opened.read(hashlib.sha256().digest_size)
                # Memory that is not filled may hold by chance what a cut file lacks.
                is_cut = any(opened.readinto(page.values.data) != page.values.nbytes for page in pages)
                is_longer = bool(opened.read(1))
        except OSError:
            return None
        if is_cut or is_longer or digest != _hash(key, pages):
            return None
        with contextlib.suppress(OSError):
            file.touch()
        return CacheRow(pages, len(tokens))

    def save(self, tokens: Sequence[int], pages: Sequence[Page]) -> None:
        """Write the pages of these tokens, whole pages of them, in place of what is there under their name."""
        if len(pages) * self._page_size * np.dtype(np.float32).itemsize > _BYTES:
            return
        key = self._key(tokens)
        partial = self._folder / f".{secrets.token_hex(8)}.part"
        try:
            make_private_folder(self._folder)
            # Nothing waits for the disk: what a power cut leaves half written is noticed by its hash.
            with partial.open("xb") as opened:
                opened.write(_hash(key, pages))
                for page in pages:
                    opened.write(page.values.data)
            partial.replace(self._folder / key)
            self._tidy()
        except OSError:
            return
        finally:
            with contextlib.suppress(OSError):
                partial.unlink()

    def _tidy(self) -> None:
        """Remove what was used longest ago, also what a process that was killed has left."""
        files = [(stat.st_mtime_ns, stat.st_size, file) for file in self._folder.iterdir() if (stat := file.stat())]
        size = 0
        for count, (_, bytes_of_it, file) in enumerate(sorted(files, reverse=True)):
            size += bytes_of_it
            if count >= _FILES or size > _BYTES:
                file.unlink(missing_ok=True)

    def _key(self, tokens: Sequence[int]) -> str:
        return hashlib.sha256(repr((self._numerics, PAGE, "float32", tuple(tokens))).encode()).hexdigest()


def _hash(key: str, pages: Iterable[Page]) -> bytes:
    hashed = hashlib.sha256(key.encode())
    for page in pages:
        hashed.update(page.values.data)
    return hashed.digest()
