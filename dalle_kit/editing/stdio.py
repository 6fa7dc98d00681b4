"""The two ends of the protocol: stdin, read within limits, and stdout, which nothing else can reach."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from typing import BinaryIO

#: A message may have so many bytes; of a larger one nothing is kept.
LARGEST_MESSAGE = 64 * 2**20

_LONGEST_HEADER = 64 * 1024
_CHUNK = 2**20

#: Found behind whatever a message before it has left, so that one with a wrong length costs no other.
_LENGTH = re.compile(rb"Content-Length[ \t]*:[ \t]*([0-9]{1,12})[ \t]*\r?\n\Z", re.IGNORECASE)


class Inbox:
    """Messages from stdin, as pygls reads them."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readline(self) -> bytes:
        """Return a line of a header, the length in the one form that is understood."""
        line = self._stream.readline(_LONGEST_HEADER)
        found = _LENGTH.search(line)
        return b"Content-Length: %d\r\n" % int(found[1]) if found else line

    def read(self, count: int) -> bytes:
        """Return so many bytes; of too many none, but JSON that is no message."""
        if count <= LARGEST_MESSAGE:
            return self._stream.read(count)
        while count > 0 and (part := self._stream.read(min(count, _CHUNK))):
            count -= len(part)
        return b"[]"


class Outbox:
    """Messages to stdout; where nobody reads them any more they are lost, and the end of stdin ends the server."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, data: bytes) -> None:
        """Send bytes."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(data)

    def flush(self) -> None:
        """Send what is not yet sent."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()

    def close(self) -> None:
        """Send no more."""
        with contextlib.suppress(OSError):
            self._stream.close()


def take_stdio() -> tuple[Inbox, Outbox]:
    """Return both ends; what prints on stdout from now on prints on stderr."""
    sys.stdout.flush()
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return Inbox(sys.stdin.buffer), Outbox(out)
