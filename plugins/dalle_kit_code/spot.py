"""What the place of an insertion asks for: how it is indented, where it ends, and what the model is shown of it."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Literal

from dalle_kit_code.indentation import blanks_of, unit_of, width
from dalle_kit_code.languages import Language
from dalle_kit_code.lexing import CLOSING, closed_brackets, is_inside, open_brackets, without_comment
from dalle_kit_code.parsing import faults, first_named

Extent = Literal["auto", "line", "block"]
Reach = Literal["line", "statement", "block"]

#: What a tokenizer may have joined with what follows: line ends and blanks, then letters and digits or signs.
_HEALED = re.compile(r"(?:\n{1,3}[^\S\n]{0,80}|[^\S\n]{1,80})?(?:\w{1,40}|[^\w\s]{1,8})?\Z")

#: What a line may begin with that ends what stands above it.
_BEGINNINGS = tuple(sign for sign in string.printable if not sign.isspace() and sign not in CLOSING)

#: So many names are looked for, in so many characters below the cursor.
_NAMES, _BELOW = 4, 600


@dataclass(frozen=True)
class Spot:
    """A place between two plain texts (with line feeds, without a byte order mark) and what is wanted there."""

    before: str
    after: str
    language: Language
    extent: Extent = "auto"

    @cached_property
    def line_before(self) -> str:
        """What stands before the cursor on its line."""
        return self.before.rpartition("\n")[2]

    @cached_property
    def line_after(self) -> str:
        """What stands after the cursor on its line."""
        return self.after.partition("\n")[0]

    @cached_property
    def is_line_start(self) -> bool:
        """Whether nothing but blanks stands before the cursor on its line, and it is in no string or comment."""
        return not self.line_before.strip() and not is_inside(self.before, self.language)

    @cached_property
    def above(self) -> str:
        """The nearest line with something in it above the cursor's own, or the own one if it has something."""
        return next((line for line in reversed(self.before.split("\n")) if line.strip()), "")

    @cached_property
    def below(self) -> str:
        """The nearest line with something in it below the cursor's own."""
        rest = self.after.partition("\n")[2]
        return next((line for line in rest.split("\n") if line.strip()), "")

    @cached_property
    def unit(self) -> str:
        """What the file indents one level by."""
        return unit_of(f"{self.before}\n{self.after}", self.language.indent)

    @cached_property
    def opens_block(self) -> bool:
        """Whether the last line before the cursor begins a block."""
        return without_comment(self.above, self.language).endswith(self.language.opens or ("\0",))

    @cached_property
    def indentation(self) -> str:
        """How the block is indented that the insertion belongs to."""
        own = blanks_of(self.above)
        if self.opens_block:
            deeper = own + self.unit
            return self.line_before if self.is_line_start and width(self.line_before) > width(own) else deeper
        if not self.is_line_start:
            return own
        if self.line_before or not self._goes_on:
            return self.line_before
        return own

    @cached_property
    def indents_itself(self) -> bool:
        """Whether one line is wanted at the margin that may be of the block above or end it."""
        return self.reach == "line" and self.is_line_start and not self.line_before and not self.opens_block

    @cached_property
    def lead(self) -> str:
        """The blanks that are missing before the insertion's first line, none where it brings its own."""
        if self.indents_itself:
            return ""
        return self.indentation.removeprefix(self.line_before) if self.is_line_start else ""

    @cached_property
    def _goes_on(self) -> bool:
        """Whether a line at the margin goes on with the indented line right above it, or with the last of the text."""
        if open_brackets(self.before, self.language):
            return True
        words = re.match(r"\s*(\w*)", self.above)
        leaves = words is not None and words[1] in self.language.leaves
        return not leaves and (not self.after.strip() or not self.before.endswith("\n\n"))

    @cached_property
    def reach(self) -> Reach:
        """How far the insertion may go: to the end of the line, of a statement, or of the block."""
        if self.extent != "auto":
            return self.extent
        if is_inside(self.before, self.language):
            return "line"
        if self.line_after.strip():
            return "line" if not self.is_line_start else "statement"
        if self.is_line_start and width(blanks_of(self.below)) > width(self.indentation):
            return "line"  # the head of what is below
        if self.opens_block:
            return "block" if width(blanks_of(self.below)) < width(self.indentation) else "statement"
        if not self.is_line_start:
            return "statement"
        return "statement" if self.below and blanks_of(self.below) == self.indentation else "block"

    @cached_property
    def healed(self) -> str:
        """The end of the text before the cursor that the model is not shown but has to begin with."""
        found = _HEALED.search(self.before[-200:])
        return found[0] if found else ""

    @property
    def shown_before(self) -> str:
        """The text before the cursor as far as the model is shown it."""
        return self.before[: len(self.before) - len(self.healed)]

    @cached_property
    def parses(self) -> bool:
        """Whether the text is well formed without the insertion; also said of languages without a parser."""
        return faults(self.before + self.after, self.language) == 0

    @cached_property
    def missing_closers(self) -> int:
        """How many brackets that were opened before the cursor are not closed after it."""
        opened = len(open_brackets(self.before, self.language))
        return max(0, opened - closed_brackets(self.after, self.language))

    @property
    def guesses(self) -> tuple[str, ...]:
        """What a line of its own may be, as regular expressions: one that gives a name below it its meaning."""
        grammar = self.language.grammar
        if grammar is None or not self.is_line_start or not self.after.strip():
            return ()
        below = self.after
        if len(below) > _BELOW:
            below = re.sub(r"\w+\Z", "", below[: _BELOW + 1])  # of a name that is cut off the rest would be missing
        names = islice(first_named(self.before + below, len(self.before), self.language), _NAMES)
        beginnings = [re.escape(way.format(name)) for name in names for way in grammar.binds]
        return tuple(rf"{self._blanks}{beginning}[^\w](?s:.*)" for beginning in beginnings)

    @property
    def _blanks(self) -> str:
        # One blank more is left to the model, which would otherwise be forced to tokens that it has never seen so.
        return r"[ \t]*" if self.indents_itself else r"[ \t]?"

    @property
    def pattern(self) -> str:
        """What the insertion has to be, as a regular expression: code at once, where a line of it is to be begun."""
        if is_inside(self.before, self.language):
            return r"(?s:.*)"
        if self.is_line_start:
            return rf"{self._blanks}[^\s{re.escape(self.language.comment[:1])}](?s:.*)"
        return r"(?s:.*)" if self.parses else r"[^\n](?s:.*)"

    def stops(self) -> tuple[str, ...]:
        """Return the texts at which generation may end, because ``ends_at`` would cut there."""
        if self.reach == "line":
            return ("\n",)
        limit = self.limit
        fence = () if self.language.name == "markdown" else ("\n```",)
        if limit == 0:
            return (*fence, "\n\n\n", *(f"\n\n{sign}" for sign in self._beginnings))
        levels = {level for level in (self.indentation, *(self.unit * count for count in range(32)))}
        ends = sorted(level for level in levels if width(level) < limit)
        # Less indented than the whole block, a bracket closes what was opened before it.
        closing = () if self.missing_closers or self.reach == "statement" else tuple(CLOSING)
        return (*fence, *(f"\n{level}{sign}" for level in ends for sign in (*self._beginnings, *closing)))

    @cached_property
    def limit(self) -> int:
        """How wide a line's indentation must be, in columns, for the line to belong to the insertion."""
        return width(self.indentation) + (self.reach == "statement")

    @cached_property
    def _beginnings(self) -> tuple[str, ...]:
        """What a line that ends the insertion may begin with: no closing bracket, nor a word that goes on."""
        going_on = {word[0] for word in self.language.goes_on}
        return tuple(sign for sign in _BEGINNINGS if sign not in going_on)
