"""What a server takes on at most."""

from __future__ import annotations

from dataclasses import dataclass

#: Bytes in a mebibyte.
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a server takes on.

    ``running`` requests are written at once and ``waiting`` more wait for their turn; ``seconds`` is the time that one
    may take, waiting included; ``body`` is the most bytes a request may have.
    """

    running: int = 16
    waiting: int = 64
    seconds: float = 300.0
    body: int = 4 * MEBIBYTE
