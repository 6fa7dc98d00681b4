"""What the arguments of a slot may be, and which of them go together."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dalle_kit.errors import OptionError

if TYPE_CHECKING:
    from dalle_kit.records import Slot

#: More sentences or words than these are no slot but a book.
MOST = {"sentences": 200, "words": 1000}

_WHOLE = ("regex", "grammar", "schema", "choices")
_PROSE = ("sentences", "words", "known")
_LISTS = ("stop", "choices", "forbid", "known", "mentions", "examples", "about", "otherwise")


def check_slot(slot: Slot) -> None:
    """Raise OptionError for arguments that are out of range or cannot hold together."""
    _check_kinds(slot)
    for name in MOST:
        _check_range(name, getattr(slot, name))
    whole = [name for name in _WHOLE if getattr(slot, name) not in (None, ())]
    if len(whole) > 1:
        raise OptionError(whole[1], getattr(slot, whole[1]), f"no {whole[1]} beside {whole[0]}: one says it all")
    for name in (each for each in _PROSE if whole and getattr(slot, each) is not None):
        shown = "grounded" if name == "known" else name
        raise OptionError(shown, "" if name == "known" else getattr(slot, name), f"no {shown} beside {whole[0]}")
    if slot.forbid and (slot.grammar is not None or slot.schema is not None):
        raise OptionError("forbid", slot.forbid, f"no forbid beside {whole[0]}: leave it out of the {whole[0]}")
    if slot.starts_with and (slot.schema is not None or slot.choices):
        raise OptionError("starts_with", slot.starts_with, f"no starts_with beside {whole[0]}")
    if slot.mentions and (whole or slot.words or slot.starts_with):
        beside = next(iter(whole), "words" if slot.words else "starts_with")
        raise OptionError("mentions", slot.mentions, f"no mentions beside {beside}")
    if slot.sentences and slot.words:
        raise OptionError("words", slot.words, "a number of sentences or of words, not both")
    if slot.words and slot.starts_with:
        raise OptionError("starts_with", slot.starts_with, "no starts_with beside words; give a number of sentences")
    if slot.otherwise and len(slot.otherwise) != len(slot.about):
        raise OptionError(
            "otherwise", slot.otherwise, f"one sentence for each of the {len(slot.about)} points in about"
        )


def _check_kinds(slot: Slot) -> None:
    for name in _LISTS:
        value = getattr(slot, name)
        listed = value is None or (isinstance(value, tuple) and all(isinstance(text, str) for text in value))
        if not listed or (value and name not in ("stop", "known", "otherwise") and not all(value)):
            raise OptionError(name, value, "a tuple of texts, none of them empty")
    for name in ("regex", "grammar"):
        value = getattr(slot, name)
        if value is not None and not isinstance(value, str):
            raise OptionError(name, value, "a text")
    if not isinstance(slot.starts_with, str):
        raise OptionError("starts_with", slot.starts_with, "a text")
    if slot.schema is not None and not isinstance(slot.schema, Mapping):
        raise OptionError("schema", slot.schema, "a JSON Schema as a mapping, or a pydantic model")
    when = slot.when
    if when is not None and not (
        isinstance(when, tuple)
        and len(when) == 2
        and isinstance(when[0], str)
        and isinstance(when[1], tuple)
        and all(isinstance(text, str) for text in when[1])
    ):
        raise OptionError("when", when, 'a slot\'s name and a list of texts, e.g. ("kind", ["invoice"])')
    for entry in slot.forbid:
        if entry.startswith("[") and entry.endswith("]") and len(entry) > 2:
            try:
                re.compile(entry)
            except re.error as error:
                raise OptionError("forbid", entry, f"a character class that is one ({error})") from error


def _check_range(name: str, value: Any) -> None:
    if value is None:
        return
    pair = isinstance(value, tuple) and len(value) == 2
    if not pair or not all(isinstance(each, int) and not isinstance(each, bool) for each in value):
        raise OptionError(name, value, "two whole numbers, the least and the most")
    if not 1 <= value[0] <= value[1] <= MOST[name]:
        raise OptionError(name, value, f"the least and the most, from 1 to {MOST[name]}")
