"""What is known of words: as simplemma tells it, from dictionaries that are read once and kept."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import simplemma
from simplemma.strategies.dictionaries import DefaultDictionaryFactory, dictionary_factory

from dalle_kit.checks import lemmas

WORDS = "went Häuser BBC Rose rose Tom's bookkeeping zxcvq isn't l'homme re-read 42 ß İ \u0130x naïve \0 a\0b".split()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache folder without any dictionary, and nothing in memory."""
    monkeypatch.setenv("DALLE_KIT_HOME", str(tmp_path))
    forget()
    yield tmp_path / "cache" / "lemmas"
    forget()


def forget() -> None:
    for each in (lemmas._dictionary, lemmas._lemmatizer, lemmas._lookup, lemmas._strategy):
        each.cache_clear()


@pytest.mark.parametrize("language", ["en", "de"])
def test_words_are_what_simplemma_says_also_from_what_was_kept(folder: Path, language: str) -> None:
    some = random.Random(0).sample(sorted(DefaultDictionaryFactory().get_dictionary(language)), 800)
    words = [*some, *(word.upper() for word in some[:200]), *(word[1:] for word in some[:200] if word[1:]), *WORDS]
    for _ in range(2):  # the second time as it was kept
        assert [lemmas.lemma(word, language) for word in words] == [simplemma.lemmatize(w, language) for w in words]
        assert [lemmas.is_known(word, language) for word in words] == [simplemma.is_known(w, language) for w in words]
        text = " ".join(words[:60])
        assert lemmas.share_known(text, language) == simplemma.in_target_language(text, language)
        forget()
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize("keep", [0, 5, 100, -1])
def test_a_damaged_dictionary_is_read_anew(folder: Path, keep: int) -> None:
    assert lemmas.lemma("went", "en") == "go"
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:keep] if keep >= 0 else whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:])
    forget()
    assert lemmas.lemma("went", "en") == "go"
    assert [each.read_bytes() for each in folder.iterdir()] == [whole]


def test_a_dictionary_of_another_version_is_taken_away_and_that_of_another_language_stays(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "en-1.0-1.0").write_bytes(b"old")
    (folder / "nb-1.0-1.0").write_bytes(b"old")
    assert lemmas.lemma("went", "en") == "go"
    assert {each.name[:6] for each in folder.iterdir()} == {f"en-{simplemma.__version__}"[:6], "nb-1.0"}


def test_where_nothing_can_be_kept_words_are_known_all_the_same(folder: Path) -> None:
    folder.parent.mkdir(parents=True)
    folder.write_text("no folder")
    assert lemmas.lemma("went", "en") == "go"
    assert folder.read_text() == "no folder"


@pytest.mark.usefixtures("folder")
def test_a_dictionary_is_read_once_however_many_threads_ask_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    read = dictionary_factory._load_dictionary_from_disk
    languages = []

    def slowly(language: str) -> dict[bytes, bytes]:
        languages.append(language)
        time.sleep(0.05)  # long enough for every thread to ask
        return read(language)

    monkeypatch.setattr(dictionary_factory, "_load_dictionary_from_disk", slowly)
    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(lambda _: lemmas.is_known("hus", "nb"), range(8)))
    assert languages == ["nb"]
