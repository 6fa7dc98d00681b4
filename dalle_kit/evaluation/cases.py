"""The requests a domain is evaluated on: hand-written ones, and those made from real texts."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from dalle_kit.domain import Domain, Request
from dalle_kit.errors import OptionError, PluginError, RequestError

Kind = Literal["hand", "real"]
Chosen = Literal["hand", "real", "all"]

#: The fields that list what a text has to say, by any of the names that domains give them.
POINT_FIELDS = ("points", "facts")


@dataclass(frozen=True, slots=True)
class Case:
    """A request to write for; ``reference`` is the real text it was made from."""

    id: str
    kind: Kind
    tags: tuple[str, ...]
    request: Request
    reference: str | None = None

    @property
    def points(self) -> tuple[str, ...]:
        """What the text has to say."""
        for name in POINT_FIELDS:
            found = getattr(self.request, name, None)
            if isinstance(found, (tuple, list)):
                return tuple(str(point) for point in found)
        return ()


def load_cases(domain: Domain, chosen: Chosen = "all", *, limit: int | None = None, seed: int = 0) -> list[Case]:
    """Return a domain's cases; with a limit, so many of each kind, drawn by ``seed``.

    Raises OptionError where the domain has none of the kind, PluginError for a case that its request refuses.
    """
    cases: list[Case] = []
    if chosen != "real":
        cases += _drawn(hand_cases(domain, domain.cases()), limit, seed)
    if chosen != "hand":
        cases += _drawn(_real_cases(domain), limit, seed)
    if not cases:
        raise OptionError("--cases", chosen, f"a kind of case that the domain {domain.name!r} has: this it has none of")
    return _all_different(domain, cases)


def chosen_cases(domain: Domain, chosen: str, *, limit: int | None = None, seed: int = 0) -> list[Case]:
    """Return the cases of a kind, as ``load_cases``, or those of a file that has one on each line, as JSON.

    Raises OptionError for what is neither, RequestError for a line that is no case, PluginError as ``load_cases``.
    """
    for kind in get_args(Chosen):
        if chosen == kind:
            return load_cases(domain, kind, limit=limit, seed=seed)
    try:
        lines = Path(chosen).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise OptionError("--cases", chosen, "hand, real, all, or a file with a case on each line, as JSON") from error
    written = [_written(line, f"--cases: {chosen}, line {number}") for number, line in enumerate(lines, 1) if line]
    if not written:
        raise OptionError("--cases", chosen, "a file with a case on each line: this one is empty")
    return _all_different(domain, _drawn(hand_cases(domain, written), limit, seed))


def _written(line: str, place: str) -> Mapping[str, object]:
    try:
        entry = json.loads(line)
    except ValueError as error:
        raise RequestError(f"{place}: is no JSON ({error})") from error
    if not isinstance(entry, dict):
        raise RequestError(f'{place}: is no case; write it as {{"id": ..., "fields": {{...}}}}')
    return entry


def hand_cases(domain: Domain, written: Iterable[Mapping[str, object]]) -> list[Case]:
    """Return cases from requests as they are written by hand: ``id``, ``tags`` and ``fields``."""
    cases = []
    for number, entry in enumerate(written, start=1):
        name, tags, fields = str(entry.get("id", f"hand-{number}")), entry.get("tags", ()), entry.get("fields")
        if not isinstance(fields, Mapping) or not isinstance(tags, (list, tuple)):
            message = f"case {name!r} of {domain.name!r} needs fields (a mapping) and may have tags (a list)"
            raise PluginError(message, plugin=domain.name)
        cases.append(Case(name, "hand", tuple(map(str, tags)), _parse(domain, name, fields)))
    return cases


def _real_cases(domain: Domain) -> list[Case]:
    return [
        Case(example.name, "real", (), _parse(domain, example.name, example.fields), example.text)
        for example in domain.corpus("dev")
    ]


def _parse(domain: Domain, name: str, fields: Mapping[str, Any]) -> Request:
    try:
        return domain.parse(fields)
    except RequestError as error:
        raise PluginError(f"case {name!r} of {domain.name!r}: {error}", plugin=domain.name) from error


def _all_different(domain: Domain, cases: list[Case]) -> list[Case]:
    seen: set[str] = set()
    for case in cases:
        if case.id in seen:
            raise PluginError(f"two cases of {domain.name!r} are named {case.id!r}; rename one", plugin=domain.name)
        seen.add(case.id)
    return cases


def _drawn(cases: Sequence[Case], limit: int | None, seed: int) -> list[Case]:
    """Return a sample in the cases' own order."""
    if limit is None or limit >= len(cases):
        return list(cases)
    kept = sorted(random.Random(seed).sample(range(len(cases)), limit))
    return [cases[index] for index in kept]
