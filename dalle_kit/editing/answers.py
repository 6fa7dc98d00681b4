"""What is inserted, in the words of the protocol."""

from __future__ import annotations

import re

from lsprotocol import types

from dalle_kit.editing.positions import position_of

_WORD = re.compile(r"\w*\Z")


def inline_list(text: str, at: types.Range, *, before: str = "") -> types.InlineCompletionList:
    """Return an insertion as it is shown in the line itself; ``before`` is text of a list that it goes on from."""
    return types.InlineCompletionList([types.InlineCompletionItem(before + text, range=at)] if text else [])


def completion_list(text: str, whole: str, offset: int, encoding: str) -> types.CompletionList:
    """Return an insertion at a place in a whole text as one line of a list.

    Editors look up what they list by the word before the cursor: it is put in again, and found by it.
    """
    if not text:
        return types.CompletionList(is_incomplete=True, items=[])
    found = _WORD.search(whole, 0, offset)
    start = found.start() if found else offset
    word = whole[start:offset]
    label, _, more = (word + text).strip().partition("\n")
    edit = types.TextEdit(range_of(whole, start, offset, encoding), word + text)
    item = types.CompletionItem(
        label=f"{label.strip()} …" if more else label.strip(),
        kind=types.CompletionItemKind.Text,
        detail="dalle-kit",
        documentation=text if more else None,
        filter_text=word + text,
        insert_text_format=types.InsertTextFormat.PlainText,
        insert_text_mode=types.InsertTextMode.AsIs,
        text_edit=edit,
    )
    return types.CompletionList(is_incomplete=True, items=[item])


def range_of(text: str, start: int, end: int, encoding: str) -> types.Range:
    """Return two places in a text as a range."""
    places = (position_of(text, place, encoding) for place in (start, end))
    return types.Range(*(types.Position(line, character) for line, character in places))
