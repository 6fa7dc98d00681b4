"""Hand-written situations: notes and the sentences that say them, with places for what varies."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dalle_kit.corpora.names import Names

_PLACE = re.compile(r"\{(\w+)\}")
_WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_MONTHS = "January February March April May June July August September October November December".split()
_CITIES = "Leeds Porto Gdansk Lagos Pune Osaka Quito Tunis Bergen Cork Turin Hanoi Accra Denver Lyon Kochi".split()
_STREETS = ("Mill Lane", "Station Road", "Park Street", "Harbour Street", "Church Road", "Garden Avenue", "Hill View")
_COMPANIES = ("Norwick", "Brightwater", "Alder & Finch", "Kestrel Labs", "Oakfield", "Tamarind Foods", "Lumo")
_PRODUCTS = ("the desk lamp", "the printer", "the water filter", "the headset", "the coffee machine", "the bike rack")
_DOMAINS = ("example.com", "example.org", "example.net")


@dataclass(frozen=True, slots=True)
class Written:
    """One text made from a situation: its subject, its notes (none: the bare text) and its sentences."""

    subject: str
    tone: str
    notes: tuple[str, ...]
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Situation:
    """Points with several wordings each, which make many texts."""

    subjects: tuple[str, ...]
    tone: str
    points: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    bare: tuple[str, ...]
    fill: Mapping[str, tuple[str, ...]]

    def write(self, source: random.Random, names: Names) -> Written:
        """Return a text with some of the points, in their order; the same ``source`` gives the same text."""
        values = Values(source, names, self.fill)
        subject = values.fill(source.choice(self.subjects))
        if self.bare and source.random() < 0.08:
            return Written(subject, self.tone, (), (values.fill(source.choice(self.bare)),))
        count = source.choices(range(1, len(self.points) + 1), weights=range(1, len(self.points) + 1))[0]
        chosen = sorted(source.sample(range(len(self.points)), count))
        if source.random() < 0.15:
            source.shuffle(chosen)
        notes, sentences = [], []
        for place in chosen:
            note, text = source.choice(_pairs(*self.points[place]))
            notes.append(values.fill(note))
            sentences.append(values.fill(text))
        return Written(subject, self.tone, tuple(notes), tuple(sentences))


def _pairs(notes: Sequence[str], texts: Sequence[str]) -> list[tuple[str, str]]:
    """Return each note with each text that words it anew, if there is one: a note that is its text teaches to copy."""
    every = [(note, text) for note in notes for text in texts]
    return [(note, text) for note, text in every if _bare(note) != _bare(text)] or every


def _bare(text: str) -> str:
    return " ".join(text.casefold().rstrip(" .!?").split())


class Values:
    """What stands at the places of one text: drawn once, then the same everywhere in it."""

    def __init__(self, source: random.Random, names: Names, own: Mapping[str, Sequence[str]]) -> None:
        self._source, self._names, self._own = source, names, own
        self._drawn: dict[str, str] = {}

    def fill(self, text: str) -> str:
        """Return ``text`` with its places filled."""
        filled = _PLACE.sub(lambda match: self._value(match[1]), text)
        return filled[:1].upper() + filled[1:] if text.startswith("{") and text[-1:] in ".?!" else filled

    def _value(self, name: str) -> str:
        if name not in self._drawn:
            for _ in range(9):
                drawn = self.fill(self._source.choice(self._own[name])) if name in self._own else self._standard(name)
                if drawn not in self._drawn.values():
                    break
            self._drawn[name] = drawn
        return self._drawn[name]

    def _standard(self, name: str) -> str:
        kind, source = name.rstrip("0123456789"), self._source
        if kind not in _STANDARD:
            raise ValueError(f"a situation has the unknown place {{{name}}}; use one of {', '.join(_STANDARD)}")
        if kind in ("person", "first"):
            full = self._names.draw(source)
            return full if kind == "person" else full.split()[0]
        return _STANDARD[kind](source)


def _time(source: random.Random) -> str:
    hour, minute = source.randrange(7, 21), source.choice((0, 0, 0, 15, 30, 45))
    half = f"{(hour - 1) % 12 + 1}{f':{minute:02}' if minute else ''}"
    return source.choice((f"{hour}:{minute:02}", f"{hour}:{minute:02}", f"{half} {'pm' if hour >= 12 else 'am'}"))


def _date(source: random.Random) -> str:
    day, month = source.randrange(1, 29), source.choice(_MONTHS)
    return source.choice((f"{day} {month}", f"{month} {day}", f"{day} {month} {source.randrange(2024, 2030)}"))


def _amount(source: random.Random) -> str:
    value = source.choice((source.randrange(5, 100), source.randrange(100, 1000), source.randrange(1000, 20000)))
    figures = source.choice((f"{value:,}", f"{value}", f"{value}.{source.randrange(10, 99)}"))
    return source.choice(("${}", "£{}", "€{}", "{} EUR", "{} USD", "{} euros", "{} dollars", "{} kr")).format(figures)


def _duration(source: random.Random) -> str:
    unit = source.choice(("minutes", "hours", "days", "weeks", "months"))
    return f"{source.choice(('two', 'three', 'four', str(source.randrange(2, 30))))} {unit}"


def _order(source: random.Random) -> str:
    digits = str(source.randrange(1000, 99999))
    return source.choice(("{}", "{}", "A-{}", "INV-{}", "#{}", "SR{}")).format(digits)


_STANDARD: Mapping[str, Callable[[random.Random], str]] = {
    "weekday": lambda source: source.choice(_WEEKDAYS),
    "date": _date,
    "time": _time,
    "month": lambda source: source.choice(_MONTHS),
    "year": lambda source: str(source.randrange(2023, 2031)),
    "room": lambda source: f"{source.choice(('', 'A', 'B', 'C', 'E'))}{source.randrange(1, 420)}",
    "number": lambda source: str(source.randrange(2, 41)),
    "bignumber": lambda source: f"{source.choice((1, 10, 100)) * source.randrange(101, 999):,}",
    "percent": lambda source: source.choice(("{}%", "{} percent", "{}%")).format(source.randrange(2, 96)),
    "amount": _amount,
    "order": _order,
    "phone": lambda source: f"555-01{source.randrange(10, 99)}",
    "email": lambda source: f"{source.choice(('info', 'office', 'help', 'booking'))}@{source.choice(_DOMAINS)}",
    "url": lambda source: f"https://{source.choice(_DOMAINS)}/{source.choice(('form', 'docs', 'map', 'survey'))}",
    "person": lambda source: "",
    "first": lambda source: "",
    "company": lambda source: source.choice(_COMPANIES),
    "city": lambda source: source.choice(_CITIES),
    "street": lambda source: f"{source.randrange(1, 120)} {source.choice(_STREETS)}",
    "product": lambda source: source.choice(_PRODUCTS),
    "duration": _duration,
}


def read_situations(file: Path) -> Iterator[Situation]:
    """Yield the situations of a JSON-lines file."""
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.strip():
            yield _situation(json.loads(line))


def write_situations(
    file: Path, names: Names, *, copies: int, seed: str
) -> Iterator[tuple[str, Written, random.Random]]:
    """Yield so many texts of each situation: a name, the text, and the source of chance it was drawn from."""
    for number, situation in enumerate(read_situations(file)):
        for copy in range(copies):
            source = random.Random(f"{seed} {number} {copy}")
            yield f"situation-{number}-{copy}", situation.write(source, names), source


def plain_texts(file: Path) -> Iterator[str]:
    """Yield a text of each situation that has two sentences without places to fill; nothing is drawn or fetched."""
    for situation in read_situations(file):
        sentences = [next((text for text in texts if not _PLACE.search(text)), "") for _, texts in situation.points]
        if sum(map(bool, sentences)) > 1:
            yield " ".join(filter(None, sentences))


def _situation(data: Mapping[str, Any]) -> Situation:
    return Situation(
        subjects=_texts(data["subject"]),
        tone=data.get("tone", "neutral"),
        points=tuple((_texts(point["notes"]), _texts(point["texts"])) for point in data["points"]),
        bare=_texts(data.get("bare", ())),
        fill={name: _texts(values) for name, values in data.get("fill", {}).items()},
    )


def _texts(value: str | Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
