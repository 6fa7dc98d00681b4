"""The provisional document, shown on a terminal while it is written and gone when it is finished."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from dalle_kit.cli.common import console, harmless, is_terminal
from dalle_kit.cli.interruption import stop_if_interrupted

if TYPE_CHECKING:
    from rich.text import Text

#: Seconds between two drawings; a terminal shows no more, and drawing takes time from generating.
_INTERVAL = 0.08


Written = TypeVar("Written", covariant=True)


class Preview(Protocol):
    """Something that is shown each piece of the provisional document."""

    def add(self, piece: str) -> None:
        """Show a further piece."""


class _NoPreview:
    def add(self, piece: str) -> None:
        """Show nothing."""


class Stream(Protocol[Written]):
    """A document while it is written, in this process or by a server."""

    def __iter__(self) -> Iterator[str]:
        """Yield the pieces of the provisional text."""

    @property
    def is_finished(self) -> bool:
        """Whether the document is there."""

    @property
    def document(self) -> Written:
        """The finished document."""

    def close(self) -> None:
        """Stop the writing."""


def take_document(stream: Stream[Written], *, quiet: bool) -> Written:
    """Generate the document, showing it while it is written.

    An interruption stops the generation; one that comes when only repairs are left gives the document as it is then.
    """
    try:
        with preview(wanted=not quiet) as shown:
            for piece in stream:
                stop_if_interrupted()
                shown.add(piece)
    except KeyboardInterrupt:
        if not stream.is_finished:
            raise
    finally:
        stream.close()
    return stream.document


@contextmanager
def preview(*, wanted: bool = True) -> Iterator[Preview]:
    """Give a preview that is drawn dim on stderr and erased at the end; it shows nothing where that is no terminal."""
    if not wanted or not is_terminal(sys.stderr):
        yield _NoPreview()
        return
    from rich.live import Live

    screen = console()
    with Live(console=screen, transient=True, auto_refresh=False, redirect_stdout=False) as live:
        yield _LivePreview(live)


class _LivePreview:
    def __init__(self, live: Any) -> None:
        self._live = live
        self._text = ""
        self._drawn_at = 0.0

    def add(self, piece: str) -> None:
        self._text += piece
        now = time.monotonic()
        if now - self._drawn_at >= _INTERVAL:
            self._drawn_at = now
            self._live.update(_tail(self._text, self._live.console), refresh=True)


def _tail(text: str, screen: Any) -> Text:
    """Return the end of a text that fits on the screen, one line left free for the cursor."""
    from rich.text import Text

    width, height = screen.size
    rows = max(1, height - 1)
    # No more characters than cells can be seen, so that a long text costs no more to draw than a short one.
    shown = Text(harmless(text[-width * rows :]), style="dim")
    lines = shown.wrap(screen, width)
    return Text("\n").join(lines[-rows:])
