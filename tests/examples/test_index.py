"""Encoding sets bit by bit, and finding what is near."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.errors import ExampleError
from dalle_kit.examples import ExampleStore, Found, encode_set, search
from dalle_kit.examples.encoder import Vectors
from dalle_kit.examples.vectors import map_rows, nearest_rows, write_rows

from .conftest import BagOfWords, found

WORDS = "room date price order letter plan meeting invoice sample report".split()


def many(count: int) -> list[Found]:
    return found(*(f"{WORDS[n % 10]} {WORDS[n // 10 % 10]} {n}" for n in range(count)))


def test_only_new_texts_are_encoded(store: ExampleStore, encoder: BagOfWords) -> None:
    store.add("plans", many(300))
    heard: list[tuple[str, int, int | None]] = []
    assert encode_set(store.open("plans"), encoder, progress=lambda *each: heard.append(each)) == 300
    assert [each[1:] for each in heard] == [(0, 300), (128, 300), (256, 300), (300, 300)]
    store.add("plans", [*many(300), *found("a new one")])
    encoder.encoded.clear()
    assert encode_set(store.open("plans"), encoder) == 1
    assert encoder.encoded == ["a new one"]
    assert encode_set(store.open("plans"), encoder) == 0


def test_an_interrupted_run_is_continued(store: ExampleStore) -> None:
    class Interrupted(BagOfWords):
        def encode(self, texts: Sequence[str]) -> Vectors:
            if len(self.encoded) >= 256:
                raise KeyboardInterrupt
            return super().encode(texts)

    store.add("plans", many(400))
    plans = store.open("plans")
    with pytest.raises(KeyboardInterrupt):
        encode_set(plans, Interrupted())
    assert plans.info().encoded == 256
    assert len(search(plans, "room", encoder=BagOfWords(), count=400)) == 256
    assert encode_set(plans, BagOfWords()) == 144
    assert len(search(plans, "room", encoder=BagOfWords(), count=500)) == 400


def test_the_nearest_are_found_exactly(store: ExampleStore, encoder: BagOfWords) -> None:
    texts = many(200)
    store.add("plans", texts)
    encode_set(store.open("plans"), encoder)
    near = search(store.open("plans"), "price room", encoder=encoder, count=7)
    (query,) = encoder.encode(["price room"])
    likeness = encoder.encode([each.text for each in texts]) @ query
    expected = sorted(range(200), key=lambda row: (-likeness[row], row))[:7]
    assert [each.found.text for each in near] == [texts[row].text for row in expected]
    assert [each.similarity for each in near] == pytest.approx([likeness[row] for row in expected], abs=1e-6)
    np.testing.assert_allclose(near[0].vector @ query, near[0].similarity, atol=1e-6)


def test_the_beginning_of_a_long_text_is_encoded_with_its_subject(store: ExampleStore, encoder: BagOfWords) -> None:
    store.add("plans", [Found(text="x" * 5000, subject="Room"), Found(text="y")])
    encode_set(store.open("plans"), encoder)
    assert encoder.encoded == [f"Room\n{'x' * 2000}", "y"]


def test_one_kind_may_be_asked_for(store: ExampleStore, encoder: BagOfWords) -> None:
    code = [Found(text=f"def plan_{number}(): pass", kind="code") for number in range(3)]
    store.add("mixed", [*many(500), *code])
    encode_set(store.open("mixed"), encoder)
    near = search(store.open("mixed"), "room date", encoder=encoder, count=5, kind="code")
    assert len(near) == 3 and {each.found.kind for each in near} == {"code"}
    assert search(store.open("mixed"), "room date", encoder=encoder, kind="email") == []


def test_another_encoder_is_refused_and_never_mixed(store: ExampleStore, encoder: BagOfWords) -> None:
    store.add("plans", many(10))
    plans = store.open("plans")
    with pytest.raises(ExampleError, match=r"are not encoded yet; run `dalle-kit examples add plans`"):
        search(plans, "room", encoder=encoder)
    encode_set(plans, encoder)
    other = BagOfWords("other", "cd" * 32, width=32)
    store.add("plans", found("a new one"))
    for use in (lambda: encode_set(plans, other), lambda: search(plans, "room", encoder=other)):
        with pytest.raises(ExampleError, match=r"encoded with words \(abababab\), and .* is other \(cdcdcdcd\)"):
            use()
    assert other.encoded == ["room"]
    assert encode_set(plans, other, reencode=True) == 11
    assert plans.info().encoder == "other" and len(search(plans, "room", encoder=other, count=20)) == 11
    assert len(list(plans.folder.glob("vectors-*"))) == 1
    with pytest.raises(ExampleError, match="--reencode"):
        search(plans, "room", encoder=encoder)


def test_the_same_weights_under_another_name_are_the_same_encoder(store: ExampleStore, encoder: BagOfWords) -> None:
    store.add("plans", many(3))
    encode_set(store.open("plans"), encoder)
    assert search(store.open("plans"), "room", encoder=BagOfWords("alias"))
    with pytest.raises(ExampleError, match="encoded with words"):
        search(store.open("plans"), "room", encoder=BagOfWords("alias", None))


def test_an_interrupted_change_of_the_encoder_is_finished_later(store: ExampleStore, encoder: BagOfWords) -> None:
    class Interrupted(BagOfWords):
        def encode(self, texts: Sequence[str]) -> Vectors:
            if self.encoded:
                raise KeyboardInterrupt
            return super().encode(texts)

    store.add("plans", many(200))
    plans = store.open("plans")
    encode_set(plans, encoder)
    with pytest.raises(KeyboardInterrupt):
        encode_set(plans, Interrupted("other", "cd" * 32), reencode=True)
    assert encode_set(plans, BagOfWords("other", "cd" * 32)) == 72


def test_a_set_changed_while_it_is_open_is_searched_as_it_is_now(store: ExampleStore, encoder: BagOfWords) -> None:
    store.add("plans", found("room one", "room two"))
    plans = store.open("plans")
    encode_set(plans, encoder)
    assert len(search(plans, "room", encoder=encoder)) == 2
    store.remove("plans", [found("room one")[0].id])
    assert [each.found.text for each in search(plans, "room", encoder=encoder)] == ["room two"]
    store.add("plans", found("room three"))
    assert len(search(plans, "room", encoder=encoder)) == 1
    encode_set(store.open("plans"), encoder)
    assert {each.found.text for each in search(plans, "room", encoder=encoder)} == {"room two", "room three"}
    # The row of what was removed is used again.
    assert next(plans.folder.glob("vectors-*")).stat().st_size == 2 * 64 * 4
    store.remove("plans")
    with pytest.raises(ExampleError, match="were removed while they were in use"):
        search(plans, "room", encoder=encoder)


def test_searches_go_on_while_a_set_is_changed(store: ExampleStore, encoder: BagOfWords) -> None:
    store.add("plans", many(100))
    plans = store.open("plans")
    encode_set(plans, encoder)
    over, faults = threading.Event(), list[BaseException]()

    def read() -> None:
        reader = BagOfWords()
        while not over.is_set():
            try:
                for each in search(plans, "room date", encoder=reader, count=20):
                    assert each.found.text
            except BaseException as error:
                faults.append(error)
                return

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(8):
        store.add("plans", found(*(f"room {number} {other}" for other in range(20))))
        encode_set(plans, encoder, reencode=number % 3 == 0)
        store.remove("plans", [each.id for each in found(*(f"room {number} {other}" for other in range(10)))])
    over.set()
    for reader in readers:
        reader.join()
    assert faults == []
    assert len(plans) == 180


def test_vectors_that_were_cut_short_are_said(store: ExampleStore, encoder: BagOfWords) -> None:
    store.add("plans", many(10))
    plans = store.open("plans")
    encode_set(plans, encoder)
    (file,) = plans.folder.glob("vectors-*")
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ExampleError, match="are damaged; encode them anew: dalle-kit examples add plans --reencode"):
        search(plans, "room", encoder=encoder)
    encode_set(plans, encoder, reencode=True)
    assert search(plans, "room", encoder=encoder)


def test_what_was_written_and_not_noted_is_written_again(store: ExampleStore, encoder: BagOfWords) -> None:
    store.add("plans", many(5))
    plans = store.open("plans")
    encode_set(plans, encoder)
    (file,) = plans.folder.glob("vectors-*")
    with file.open("ab") as stream:
        stream.write(np.ones(64 * 3 + 1, dtype=np.float32).tobytes())  # as a process leaves it that was killed
    assert len(search(plans, "room", encoder=encoder, count=20)) == 5
    store.add("plans", found("the next"))
    encode_set(plans, encoder)
    assert search(plans, "the next", encoder=encoder)[0].found.text == "the next"


@pytest.mark.parametrize("wrong", [np.zeros((1, 4)), np.full((3, 4), np.nan), np.zeros(3)])
def test_an_encoder_that_gives_no_vectors_is_said(store: ExampleStore, wrong: Vectors) -> None:
    class Wrong(BagOfWords):
        def encode(self, texts: Sequence[str]) -> Vectors:
            return wrong.astype(np.float32)

    store.add("plans", many(3))
    with pytest.raises(ExampleError, match="gave no vector for each text"):
        encode_set(store.open("plans"), Wrong())


def test_an_encoder_that_makes_wider_vectors_than_before_is_said_with_the_fix(
    store: ExampleStore, encoder: BagOfWords
) -> None:
    store.add("plans", many(3))
    plans, wider = store.open("plans"), BagOfWords(width=128)
    encode_set(plans, encoder)
    with pytest.raises(ExampleError, match=r"128 numbers cannot be compared .* of 64; encode .* NAME --reencode"):
        search(plans, "room", encoder=wider)
    store.add("plans", found("One."))
    with pytest.raises(ExampleError, match=r"vectors of 128 numbers, before of 64; .* add plans --reencode"):
        encode_set(plans, wider)
    assert encode_set(plans, wider, reencode=True) == 4


def test_a_hundred_thousand_texts(store: ExampleStore) -> None:
    encoder = BagOfWords(width=16)
    texts = (Found(text=f"{WORDS[n % 10]} {WORDS[n // 10 % 10]} number{n}") for n in range(100_000))
    assert store.add("many", texts).added == 100_000
    plans = store.open("many")
    assert encode_set(plans, encoder) == 100_000
    assert plans.info().encoded == 100_000
    assert search(plans, "price sample number35782", encoder=encoder, count=1)[0].similarity > 0.99
    assert len(plans.sample(10)) == 10 and plans.sample(10) == plans.sample(10)


@given(st.integers(1, 40), st.integers(1, 6), st.integers(0, 50), st.randoms(use_true_random=False))
def test_rows_are_found_as_sorting_all_finds_them(rows: int, width: int, count: int, random: object) -> None:
    source = np.random.default_rng(rows * 100 + width)
    matrix, query = source.normal(size=(rows, width)).astype("f4"), source.normal(size=width).astype("f4")
    among = source.random(rows) < 0.7
    likeness = matrix @ query
    expected = [row for row in sorted(range(rows), key=lambda row: (-likeness[row], row)) if among[row]]
    assert [row for row, _ in nearest_rows(matrix, query, count, among=among)] == expected[:count]


def test_rows_are_written_where_they_belong(tmp_path: Path) -> None:
    vectors = np.arange(6, dtype=np.float32).reshape(2, 3)
    write_rows(tmp_path / "v", [4, 1], vectors)
    rows = map_rows(tmp_path / "v", 3)
    assert rows.shape == (5, 3)
    assert rows[4].tolist() == [0, 1, 2] and rows[1].tolist() == [3, 4, 5] and not rows[0].any()
    assert map_rows(tmp_path / "nothing", 3).shape == (0, 3)
