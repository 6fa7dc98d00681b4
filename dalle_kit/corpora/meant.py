"""Requests with notes as people type them, and for each note the sentences that its writer may have meant."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: One request of so many is for measuring, and never learned.
_HELD_OUT = 8
#: The wordings of a note that a further text is drawn from: the first are the best.
_DRAWN = 3
#: A request with more notes than this may be learned in part as well.
_WHOLE = 3


@dataclass(frozen=True, slots=True)
class Meant:
    """A request: its fields but for its notes, these, and what each may mean, the best sentence first.

    ``about`` is its subject or headline; ``domain`` whose request it is; ``is_held_out`` says that it is for measuring,
    and never learned.
    """

    about: str
    fields: Mapping[str, str]
    notes: tuple[str, ...]
    says: tuple[tuple[str, ...], ...]

    @property
    def domain(self) -> str:
        """The domain whose request it is: "email", "news" or "blog"."""
        return self.fields.get("domain", "email" if "to" in self.fields else "news")

    @property
    def is_held_out(self) -> bool:
        """Whether it is for measuring: so it stays when others are added."""
        return int(hashlib.sha256(self.about.encode()).hexdigest(), 16) % _HELD_OUT == 0

    @property
    def best(self) -> str:
        """The text of its best sentences."""
        return " ".join(sentences[0] for sentences in self.says)

    def request(self, notes: Sequence[str] | None = None) -> dict[str, Any]:
        """Return the fields of its domain's request with its notes, or some of them; nobody's address is told."""
        notes = list(self.notes if notes is None else notes)
        told = {name: value for name, value in self.fields.items() if name not in ("domain", "to", "message")}
        if self.domain != "email":
            return {**told, "facts": notes}
        person = f'"{self.fields["to"]}" <someone@example.com>'
        if "message" not in self.fields:
            return {**told, "to": [person], "points": notes}
        message = f"From: {person}\nSubject: {told.pop('subject')}\n\n{self.fields['message']}"
        return {**told, "reply_to": message, "points": notes}

    def another(self, source: random.Random) -> tuple[tuple[str, ...], str]:
        """Return its notes, or some of them that stand together, and a text of sentences drawn for these."""
        notes, says = self.notes, self.says
        if len(notes) > _WHOLE and source.random() < 0.5:
            start = source.randrange(len(notes) - 1)
            part = slice(start, None) if source.random() < 0.5 else slice(None, max(2, start + 1))
            notes, says = notes[part], says[part]
        return notes, " ".join(source.choice(sentences[:_DRAWN]) for sentences in says)


def read_meant(*files: Path) -> Iterator[Meant]:
    """Yield the requests of JSON-lines files."""
    for line in (line for file in files for line in file.read_text(encoding="utf-8").splitlines()):
        data = json.loads(line)
        points: Sequence[Mapping[str, Any]] = data.pop("points")
        about = data.get("subject") or data["headline"]
        notes = tuple(point["note"] for point in points)
        yield Meant(about, data, notes, tuple(tuple(point["says"]) for point in points))
