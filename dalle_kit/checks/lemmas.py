"""What simplemma knows of words, from dictionaries that need not be read again.

Reading a dictionary takes as long as writing a sentence. It is therefore written into the cache folder once, as a trie,
which is there at once and takes a twentieth of the memory.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dalle_kit.errors import DalleKitError
from dalle_kit.files import make_private_folder, write_atomically
from dalle_kit.paths import find_paths
from dalle_kit.process_lock import ProcessLock

if TYPE_CHECKING:
    from marisa_trie import BytesTrie
    from simplemma import Lemmatizer
    from simplemma.strategies import DefaultStrategy, DictionaryLookupStrategy

_DIGEST = hashlib.sha256().digest_size

#: Every thread that asked for the first word while its dictionary is read would read that again.
_READING = ProcessLock()


def lemma(word: str, language: str) -> str:
    """Return what a word is found under in a dictionary: "go" for "went"; an unknown word in small letters."""
    with _READING:
        return str(_lemmatizer().lemmatize(word, lang=language))


def is_known(word: str, language: str) -> bool:
    """Say whether a dictionary has a word, whatever its capitals."""
    from simplemma.utils import normalize_token

    with _READING:
        return _lookup().get_lemma(normalize_token(word), language) is not None


def share_known(text: str, language: str) -> float:
    """Return how many of a text's most frequent words are of a language, from 0 to 1."""
    from simplemma import LanguageDetector

    with _READING:
        detector = LanguageDetector(language, lemmatization_strategy=_strategy())
        return float(detector.proportion_in_target_languages(text))


@cache
def _lemmatizer() -> Lemmatizer:
    from simplemma import Lemmatizer

    return Lemmatizer(lemmatization_strategy=_strategy())


@cache
def _strategy() -> DefaultStrategy:
    from simplemma.strategies import DefaultStrategy

    return DefaultStrategy(dictionary_factory=_Dictionaries())


@cache
def _lookup() -> DictionaryLookupStrategy:
    from simplemma.strategies import DictionaryLookupStrategy

    return DictionaryLookupStrategy(_Dictionaries())


class _Dictionaries:
    """Where simplemma gets its dictionaries from."""

    def get_dictionary(self, lang: str) -> Mapping[str, str]:
        """Return the lemmas of a language's words."""
        return _dictionary(lang)


class _Dictionary(Mapping[str, str]):
    """The lemma of each word of a language."""

    def __init__(self, trie: BytesTrie) -> None:
        self._trie = trie

    def __getitem__(self, word: str) -> str:
        found = self.get(word)
        if found is None:
            raise KeyError(word)
        return str(found)

    def get(self, word: str, default: Any = None) -> Any:
        """Return the lemma of a word, the default where there is none."""
        if "\0" in word:  # which a trie refuses to look for
            return default
        lemmas = self._trie.get(word)
        return str(lemmas[0], "utf-8") if lemmas else default

    def __iter__(self) -> Iterator[str]:
        return iter(self._trie.keys())

    def __len__(self) -> int:
        return len(self._trie)


@cache
def _dictionary(language: str) -> Mapping[str, str]:
    key = f"{language}-{version('simplemma')}-{version('marisa-trie')}"
    file = find_paths().cache / "lemmas" / key
    trie = _kept(file)
    if trie is None:
        from marisa_trie import BytesTrie
        from simplemma.strategies.dictionaries import DefaultDictionaryFactory

        words = DefaultDictionaryFactory().get_dictionary(language)
        trie = BytesTrie((word, found.encode()) for word, found in words.items())
        _keep(file, trie.tobytes())
    return _Dictionary(trie)


def _kept(file: Path) -> BytesTrie | None:
    """Return what was kept in a file; None where there is none, or it is damaged."""
    from marisa_trie import BytesTrie

    try:
        data = file.read_bytes()
    except OSError:
        return None
    # What is damaged might be read far beyond its end.
    is_whole = hashlib.sha256(data[_DIGEST:]).digest() == data[:_DIGEST]
    return BytesTrie().frombytes(data[_DIGEST:]) if is_whole else None


def _keep(file: Path, data: bytes) -> None:
    """Keep a trie in a file, where that can be written, in place of those of other versions."""
    with contextlib.suppress(OSError, DalleKitError):
        make_private_folder(file.parent)
        language = file.name.partition("-")[0]
        for other in file.parent.glob(f"{language}-*"):
            other.unlink()
        write_atomically(file, hashlib.sha256(data).digest() + data, force=True)
