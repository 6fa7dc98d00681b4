"""Reading what ``git log`` prints: which commits are news for users, and of which kind."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["breaking", "new", "fixed", "changed", "internal"]

TITLES: dict[Kind, str] = {"breaking": "Breaking changes", "new": "New", "fixed": "Fixed", "changed": "Changed"}

_HASH = re.compile(r"(?:commit )?[0-9a-f]{7,40}\s+(?=\S)")
_CONVENTIONAL = re.compile(r"(?P<type>[a-z]+)(?:\((?P<scope>[^()]*)\))?(?P<mark>!)?:\s+(?P<subject>\S.*)")
_SKIPPED = re.compile(r"Merge (?:branch|pull request|remote|tag|commit)\b|(?:fixup|squash|amend)!|WIP\b", re.IGNORECASE)
_TYPES: dict[str, Kind] = {
    "fix": "fixed",
    **dict.fromkeys(("feat", "feature"), "new"),
    **dict.fromkeys(("perf", "revert"), "changed"),
    **dict.fromkeys(("build", "chore", "ci", "doc", "docs", "refactor", "style", "test", "tests"), "internal"),
}
#: What a commit does that begins with one of these, as it is said of the project.
_NEW = {
    **dict.fromkeys(("add", "adds", "added", "introduce", "introduces", "new"), "now has"),
    **dict.fromkeys(("allow", "allows"), "now allows"),
    **dict.fromkeys(("support", "supports"), "now supports"),
}
_VERBS = {
    **_NEW,
    **dict.fromkeys(("drop", "drops"), "no longer supports"),
    **dict.fromkeys(("remove", "removes"), "no longer has"),
}
_FIRST_WORDS: dict[str, Kind] = {
    **dict.fromkeys(_NEW, "new"),
    **dict.fromkeys(("fix", "fixes", "fixed", "correct", "corrects", "prevent", "prevents", "repair"), "fixed"),
}


@dataclass(frozen=True, slots=True)
class Change:
    """A commit that is news: its kind, and its subject without hash and type."""

    kind: Kind
    subject: str


def read_changes(log: str) -> list[Change]:
    """Return the changes of a log with one commit a line, the hash before it or not; merges and the like left out."""
    lines = (_HASH.sub("", " ".join(line.split()), count=1) for line in log.splitlines())
    changes = (_read(line) for line in lines if line and not _SKIPPED.match(line))
    return list(dict.fromkeys(changes))


def sections(changes: Iterable[Change]) -> list[dict[str, object]]:
    """Return the lists that users read, each with its title, in the order of their weight."""
    changes = list(changes)
    found: list[dict[str, object]] = []
    for kind, title in TITLES.items():
        subjects = [change.subject for change in changes if change.kind == kind]
        if subjects:
            found.append({"title": title, "subjects": subjects})
    return found


def news(change: Change, project: str) -> tuple[str, str] | None:
    """Return how a sentence about a change begins and what it goes on to say; None for what a list says best.

    A commit's subject is no sentence: "dark mode" may be new, broken or gone, and a model would have to guess.
    """
    first, _, rest = change.subject.partition(" ")
    verb = _VERBS.get(first.casefold())
    if verb and rest and change.kind in ("breaking", "new"):
        return f"{project} {verb} ", rest
    if change.kind != "new":
        return None
    return f"{project} now has ", f"{first.lower() if first.istitle() else first} {rest}".strip()


def _read(line: str) -> Change:
    found = _CONVENTIONAL.match(line)
    if found is None or not (found["mark"] or found["type"] in _TYPES):
        first = line.split()[0].casefold()
        return Change(_FIRST_WORDS.get(first, "changed"), _capital(line))
    kind: Kind = "breaking" if found["mark"] else _TYPES[found["type"]]
    return Change(kind, _capital(found["subject"]))


def _capital(subject: str) -> str:
    subject = subject.rstrip(" .")
    return subject[:1].upper() + subject[1:]
