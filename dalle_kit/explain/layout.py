"""The parts that a text can rest on, and what the model is told with only some of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from dalle_kit.explain.origins import Labelled, Origins
from dalle_kit.explain.records import Kind, Part
from dalle_kit.records import ExampleUse, Message, Prompt
from dalle_kit.templating.tracing import Stretch, Trace

#: A longer value is taken apart where it has blank lines, into no more parts than this.
_LONG, _PARAGRAPHS = 240, 6


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text and the number of the part that it goes with, None if it is always there."""

    text: str
    part: int | None


def shown(pieces: Iterable[Piece], mask: int) -> str:
    """Return the text of pieces without those of parts that are not in a set, a number whose bits are its parts."""
    return "".join(each.text for each in pieces if each.part is None or mask >> each.part & 1)


@dataclass(slots=True)
class Parts:
    """The parts found so far, each once."""

    found: list[Part] = field(default_factory=list)
    _numbers: dict[tuple[Kind, str], int] = field(default_factory=dict)

    def number(self, kind: Kind, name: str, text: str) -> int:
        """Return the number of a part, a new one where it is met for the first time; its text grows otherwise."""
        key = (kind, name)
        if key not in self._numbers:
            self._numbers[key] = len(self.found)
            self.found.append(Part(kind, name, text))
        elif text not in self.found[self._numbers[key]].text:
            known = self.found[self._numbers[key]]
            self.found[self._numbers[key]] = replace(known, text=f"{known.text} ... {text}")
        return self._numbers[key]


class Layout:
    """Texts taken apart by what they are from: a prompt's turns, and the certain texts of a document."""

    def __init__(self, origins: Origins, told: Trace, written: Trace) -> None:
        self.parts = Parts()
        self._origins = origins
        self._told, self._written = _Reader(told), _Reader(written)

    def prompt(self, prompt: Prompt, examples: Sequence[tuple[ExampleUse, str]]) -> list[list[Piece]]:
        """Return the pieces of each turn; what plugins and examples have added to a template's text is found, too."""
        marks = {text.rstrip(): _example_name(use) for use, text in examples}
        roles = [message.role for message in prompt.messages]
        turns = []
        for number, message in enumerate(prompt.messages):
            labelled = [each for text, example in _cut(message.content, marks) for each in self._read(text, example)]
            count = roles[: number + 1].count(message.role) if roles.count(message.role) > 1 else ""
            turns.append(self._pieces(labelled, where=f"{message.role} {count}".rstrip(), is_code=prompt.infills))
        return turns

    def literal(self, text: str) -> list[Piece]:
        """Return the pieces of a certain text of the document."""
        return self._pieces([(each, "") for each in self._labels(self._written, text)], where="document")

    def example(self, use: ExampleUse, text: str) -> int:
        """Return the part that an example is which is not in the prompt's text."""
        return self.parts.number("example", _example_name(use), text)

    def _read(self, text: str, example: str) -> list[tuple[Labelled, str]]:
        if example:
            return [(Labelled(text), example)]
        return [(each, "") for each in self._labels(self._told, text)]

    def _labels(self, reader: _Reader, text: str) -> list[Labelled]:
        """Return a text's stretches by their fields, as the trace has them where it is in it."""
        found: list[Labelled] = []
        for stretches, rest in reader.read(text):
            for stretch in stretches:
                found += self._origins.label(stretch)
            if rest:
                found += self._origins.search(rest)
        return found

    def _pieces(self, labelled: Sequence[tuple[Labelled, str]], *, where: str, is_code: bool = False) -> list[Piece]:
        """Return pieces by their parts, line by line; long values are taken apart, those of code in any case.

        What is no word goes with a value in its line, or else with the line's words, or the line before: a note without
        its text would leave a dash and an empty line.
        """
        pieces: list[Piece] = []
        last: int | None = None
        for number, line in enumerate(_lines(labelled, longest=0 if is_code else _LONG), 1):
            parts = [self._part(each, example, f"{where}, line {number}") for each, example in line]
            own = [part for part, (each, _) in zip(parts, line, strict=True) if part is not None and not each.field]
            values = [part for part, (each, _) in zip(parts, line, strict=True) if part is not None and each.field]
            home = next(iter([*own, *values]), last)
            for part, (each, _) in zip(parts, line, strict=True):
                home = part if part is not None and each.field and not own else home
                pieces.append(Piece(each.text, home if part is None else part))
            last = pieces[-1].part
        return pieces

    def _part(self, each: Labelled, example: str, place: str) -> int | None:
        if example:
            return self.parts.number("example", example, each.text)
        if not each.is_words:
            return None
        if each.field:
            return self.parts.number("field", each.field, each.text)
        if each.variable:
            return self.parts.number("prepared", each.variable, each.text.strip())
        return self.parts.number("template", place, each.text.strip())


class _Reader:
    """Finds texts in a trace, one after another: what was put before or after them is none of the template's."""

    def __init__(self, trace: Trace) -> None:
        self._trace, self._text, self._place = trace, trace.text, 0

    def read(self, text: str) -> list[tuple[list[Stretch], str]]:
        """Return the stretches of a text as far as the trace has it, and what it has not, in order."""
        found = self._find(text)
        if found is not None:
            return [(self._trace.part(*found), "")]
        rows: list[tuple[list[Stretch], str]] = []
        for line in re.findall(r"[^\n]*\n|[^\n]+", text):
            place = self._find(line)
            rows.append(([], line) if place is None else (self._trace.part(*place), ""))
        return rows

    def _find(self, text: str) -> tuple[int, int] | None:
        place = self._text.find(text, self._place)
        if place < 0:
            place = self._text.find(text)
        if place < 0 or not text.strip():
            return None
        self._place = place + len(text)
        return place, self._place


def _cut(text: str, marks: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return a text cut at examples: each stretch and the name of the example that it is, if it is one."""
    found, place = [], 0
    edges = sorted((text.find(mark), mark) for mark in marks if mark and mark in text)
    for start, mark in edges:
        if start >= place:
            found += [(text[place:start], "")] if start > place else []
            found.append((mark, marks[mark]))
            place = start + len(mark)
    return [*found, (text[place:], "")] if place < len(text) else found


def _lines(labelled: Sequence[tuple[Labelled, str]], *, longest: int) -> list[list[tuple[Labelled, str]]]:
    """Return the stretches line by line; an example, and a paragraph of a long value, are in no line of another."""
    lines: list[list[tuple[Labelled, str]]] = [[]]
    for each, example in labelled:
        if example:
            lines += [[(each, example)], []]
            continue
        for part in _paragraphs(each, longest=longest):
            for text in re.findall(r"[^\n]*\n|[^\n]+", part.text):
                lines[-1].append((replace(part, text=text), ""))
                if text.endswith("\n"):
                    lines.append([])
    return [line for line in lines if line]


def _paragraphs(each: Labelled, *, longest: int) -> list[Labelled]:
    """Return a field's value in parts, if it is longer: where it has blank lines, else where lines end."""
    if not each.field or len(each.text) <= longest:
        return [each]
    blocks = re.findall(r"(?:[^\n]|\n(?!\n))+\n*|\n+", each.text)
    if len(blocks) < 2:
        blocks = re.findall(r"[^\n]*\n|[^\n]+", each.text)
    size = -(-len(blocks) // _PARAGRAPHS)
    groups = ["".join(blocks[start : start + size]) for start in range(0, len(blocks), size)]
    if len(groups) < 2:
        return [each]
    return [Labelled(text, f"{each.field}, passage {number}") for number, text in enumerate(groups, 1)]


def _example_name(use: ExampleUse) -> str:
    return f"{use.set} {use.id}"


def subset(prompt: Prompt, turns: Sequence[Sequence[Piece]], mask: int) -> Prompt:
    """Return a prompt with only the parts of a set in its turns."""
    pairs = zip(prompt.messages, turns, strict=True)
    messages = tuple(Message(message.role, shown(pieces, mask), message.name) for message, pieces in pairs)
    return replace(prompt, messages=messages, beginning=())
