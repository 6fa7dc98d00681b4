"""Keeping personal data out of training texts."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence

_PERSONAL = re.compile(
    r"[\w.+-]+@[\w-]+\.\w|(?<!\d)\+?\d[\d ()./-]{7,}\d(?!\d)|(?:https?://|www\.)\S|\b(?:\d{1,3}\.){3}\d{1,3}\b"
)


def has_personal_data(text: str) -> bool:
    """Say whether a text holds an e-mail address, a telephone or card number, a link or an IP address."""
    return bool(_PERSONAL.search(text))


class Names:
    """Replaces people's names by others, drawn evenly from groups, the same one for the same name in one text."""

    def __init__(self, groups: Mapping[str, Sequence[str]]) -> None:
        self._groups = [tuple(names) for names in groups.values()]
        self._known = frozenset(name.split()[0] for names in self._groups for name in names)

    def draw(self, source: random.Random) -> str:
        """Return a full name; every group is as likely as any other."""
        return source.choice(source.choice(self._groups))

    def replace(self, texts: Iterable[str], *, people: Iterable[str], source: random.Random) -> list[str]:
        """Return ``texts`` with the names of ``people``, and known first names, replaced by drawn ones."""
        texts = list(texts)
        words = {word for name in people for word in name.split() if len(word) > 2 and word[0].isupper()}
        said = {word for text in texts for word in re.findall(r"\b[A-Z][a-z]+\b", text)}
        drawn = {word: self.draw(source).split() for word in sorted((words | self._known) & said)}
        families = {name.split()[-1] for name in people if " " in name}
        if not drawn:
            return texts
        pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, drawn))})\b")

        def other(match: re.Match[str]) -> str:
            name = drawn[match.group()]
            return name[-1] if match.group() in families else name[0]

        return [pattern.sub(other, text) for text in texts]
