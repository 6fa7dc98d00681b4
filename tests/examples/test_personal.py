"""Personal data in sets of examples: counted, found, and replaced by made-up data, the same for the same."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest

from dalle_kit.errors import ExampleError
from dalle_kit.examples import ExampleStore, Found, Sighting, scan
from dalle_kit.examples.personal import counted
from dalle_kit.privacy import PersonalData, PersonalFinder

TOM = Found(
    text="Hi Mira,\n\nthe room is free; Mira's key is here. Write to eva.k@corp.invalid.org or call +49 30 901820.\n\n"
    "Cheers,\nTom",
    kind="email",
    origin="sent.mbox:1",
    subject="Room for Mira, says Tom",
    author="Tom Ilves <tom@corp.invalid.org>",
)
MIRA = Found(
    text="Hi Tom,\n\nwill you come? Eva will.\n\nBest regards,\nMira Lopp",
    kind="email",
    origin="sent.mbox:2",
    author="Mira Lopp <mira@corp.invalid.org>",
)
SECRETS = ("Mira", "Tom", "Ilves", "Lopp", "corp.invalid", "901820", "eva.k")


def kept(store: ExampleStore, name: str) -> bytes:
    return b"".join(file.read_bytes() for file in (store.root / name).iterdir())


def seen(sightings: list[Sighting]) -> list[tuple[str, str, str]]:
    return [(each.place, each.kind, each.value) for each in sightings]


def test_what_is_personal_is_found_with_its_place() -> None:
    found = list(scan([TOM]))
    assert seen(found) == [
        ("author", "person", "Tom Ilves"),
        ("author", "e-mail address", "tom@corp.invalid.org"),
        ("text", "person", "Mira"),
        ("text", "person", "Mira"),
        ("text", "e-mail address", "eva.k@corp.invalid.org"),
        ("text", "phone number", "+49 30 901820"),
        ("text", "person", "Tom"),
        ("subject", "person", "Mira"),
        ("subject", "person", "Tom"),
    ]
    for each in found:
        assert {"author": TOM.author, "subject": TOM.subject, "text": TOM.text}[each.place][each.start : each.end] == (
            each.value
        )
        assert (each.id, each.origin) == (TOM.id, "sent.mbox:1")


def test_a_name_that_is_a_word_is_no_name_wherever_it_stands() -> None:
    young = Found(text="Will you come?\n\nBest regards,\nWill Young", author="Will Young")
    assert [(each.place, each.start) for each in scan([young])] == [("author", 0), ("text", 30)]


@pytest.mark.parametrize(
    ("kind", "value", "masked"),
    [
        ("e-mail address", "john@ex.org", "j…@e…"),
        ("person", "Ana Lopp", "A… L…"),
        ("phone number", "+49 30 901820", "+…"),
        ("user name", "@ana_s", "@a…"),
    ],
)
def test_a_masked_value_keeps_its_beginning_only(kind: str, value: str, masked: str) -> None:
    each = Sighting(kind=kind, id="", origin="", place="text", start=0, end=0, value=value)
    assert each.masked == masked


def test_a_finder_of_ones_own_finds_what_patterns_do_not() -> None:
    class Cats(PersonalFinder):
        def __init__(self) -> None: ...

        @property
        def names(self) -> bool:
            return True

        def find(self, text: str) -> list[PersonalData]:
            return [PersonalData("person", "Miauw", *match.span()) for match in re.finditer("Miauw", text)]

    texts = [Found(text="They fed Miauw.")]
    assert not list(scan(texts)) and [each.value for each in scan(texts, finder=Cats())] == ["Miauw"]


@pytest.mark.parametrize("piece", [" ", "Ana ", '"', "A", "Hi Ana,\n\nAna ", "<", "@"])
def test_no_author_and_no_text_takes_time_that_grows_with_its_square(piece: str) -> None:
    text = (piece * 40_000)[:40_000]
    start = time.process_time()
    list(scan([Found(text=f"{text}x", author=f"{text}@", subject=text)]))
    assert time.process_time() - start < 5


def test_an_import_counts_what_is_personal_in_what_it_adds(store: ExampleStore) -> None:
    from dalle_kit.privacy import load_finder

    report = store.add("letters", [TOM, TOM], finder=load_finder(names=False))
    assert report.personal == {"person": 6, "e-mail address": 2, "phone number": 1}
    assert store.add("letters", [MIRA]).personal == {}
    assert counted(report.personal) == "6 persons, 2 e-mail addresses, 1 phone number"


def test_made_up_data_is_the_same_for_the_same_in_the_whole_set(store: ExampleStore) -> None:
    report = store.add("safe", [TOM], redact=True)
    assert report.personal == {"person": 3, "e-mail address": 2, "phone number": 1}
    store.add("safe", [MIRA], redact=True)
    tom, mira = store.open("safe")
    assert not any(
        secret in f"{each.text}{each.subject}{each.author}" for each in (tom, mira) for secret in SECRETS[:4]
    )
    name, family = tom.author.split("<")[0].split()
    assert tom.text.endswith(f"Cheers,\n{name}") and mira.text.startswith(f"Hi {name},")
    other = mira.author.split()[0]
    assert tom.text.startswith(f"Hi {other},") and f"{other}'s key" in tom.text and other not in (name, family)
    assert (tom.origin, mira.origin) == ("sent.mbox:1", "sent.mbox:2")
    addresses = re.findall(r"[\w.]+@[\w.]+\w", "".join([tom.author, tom.text, mira.author]))
    assert addresses == ["person1@example.com", "person2@example.com", "person3@example.com"]


def test_nothing_of_the_real_data_is_on_the_disk(store: ExampleStore) -> None:
    store.add("safe", [TOM, MIRA], redact=True)
    data = kept(store, "safe")
    assert b"the room is free" in data and not [secret for secret in SECRETS if secret.encode() in data]


def test_the_same_again_is_there_already_and_other_people_get_other_names(store: ExampleStore) -> None:
    store.add("safe", [TOM, MIRA], redact=True)
    again = store.add("safe", [MIRA, TOM], redact=True)
    assert (again.added, again.skipped, again.personal) == (0, {"there already": 2}, {})
    store.add("safe", [Found(text="Hi Bruno,\n\nall is well.")], redact=True)
    names = {name for text in store.open("safe") for name in re.findall(r"Hi (\w+),", text.text)}
    assert len(names) == 3


def test_a_scan_passes_over_what_was_made_up_and_finds_what_is_left(store: ExampleStore) -> None:
    account = Found(text="It goes to account DE89 3704 0044 0532 0130 00 today.")
    store.add("safe", [TOM, MIRA, account], redact=True)
    assert list(scan(store.open("safe"))) == []
    store.add("safe", [Found(text="Hi Bruno,\n\ncall me: +49 30 901821.")])
    assert [each.value for each in scan(store.open("safe"))] == ["Bruno", "+49 30 901821"]


def test_with_another_key_nobody_is_taken_for_another(store: ExampleStore) -> None:
    store.add("safe", [TOM], redact=True)
    key = store.root / ".made-up-key"
    assert key.stat().st_mode & 0o077 == 0
    key.unlink()
    store.add("safe", [MIRA], redact=True)
    tom, mira = store.open("safe")
    assert mira.text.split()[1] not in tom.text
    key.write_bytes(b"short")
    with pytest.raises(ExampleError, match=r"\.made-up-key is damaged; remove it"):
        store.add("safe", [MIRA], redact=True)


def test_an_import_that_fails_keeps_nothing_of_what_was_made_up(store: ExampleStore) -> None:
    def failing() -> Iterator[Found]:
        yield TOM
        raise KeyboardInterrupt

    store.add("safe", [Found(text="One.")])
    with pytest.raises(KeyboardInterrupt):
        store.add("safe", failing(), redact=True)
    assert store.open("safe").made_up() == frozenset() and len(store.open("safe")) == 1
