"""The index of runs beside a set: it is that of the set as it is, whatever happened to either."""

from __future__ import annotations

import errno
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dalle_kit.errors import ExampleError
from dalle_kit.examples import ExampleSet, ExampleStore, run_index
from dalle_kit.examples.runs import keys_of

from .conftest import found

SENTENCES = [
    "The van is booked for Saturday, so please bring the keys back to the desk.",
    "Nobody has told the printers yet that the cover is to be blue this time.",
    "We meet in the small room on the second floor, as the large one is taken.",
]


def files(plans: ExampleSet) -> list[Path]:
    return sorted(plans.folder.glob("runs-*"))


def expected(plans: ExampleSet) -> list[int]:
    """The index made of the texts as they are numbered now."""
    rows = [(number, text) for number in range(1, 100) if (text := plans.numbered(number))]
    return list(map(int, keys_of((number, text.text) for number, text in rows)))


def is_right(plans: ExampleSet) -> bool:
    """Whether what a reader that knows nothing yet gets is the index of the set; noughts are nobody's."""
    fresh = ExampleStore(plans.folder.parent).open(plans.name)
    return sorted(set(fresh.run_keys().tolist()) - {0}) == expected(plans) and len(files(plans)) == 1


def test_an_import_makes_the_index_and_the_next_ones_extend_it(store: ExampleStore) -> None:
    store.add("plans", found(*SENTENCES[:2]))
    plans = store.open("plans")
    (first,) = files(plans)
    assert is_right(plans)
    store.add("plans", found(*SENTENCES))
    assert is_right(plans) and files(plans) != [first]
    assert plans.run_keys() is plans.run_keys()


def test_a_set_without_long_texts_has_an_index_without_keys(store: ExampleStore) -> None:
    store.add("plans", found("One.", "Two."))
    assert is_right(store.open("plans")) and not len(store.open("plans").run_keys())
    store.add("plans", found(SENTENCES[0]))
    assert is_right(store.open("plans")) and len(store.open("plans").run_keys())


def test_nothing_of_a_removed_text_is_left_in_the_index(store: ExampleStore) -> None:
    store.add("plans", found(*SENTENCES))
    plans = store.open("plans")
    before = plans.run_keys()
    gone = {key for key in before.tolist() if key & 0xFFFFFFFF == 2}
    (file,) = files(plans)
    assert len(gone) == 8
    store.remove("plans", [found(SENTENCES[1])[0].id])
    data = file.read_bytes()
    assert not any(key.to_bytes(8, "little") in data for key in gone)
    assert is_right(plans)
    # The number of what was added last is given again.
    store.remove("plans", [found(SENTENCES[2])[0].id])
    store.add("plans", found("Another text that has more than eight words in it, and so some windows."))
    assert is_right(plans)


def _remove(file: Path) -> None:
    file.unlink()


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-8])


def _spoil(file: Path) -> None:
    file.write_bytes(random.Random(0).randbytes(file.stat().st_size))


def _lengthen(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"\xff" * 3)


@pytest.mark.parametrize("damage", [_remove, _cut, _spoil, _lengthen])
@pytest.mark.parametrize("change", ["none", "add", "remove"])
def test_a_missing_or_damaged_index_is_made_anew(
    store: ExampleStore, damage: Callable[[Path], None], change: str
) -> None:
    store.add("plans", found(*SENTENCES))
    plans = store.open("plans")
    damage(files(plans)[0])
    if change == "add":
        store.add("plans", found(SENTENCES[0].upper()))
    elif change == "remove":
        store.remove("plans", [found(SENTENCES[0])[0].id])
    assert is_right(plans)


def test_a_set_from_before_there_were_indices_gets_one(store: ExampleStore, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("dalle_kit.examples.store.extend_index", lambda *_, **__: None)
        store.add("plans", found(*SENTENCES))
    plans = store.open("plans")
    assert files(plans) == []
    assert is_right(plans)
    (file,) = files(plans)
    assert is_right(plans) and files(plans) == [file]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(errno.ENOSPC, "full"), ExampleError("no")])
def test_what_happens_while_indexing_costs_no_text(
    store: ExampleStore, monkeypatch: pytest.MonkeyPatch, error: Any
) -> None:
    store.add("plans", found(SENTENCES[0]))

    def fail(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr("dalle_kit.examples.store.extend_index", fail)
        try:
            store.add("plans", found(*SENTENCES))
        except KeyboardInterrupt:
            pass
    assert len(store.open("plans")) == 3
    assert is_right(store.open("plans"))


def test_an_index_that_cannot_be_kept_is_used_all_the_same(
    store: ExampleStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.open

    def full(self: Path, mode: str = "r", *rest: Any, **named: Any) -> Any:
        if mode == "xb":
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(self, mode, *rest, **named)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full)
        assert store.add("plans", found(*SENTENCES)).added == 3
        plans = store.open("plans")
        assert plans.run_keys().tolist() == expected(plans)
        assert plans.run_keys() is plans.run_keys() and files(plans) == []
    assert is_right(plans)


def test_a_set_that_took_the_place_of_another_is_indexed_as_it_is(store: ExampleStore) -> None:
    store.add("plans", found(*SENTENCES))
    plans = store.open("plans")
    assert len(plans.run_keys())
    store.remove("plans")
    store.add("plans", found(*reversed(SENTENCES)))
    assert plans.run_keys().tolist() == expected(plans) and is_right(plans)


def test_a_change_meanwhile_leaves_no_index_of_an_older_version(
    store: ExampleStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.add("plans", found(SENTENCES[0]))
    plans = store.open("plans")
    files(plans)[0].unlink()

    def slow(texts: Any) -> Any:
        keys = keys_of(texts)
        monkeypatch.setattr(run_index, "keys_of", keys_of)
        store.add("plans", found(SENTENCES[1]))
        return keys

    monkeypatch.setattr(run_index, "keys_of", slow)
    assert len(plans.run_keys())  # of the version it began with
    assert is_right(plans)
    assert plans.run_keys().tolist() == expected(plans)
