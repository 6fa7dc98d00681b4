"""Notes as people write them: a list mark before them, no capital letter, no full stop."""

from __future__ import annotations

import re

from dalle_kit.checks.sentences import is_finished

#: What begins an item of a list. Before a number a dash may be a minus.
_LIST_MARK = re.compile(r"(?:[*•]|[-\u2013](?!\s*\d))(?:\s+|\Z)")

#: Short forms that mean one thing only, in any note.
_SHORT = {"pls": "please", "plz": "please", "thx": "thanks", "w/o": "without", "w/": "with", "b/c": "because"}
#: "PLS" is a name. "w/" and what it stands before may touch.
_SHORT_FORM = re.compile(
    r"(?<![\w./:@&-])(?:([Pp]l[sz]|[Tt]hx)(?![\w./@-]*\w)|(w/o|b/c)(?=\s)|(?<!\d )(w/)(?:\s+(?=\w)|(?=[^\W\d_]{2})))"
)


def spelled_out(note: str) -> str:
    """Return a note with "please", "thanks", "with", "without" and "because" for their short forms.

    What quotes somebody stays as it is.
    """
    return note if re.search(r'["\u201c\u201d\u00ab]', note) else _SHORT_FORM.sub(_spelled_out, note)


def _spelled_out(match: re.Match[str]) -> str:
    short = match[1] or match[2] or match[3]
    word = _SHORT[short.lower()]
    return (word.capitalize() if short[0].isupper() else word) + (" " if match[3] else "")


def without_list_mark(note: str) -> str:
    """Return a note without the mark that it has in a list of notes; "" if it is nothing else."""
    mark = _LIST_MARK.match(note)
    return note[mark.end() :] if mark else note


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
