"""What a command has written goes into the history, as far as the setting ``history`` says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dalle_kit.cli.by_server import ServedDocument
from dalle_kit.cli.common import say
from dalle_kit.errors import DalleKitError

if TYPE_CHECKING:
    from dalle_kit.records import Document


@contextmanager
def kept(document: Document | ServedDocument, *, format: str | None) -> Iterator[None]:
    """Record a finished document once the block has given it out, or failed to; None is the format ``--json``.

    Where the history cannot be written, a line says so, and the command goes on.
    """
    try:
        yield
    finally:
        try:
            _keep(document, format or "json")
        except DalleKitError as error:
            fix = "or keep none: dalle-kit config set history off"
            say(f"warning: this text is not in the history: {error}, {fix}", err=True)


def _keep(document: Document | ServedDocument, format: str) -> None:
    wanted = document.history if isinstance(document, ServedDocument) else _setting()
    if wanted != "off":
        from dalle_kit.history import History

        History().add(document.as_dict(), text=wanted == "texts", format=format)


def _setting() -> str:
    from dalle_kit.config import load_settings

    return load_settings().history
