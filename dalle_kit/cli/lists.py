"""Lists as people write them in a file: an item a line, perhaps with numbers, boxes to tick and rules."""

from __future__ import annotations

import re

#: What stands in a list and is no part of an item. "1. Mai" is a date, a ticked box says that it is done.
_RULE = re.compile(r"[-=_*~#]{3,}")
_ARROW = re.compile(r"\A(?:[-=]>|[\u2192\u27a4\u25aa\u25e6\u2023\u00b7\u25cb\u25cf\u25a0]) *(?=\S)")
_BOX = re.compile(r"\A(?:[-*+] )?\[ ?\] +(?=\S)")
_NUMBER = re.compile(
    r"\A\(?(\d{1,2})[.)] +(?!(?:jan|feb|m[aä]r|apr|ma[ijy]|jun|jul|aug|sep|o[kc]t|nov|de[czs])|\Z)", re.I
)


def listed(text: str) -> list[str]:
    """Return the lines of a list without what only draws it: rules, arrows, empty boxes, numbers from 1 on."""
    lines = [line.strip() for line in text.split("\n")]
    return unnumbered([_ARROW.sub("", _BOX.sub("", line)) for line in lines if line and not _RULE.fullmatch(line)])


def unnumbered(items: list[str]) -> list[str]:
    """Return items without their numbers, where these are there from 1 on."""
    numbers = [int(found[1]) for found in map(_NUMBER.match, items) if found]
    if len(numbers) > 1 and numbers == list(range(1, len(numbers) + 1)):
        items = [_NUMBER.sub("", item) for item in items]
    return items
