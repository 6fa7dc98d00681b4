"""Whether a file still parses with what is inserted."""

from __future__ import annotations

from collections.abc import Iterable

from dalle_kit import Draft, Finding
from dalle_kit_code.cursor import plain
from dalle_kit_code.parsing import faults
from dalle_kit_code.request import CompleteRequest, FunctionRequest


def check(request: CompleteRequest | FunctionRequest, draft: Draft) -> Iterable[Finding]:
    """Yield a finding where the file does not parse with the insertion: an error if it did without it."""
    spot, cursor = request.spot, request.cursor
    before, after = cursor.plain_before, cursor.plain_after
    if not faults(before + plain(draft.text) + after, spot.language):
        return
    name = spot.language.name
    slot = next(iter(draft.texts), None)
    span = (0, len(draft.texts[slot])) if slot else None
    if faults(before + after, spot.language):
        yield Finding("syntax", "warning", f"this is no well-formed {name}, as the file was none before", slot, span)
    else:
        yield Finding("syntax", "error", f"with this the file is no well-formed {name} any more", slot, span)
