"""Documents made again from their records, with the real default model, and what is told where they differ."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit import AsyncKit, ConfigError, Kit, Provenance
from dalle_kit.cli.main import main
from dalle_kit.examples.index import encode_set
from dalle_kit.examples.memory_set import MemorySet
from dalle_kit.examples.store import ExampleStore
from dalle_kit.examples.texts import Found
from dalle_kit.recorded import read_record
from dalle_kit.recording import _plain, fields_of

LETTERS = (
    "Hi Maria,\n\nJust a quick one: the bins go out on Tuesday. Could you take ours too?\n\nCheers,\nOle",
    "Hi Ben,\n\nThe kettle is broken again. I will bring mine tomorrow.\n\nCheers,\nOle",
    "Hi Ana,\n\nLunch is at one. Bring your own plates, please.\n\nCheers,\nOle",
)
REQUEST: dict[str, Any] = {
    "to": ["Priya Raman <priya@example.com>"],
    "subject": "Van for Saturday",
    "points": ["van booked for Saturday"],
    "sender": "Tom",
}
MADE: dict[str, Any] = {
    **dict.fromkeys(each.name for each in fields(Provenance)),
    **dict.fromkeys(("version", "created", "domain", "template"), "email"),
    **dict.fromkeys(("candidate", "prompt_tokens", "generated_tokens"), 0),
    **{key: {} for key in ("finish_reasons", "plugins", "timings", "options", "model_parts", "libraries", "templates")},
    **{key: [] for key in ("dropped", "repairs", "examples")},
    **{"repair": True, "constrained": True, "budget_spent": False, "name_blind": False, "privacy": "off"},
}
PLAIN = {"to": ["ana@example.com"], "subject": "Lunch"}
FOUND = [Found(text=text, kind="email", origin=f"letter {number}") for number, text in enumerate(LETTERS)]


@pytest.fixture
def kit(home: Path) -> Kit:
    return Kit()


@pytest.fixture
def letters(kit: Kit) -> Callable[..., ExampleStore]:
    """Add texts to the set "letters", which begins with a few."""

    def add(*more: Found) -> ExampleStore:
        store = ExampleStore()
        store.add("letters", [*FOUND, *more])
        encode_set(store.open("letters"), kit.examples.encoder)
        return store

    add()
    return add


def vars_of(kind: Any) -> list[str]:
    return [each.name for each in fields(kind)]


def recorded(document: Any) -> dict[str, Any]:
    """Return a document's record as it comes out of a file."""
    read: dict[str, Any] = json.loads(json.dumps(document.as_dict()))
    return read


def test_a_drawn_text_is_made_again_after_the_very_examples(kit: Kit, letters: Callable[..., ExampleStore]) -> None:
    document = kit.generate("email", REQUEST, like="letters", temperature=0.9, candidates=2, max_tokens=20)
    letters(Found(text="Hi Priya,\n\nThe van is booked for Saturday. Keys at the desk.\n\nYours,\nLu"))
    again = kit.reproduce(recorded(document))
    assert again.document is not None and again.document.text == document.text
    assert again.same and again.differences == ()
    assert [use.id for use in again.document.provenance.examples] == [use.id for use in document.provenance.examples]


def test_an_example_that_is_gone_is_named(kit: Kit, letters: Callable[..., ExampleStore]) -> None:
    record = recorded(kit.generate("email", REQUEST, like="letters", max_tokens=20))
    gone = record["provenance"]["examples"][1]
    letters().remove("letters", [gone["id"]])
    again = kit.reproduce(record)
    assert not again.same and again.document is None
    assert [str(each) for each in again.differences] == [
        f"example {gone['id']} of 'letters': was there ({gone['origin']}), is missing"
    ]


def test_examples_of_files_are_looked_for_where_like_says(kit: Kit) -> None:
    files = MemorySet("files", FOUND)
    record = recorded(kit.generate("email", REQUEST, like=[files], max_tokens=20))
    assert "give the files with --like" in str(kit.reproduce(record).differences[0])
    assert kit.reproduce(record, like=[files]).same


def test_vectors_are_made_again_at_the_strength_they_had(kit: Kit) -> None:
    files = MemorySet("files", FOUND)
    record = recorded(kit.generate("email", REQUEST, like=[files], steer="vector", max_tokens=20))
    assert record["provenance"]["strength"]
    assert kit.reproduce(record, like=[files]).same


def test_a_changed_template_is_told_with_the_first_line_that_differs(kit: Kit, home: Path) -> None:
    record = recorded(kit.generate("email", PLAIN))
    assert record["provenance"]["model"] is None and kit.reproduce(record).same
    folder = home / "templates" / "email"
    folder.mkdir(parents=True)
    (folder / "document.j2").write_text("Hello!\n\n{{ nothing_to_say }}\n", encoding="utf-8")
    again = Kit().reproduce(record)
    told = [str(each) for each in again.differences]
    assert not again.same and any(each.startswith("template email/document.j2: was ") for each in told)
    assert told[-1].startswith("text, line 1, from character 1: was 'Hello,\\n', is 'Hello!\\n'")


def test_another_model_plugin_or_library_is_told(kit: Kit) -> None:
    record = recorded(kit.generate("email", REQUEST, max_tokens=20))
    made = record["provenance"]
    made["plugins"] = {"email": "dalle-kit 0.0.9", "polite": "polite-mail 1.2"}
    made["model_parts"]["adapter"], made["libraries"]["tokenizers"] = "0" * 64, "0.1"
    again = kit.reproduce(record)
    told = " / ".join(map(str, again.differences))
    assert again.same  # none of it had a part in the text
    for words in (
        "plugin email: was dalle-kit 0.0.9, is dalle-kit ",
        "plugin polite: was polite-mail 1.2, is missing",
        "adapter: was 000000000000, is ",
        "library tokenizers: was 0.1, is ",
    ):
        assert words in told


def test_what_the_time_was_not_enough_for_is_not_made_again(kit: Kit) -> None:
    record = recorded(kit.generate("email", REQUEST, budget=1e-6))
    again = kit.reproduce(record)
    assert record["provenance"]["budget_spent"] and not again.same and again.document is None
    assert str(again.differences[0]).startswith("the time: was up after 1e-06 s")


def test_a_message_of_any_bytes_comes_back(kit: Kit) -> None:
    source = "From: Ana Brück <ana@example.com>\nSubject: Café\n\nWann geht es los?\n".encode("latin-1")
    document = kit.generate("email", reply_to=source, points=["at noon"], sender="Tom", max_tokens=20)
    record = recorded(document)
    assert fields_of(record["request"])["reply_to"] == source
    assert kit.reproduce(record).same


def test_asyncio_makes_and_explains_texts_too(kit: Kit) -> None:
    async def work() -> tuple[bool, int]:
        awaited = AsyncKit(kit)
        document = await awaited.generate("email", PLAIN)
        return (await awaited.reproduce(document)).same, len((await awaited.explain("email", PLAIN)).sentences)

    assert asyncio.run(work()) == (True, 3)


def test_a_domain_that_is_gone_is_told(kit: Kit) -> None:
    record = recorded(kit.generate("email", PLAIN))
    again = kit.reproduce({**record, "domain": "telegram"})
    assert not again.same and "no domain named 'telegram'" in str(again.differences[-1])


@pytest.mark.parametrize("record", [b"", b"[]", b'{"text": 1}', b"\xff\xfe", b"1e999"])
def test_what_is_no_record_is_an_error_of_one_line(
    record: bytes, tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "record.json"
    file.write_bytes(record)
    assert main(["reproduce", str(file)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("Error: this is no record of a document (") and error.count("\n") == 1


@pytest.mark.parametrize("part", [{"redo": 5}, {"seed": []}, {"of": []}, {"replaced": 5}])
def test_a_revision_that_cannot_be_is_no_record(part: dict[str, Any]) -> None:
    record = {"domain": "email", "request": {}, "text": "", "provenance": MADE, "revision": part}
    with pytest.raises(ConfigError, match=f"revision.{next(iter(part))}: "):
        read_record(record)


def test_the_model_of_several_records_is_loaded_once(kit: Kit) -> None:
    one, other = (read_record({"domain": "email", "request": {}, "text": text, "provenance": MADE}) for text in "ab")
    made = kit._as_recorded(one)
    assert kit._as_recorded(other) is made
    elsewhere = replace(other, provenance=replace(other.provenance, model="smollm2-135m"))
    assert kit._as_recorded(elsewhere).model == "smollm2-135m"


def test_options_that_cannot_be_are_an_error(kit: Kit) -> None:
    record = recorded(kit.generate("email", PLAIN))
    record["provenance"]["options"]["temperature"] = -1
    with pytest.raises(ConfigError, match="temperature: -1"):
        kit.reproduce(record)


def test_the_command_says_the_same_by_its_exit_code(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "document.json"
    assert main(["email", "--to", "ana@example.com", "--subject", "Lunch", "--json", "-o", str(file), "-q"]) == 0
    assert main(["reproduce", str(file)]) == 0
    assert capsys.readouterr().out == "The text is the same.\n"
    record = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**record, "text": "Something else"}), encoding="utf-8")
    assert main(["reproduce", str(file), "--json"]) == 3
    told = json.loads(capsys.readouterr().out)
    assert told["same"] is False and told["differences"][-1]["was"] == "'Something else'"
    assert told["text"] == record["text"]


leaves = st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.floats(allow_nan=False)


@given(st.dictionaries(st.text(), st.recursive(leaves, lambda inner: st.lists(inner), max_leaves=8)))
def test_fields_come_back_from_json(values: dict[str, Any]) -> None:
    assert fields_of(json.loads(json.dumps(_plain(values)))) == values


def test_damaged_bytes_are_told(kit: Kit) -> None:
    record = recorded(kit.generate("email", reply_to=b"From: a@example.com\nSubject: x\n\ny\n", sender="Tom"))
    record["request"]["reply_to"] = {"$base64": "a"}
    assert "$base64: " in str(kit.reproduce(record).differences[-1])


@given(st.sampled_from(["domain", "request", "text", "provenance", *vars_of(Provenance)]), st.data())
def test_a_record_of_which_anything_was_changed_is_read_or_refused(name: str, data: st.DataObject) -> None:
    made = dict(MADE)
    record: dict[str, Any] = {"domain": "email", "request": PLAIN, "text": "Hello", "provenance": made}
    assert read_record(json.dumps(record).encode()).provenance.template == "email"
    (record if name in record else made)[name] = data.draw(st.recursive(leaves, lambda inner: st.lists(inner)))
    try:
        read_record(record)
    except ConfigError as error:
        assert str(error).startswith("this is no record of a document (") and "\n" not in str(error)
