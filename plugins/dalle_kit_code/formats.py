"""The ways to write what was inserted."""

from __future__ import annotations

from typing import Any

from dalle_kit import Document, Format, RequestError
from dalle_kit_code.cursor import plain
from dalle_kit_code.diff import patch


def write_insertion(document: Document) -> str:
    """Return the inserted code alone."""
    return document.text


def write_file(document: Document) -> bytes:
    """Return the whole file, whose other parts are the bytes that they were."""
    return whole_text(document).encode("utf-8")


def write_diff(document: Document) -> bytes:
    """Return the change as a patch for ``git apply``."""
    place = document.request.place
    return patch(place.path, place.text, whole_text(document))


def whole_text(document: Document) -> str:
    """Return the file's text with the insertion in it."""
    text: str = document.request.cursor.insert(plain(document.text))
    return text


def _require_place(request: Any) -> None:
    if request.place is None:
        raise RequestError(
            "place: there is no file to write the function into; name one, e.g. shapes.py:12", field="place"
        )


def _require_path(request: Any) -> None:
    _require_place(request)
    if request.place.path is None:
        raise RequestError("place: a diff names a file; give one instead of stdin, e.g. shapes.py:12", field="place")


FORMATS = (
    Format("text", write_insertion, "the inserted code"),
    Format("diff", write_diff, "a patch for git apply", ".diff", "text/x-diff; charset=utf-8", require=_require_path),
    Format("file", write_file, "the whole file", "", "text/plain; charset=utf-8", require=_require_place),
)
