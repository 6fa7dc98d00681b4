"""Notes as people write them: a list mark before them, no capital letter, no full stop."""

from __future__ import annotations

import re

from dalle_kit.checks.sentences import is_finished

#: What begins an item of a list. Before a number a dash may be a minus.
_LIST_MARK = re.compile(r"(?:[*•]|[-\u2013](?!\s*\d))(?:\s+|\Z)")
#: Rules and lone marks, which stand in lists and in cells of tables.
_MARKS = re.compile(r"[\s!-/:-@\[-`{-~]*")


def without_list_mark(note: str) -> str:
    """Return a note without the mark that it has in a list of notes; "" if it is nothing else."""
    mark = _LIST_MARK.match(note)
    return note[mark.end() :] if mark else note


def says_nothing(note: str) -> bool:
    """Say whether a note is nothing, or marks alone."""
    return _MARKS.fullmatch(note) is not None


def plain_sentence(note: str) -> str:
    """Return a note as it stands, with a capital letter and an end where it has none; lines are left alone."""
    if "\n" in note:
        return note
    first, _, rest = note.partition(" ")
    ended = is_finished(note) or note.endswith(":")
    return f"{capitalised(first)}{' ' if rest else ''}{rest}" + ("" if ended else ".")


def capitalised(word: str) -> str:
    """Return a word with a capital first letter, unless it is spelled in a way of its own (eBay, a link)."""
    own = not word.islower() or re.search(r"\w[./@:]+\w", word)
    return word if own else word[:1].upper() + word[1:]
