"""Which words of a text are from which field of a request: by what the templates printed, else by looking for them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dalle_kit.checks.words import fold, is_ordinary, weight
from dalle_kit.domain import Request
from dalle_kit.templating.tracing import Stretch

_WORD = re.compile(r"\w+(?:['\u2019]\w+)*")

#: A run of so many words is no coincidence, whatever they are; a shorter one has to have a name, a number, or two words
#: that say something.
_RUN = 4

#: A value of so many characters that is within a field's is a part of it.
_WITHIN = 12


@dataclass(frozen=True, slots=True)
class Leaf:
    """A text or number of a request: the name of its field, with the place in it, and what it is as text."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Labelled:
    """A stretch of text: of a ``field``, of a ``variable`` that a domain has prepared, or of a template.

    ``is_words`` says whether there is anything in it to be read.
    """

    text: str
    field: str = ""
    variable: str = ""

    @property
    def is_words(self) -> bool:
        """Whether it has letters or digits."""
        return _WORD.search(self.text) is not None


def leaves(request: Request) -> tuple[Leaf, ...]:
    """Return a request's texts and numbers; an only item of a list goes by the name of the list."""
    return tuple(_leaves(request.model_dump(), ""))


def _leaves(value: Any, name: str) -> Iterator[Leaf]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, f"{name}.{key}" if name else str(key))
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            yield from _leaves(item, f"{name}[{number}]" if len(value) > 1 else name)
    elif isinstance(value, bytes):
        yield Leaf(name, value.decode("utf-8", "replace"))
    elif value not in (None, "") and not isinstance(value, bool):
        yield Leaf(name, str(value))


class Origins:
    """Finds a request's fields in texts."""

    def __init__(self, request: Request) -> None:
        self.leaves = leaves(request)
        self._names = {leaf.name: leaf for leaf in self.leaves}
        self._words = [[fold(word) for word in _WORD.findall(leaf.text)] for leaf in self.leaves]
        self._places: dict[str, list[tuple[int, int]]] = {}  # of each word: the leaf, and where in it
        for number, words in enumerate(self._words):
            for place, word in enumerate(words):
                self._places.setdefault(word, []).append((number, place))

    def label(self, stretch: Stretch) -> list[Labelled]:
        """Return what of a stretch is from which field."""
        if stretch.kind == "own":
            return [Labelled(stretch.text)]
        whole = self._whole(stretch)
        if whole is not None:
            return [Labelled(stretch.text, field=whole)]
        return self.search(stretch.text, variable=stretch.variable)

    def _whole(self, stretch: Stretch) -> str | None:
        """Return the field that a value is, or is a part of."""
        name = re.sub(r"^request\.", "", stretch.variable)
        text, folded = stretch.text.strip(), fold(stretch.text.strip())
        for known in (name, re.sub(r"\[0\]$", "", name)):
            if known in self._names and (stretch.variable != name or fold(self._names[known].text.strip()) == folded):
                return known
        equal = next((leaf.name for leaf in self.leaves if fold(leaf.text.strip()) == folded), None)
        if equal is not None or len(text) < _WITHIN:
            return equal
        within = next((leaf.name for leaf in self.leaves if text in leaf.text), None)
        return f"{within} ({name})" if within is not None and name else within

    def search(self, text: str, *, variable: str = "") -> list[Labelled]:
        """Return a text with the runs of words that are also in a field labelled, the rest by its variable."""
        found: list[Labelled] = []
        places = [match.span() for match in _WORD.finditer(text)]
        words = [fold(text[start:end]) for start, end in places]
        number = end = 0
        while number < len(words):
            start = places[number][0]
            leaf, length = self._longest(words, number, text=text, start=start)
            if leaf is None:
                number += 1
                continue
            last = places[number + length - 1][1]
            found += [Labelled(text[end:start], variable=variable)] if start > end else []
            found.append(Labelled(text[start:last], field=leaf.name))
            number, end = number + length, last
        return [*found, Labelled(text[end:], variable=variable)] if end < len(text) else found

    def _longest(self, words: Sequence[str], number: int, *, text: str, start: int) -> tuple[Leaf | None, int]:
        """Return the field that goes on longest as words do from a ``number`` on, and for how many of them.

        Of equal ones it is the shortest. At ``start`` the first of these words stands in the text, as it is spelled.
        """
        best: tuple[int, int, int] | None = None
        for leaf, place in self._places.get(words[number], ()):
            others = self._words[leaf]
            most = min(len(words) - number, len(others) - place)
            length = next((n for n in range(most) if words[number + n] != others[place + n]), most)
            run = words[number : number + length]
            said = length >= _RUN or any(map(_is_special, run)) or sum(map(_says_something, run)) > 1
            # A name that is an ordinary word is spelled as one.
            said = said or (self.leaves[leaf].text[:1].isupper() and text.startswith(self.leaves[leaf].text, start))
            rank = (length, -len(self._words[leaf]), -leaf)
            if said and (best is None or rank > best):
                best = rank
        return (None, 0) if best is None else (self.leaves[-best[2]], best[0])


def _says_something(word: str) -> bool:
    return weight(word) == 1.0 and len(word) > 1


def _is_special(word: str) -> bool:
    return len(word) > 1 and not is_ordinary(word)
