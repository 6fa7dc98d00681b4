"""An entry of the history: what is recorded of a document, and its row in the database."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """A document that was written: when (UTC), by what, in how many seconds, and how much the checks found.

    ``format`` is how it was given out. ``document`` is what ``Document.as_dict`` gave, None where its text is not kept.
    """

    id: int
    written: str
    domain: str
    model: str | None
    template: str
    format: str
    seconds: float
    notes: int
    warnings: int
    errors: int
    document: Mapping[str, Any] | None

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Match:
    """An entry that a search has found, with the words of its text or request that were looked for and their like.

    ``places`` say where in the ``snippet`` these stand.
    """

    entry: Entry
    snippet: str
    places: tuple[tuple[int, int], ...]


#: The columns of an entry, but for its number, which the database gives, and its document, which has its own table.
COLUMNS = ("written", "domain", "model", "template", "format", "seconds", "notes", "warnings", "errors")


#: What the names of models begin with that are no paths, though they look like some.
_ELSEWHERE = ("hub:", "openai:")


def values_of(record: Mapping[str, Any], format: str) -> tuple[Any, ...]:
    """Return the columns of a document's entry: nothing of its request or text, and of a model's path its name only."""
    made, severities = record["provenance"], [finding["severity"] for finding in record["findings"]]
    return (
        datetime.fromisoformat(made["created"]).astimezone(UTC).isoformat(timespec="seconds"),
        record["domain"],
        made["model"] and _without_folder(made["model"]),
        made["template"],
        format,
        # The first token comes within the generation.
        round(sum(seconds for what, seconds in made["timings"].items() if what != "first_token"), 3),
        *(severities.count(severity) for severity in ("note", "warning", "error")),
    )


def _without_folder(model: str) -> str:
    return model if model.startswith(_ELSEWHERE) else PurePath(model).name


def entry_of(row: Sequence[Any]) -> Entry:
    """Return the entry of a row: its number, its columns, and its document as it was encoded or None."""
    values = (*row[:-1], None if row[-1] is None else json.loads(row[-1]))
    return Entry(*values)


def encoded(record: Mapping[str, Any]) -> str:
    """Return a document as JSON that any database takes."""
    # Half a character, which JSON can spell and UTF-8 cannot, is spelt as JSON does.
    return json.dumps(record, ensure_ascii=False).encode("utf-8", "backslashreplace").decode("utf-8")


def texts_in(value: Any) -> Iterator[str]:
    """Yield the texts that a JSON-ready value holds."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, tuple, Mapping)):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from texts_in(each)
