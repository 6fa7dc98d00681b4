"""What was made up for a set, kept so that the same is made up again for the texts of a later import.

Of what it stands for only a keyed hash is kept; the key is not in the set's folder. Without both, nobody can tell whom
a made-up name stands for; who has both can try names.
"""

from __future__ import annotations

import hmac
import secrets
import sqlite3
from contextlib import suppress
from pathlib import Path

from dalle_kit.errors import ExampleError, OutputError
from dalle_kit.examples.personal import ExampleRedactor
from dalle_kit.files import write_atomically
from dalle_kit.privacy import PersonalFinder

_KEY, _KEY_BYTES = ".made-up-key", 32
_TABLE = "CREATE TABLE IF NOT EXISTS made_up (kind TEXT, hash TEXT, made TEXT NOT NULL, PRIMARY KEY (kind, hash))"


class KeptRedactor(ExampleRedactor):
    """A redactor of the examples of one set; ``root`` is the folder of all sets."""

    def __init__(self, connection: sqlite3.Connection, root: Path, finder: PersonalFinder | None = None) -> None:
        key = _key(root / _KEY)
        connection.execute(_TABLE)
        rows = connection.execute("SELECT kind, hash, made FROM made_up ORDER BY rowid")
        self._kept = {(kind, hash): made for kind, hash, made in rows}
        super().__init__(finder, known=self._kept, hide=lambda text: _hidden(text, key))

    def keep(self, connection: sqlite3.Connection) -> None:
        """Write down what was made up."""
        rows = ((*thing, made) for thing, made in self._kept.items())
        connection.executemany("INSERT OR IGNORE INTO made_up VALUES (?, ?, ?)", rows)


def _hidden(text: str, key: bytes) -> str:
    return hmac.digest(key, text.encode("utf-8", "surrogatepass"), "sha256").hex()


def _key(file: Path) -> bytes:
    """Return the key of the user's sets, which is made the first time."""
    if not file.exists():
        with suppress(OutputError):  # another process has made it meanwhile; or reading it says what is wrong
            write_atomically(file, secrets.token_bytes(_KEY_BYTES))
            file.chmod(0o600)
    key = file.read_bytes()
    if len(key) != _KEY_BYTES:
        raise ExampleError(f"{file} is damaged; remove it, and what was made up before will be made up anew")
    return key
