"""Finding the record of a text that stands in a file without it: in the history, where texts are kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dalle_kit.errors import ConfigError, DalleKitError
from dalle_kit.history import History
from dalle_kit.recorded import Record, read_record
from dalle_kit.recording import fields_of
from dalle_kit.records import Document

if TYPE_CHECKING:
    from dalle_kit.kit import Kit

#: The texts written last are looked through, so many of them.
_MOST = 500


def record_of(content: bytes, kit: Kit, *, name: str) -> Record:
    """Return the record that a file holds, or the one in the history of the very text that it holds.

    ``name`` is the file's, for errors. Raises ConfigError where it is neither.
    """
    try:
        return read_record(content)
    except ConfigError as error:
        if content.lstrip()[:1] in (b"{", b"["):
            raise
        found = _in_history(content, kit)
        if found is None:
            raise ConfigError(
                f"{Path(name).name} has a text without its request, and the history keeps none of this very text; give "
                "the file of --json, or have texts kept from now on with 'dalle-kit config set history texts'"
            ) from error
        return found


def _in_history(content: bytes, kit: Kit) -> Record | None:
    wanted = content.strip()
    for entry in History().entries(limit=_MOST):
        kept = entry.document
        if kept is not None and wanted in (kept["text"].encode("utf-8").strip(), _rendered(kept, entry.format, kit)):
            return read_record(kept)
    return None


def _rendered(kept: Mapping[str, Any], format: str, kit: Kit) -> bytes | None:
    """Return a kept text as it was given out, None where it cannot be again."""
    try:
        formats = kit.plugins.formats(kept["domain"])
        read = read_record(kept)
        request = kit.plugins.domain(read.domain).parse(fields_of(read.request))
        document = Document(
            domain=read.domain,
            request=request,
            text=read.text,
            slots=read.slots,
            findings=(),
            provenance=read.provenance,
            formats=formats,
            asked=read.request,
        )
        rendered = document.render(format)
    except (DalleKitError, ValueError):
        return None
    return (rendered.encode("utf-8") if isinstance(rendered, str) else rendered).strip()
