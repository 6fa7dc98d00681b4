"""Documents written like examples, by the Python API and the command, with the real models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pydantic import Field

from dalle_kit import Domain, ExampleError, Kit, OptionError, Request, UnknownNameError, make_examples, option
from dalle_kit.cli.main import main
from dalle_kit.engine.engine import Engine
from dalle_kit.examples.memory_set import MemorySet, read_examples
from dalle_kit.examples.texts import Found
from dalle_kit.likeness.vectors import direction

if TYPE_CHECKING:
    from tests.conftest import Checkpoints

LETTERS = (
    "Hi Maria,\n\nJust a quick one: the bins go out on Tuesday. Could you take ours too?\n\nCheers,\nOle",
    "Hi Ben,\n\nThe kettle is broken again. I will bring mine tomorrow.\n\nCheers,\nOle",
    "Hi Ana,\n\nLunch is at one. Bring your own plates, please.\n\nCheers,\nOle",
    "Hi Kofi,\n\nThe van is booked from nine. Keys are with Quentin.\n\nCheers,\nOle",
    "Hi Mei,\n\nNo news on the heating yet. I will call them again on Friday.\n\nCheers,\nOle",
)
REQUEST: dict[str, Any] = {
    "to": ["Priya Raman <priya@example.com>"],
    "subject": "Van for Saturday",
    "points": ["van booked for Saturday", "keys at the front desk"],
    "sender": "Tom",
}


@pytest.fixture
def kit(home: Path) -> Kit:
    return Kit()


@pytest.fixture
def letters() -> MemorySet:
    return MemorySet(
        "letters", [Found(text=text, kind="email", origin=f"letter {n}") for n, text in enumerate(LETTERS)]
    )


def test_habits_of_the_author_fill_greeting_and_sign_off(kit: Kit, letters: MemorySet) -> None:
    text = kit.generate("email", REQUEST, like=[letters]).text
    assert text.startswith("Hi Priya,\n\n")
    assert "\n\nCheers,\nTom" in text


def test_a_field_can_ask_only_for_a_habit_that_there_is() -> None:
    class Note(Request):
        hello: str = Field("", description="The greeting.", json_schema_extra=option(habit="greetings"))

    with pytest.raises(ValueError, match="'hello' has the habit 'greetings'; there are 'greeting' and 'sign_off'"):
        Domain(name="note", summary="A note.", request=Note, templates="none")


def test_what_the_request_says_comes_before_habits(kit: Kit, letters: MemorySet) -> None:
    text = kit.generate("email", {**REQUEST, "greeting": "Good morning,", "sign_off": "Yours,"}, like=[letters]).text
    assert text.startswith("Good morning,\n\n") and "\n\nYours,\nTom" in text


def test_habits_of_another_language_are_not_kept_to(kit: Kit, letters: MemorySet) -> None:
    german = {**REQUEST, "points": ["Der Wagen ist reserviert"], "language": "de"}
    outline = kit.shape("email", german, like=[letters]).skeleton.outline()
    assert outline == kit.shape("email", german).skeleton.outline()
    assert "Priya" in outline and not outline.startswith("Hi") and "Cheers" not in outline


@pytest.mark.parametrize("steer", ["prompt", "vector"])
def test_provenance_lists_examples_and_their_names_stay_out_of_the_text(
    kit: Kit, letters: MemorySet, steer: str
) -> None:
    document = kit.generate("email", REQUEST, like=[letters], steer=steer)
    facts = document.provenance
    assert facts.steer == steer and {use.set for use in facts.examples} == {"letters"}
    if steer == "prompt":
        # The only letter about a van is the nearest one.
        assert facts.examples[0].origin == "letter 3"
        similar = [use.similarity or 0.0 for use in facts.examples]
        assert similar[0] == max(similar) and 0.2 < similar[0] <= 1
    else:
        # One of five was held out, to find the strength; the vectors are made of the others.
        assert len(facts.examples) == 4 and all(use.similarity is None for use in facts.examples)
    assert (facts.strength is not None) == (steer == "vector")
    assert not any(name in document.text for name in ("Maria", "Ben", "Ana", "Kofi", "Mei", "Quentin", "Ole"))
    assert "van" in document.text and "front desk" in document.text
    json.dumps(document.as_dict())


def test_vectors_are_found_once_and_kept(kit: Kit, letters: MemorySet, home: Path) -> None:
    first = kit.generate("email", REQUEST, like=[letters], steer="vector")
    (file,) = (home / "cache" / "steering").iterdir()
    before = file.stat().st_mtime_ns
    again = kit.generate("email", REQUEST, like=[letters], steer="vector")
    assert file.stat().st_mtime_ns == before
    assert again.text == first.text
    file.write_bytes(b"damaged")
    assert Kit().generate("email", REQUEST, like=[letters], steer="vector").text == first.text
    assert file.read_bytes() != b"damaged"


def test_examples_are_given_up_where_the_context_is_short(kit: Kit, letters: MemorySet) -> None:
    engine = kit.load("email")
    fitting = kit.shape("email", REQUEST, like=[letters], steer="prompt")
    needed = len(engine.tokenizer.encode_prompt(fitting.prompt))
    short = _with_context(engine, needed + 100)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kit, "load", lambda domain=None: short)
        document = kit.generate("email", REQUEST, like=[letters], steer="prompt", max_tokens=48)
    assert len(document.provenance.examples) < 3
    (finding,) = (each for each in document.findings if each.check == "context")
    assert "examples that are less near" in finding.message


def _with_context(engine: Engine, tokens: int) -> Engine:
    """Return an engine of the same model that reads no more than so many tokens."""

    class Short(Engine):
        context = tokens

    return Short(engine._loaded)


def test_what_an_example_says_is_not_said(kit: Kit) -> None:
    told = (
        "It costs forty euros, half of which you owe me.",
        "The hall burned down. Nobody was hurt, not even Ottokar.",
    )
    like = make_examples([f"Hi Ana,\n\n{text}\n\nCheers,\nOle" for text in told], kind="email")
    for point in ("kettle", "it was broken", "hall is free", "order refunded"):
        request = {**REQUEST, "subject": point.title(), "points": [point]}
        text = kit.generate("email", request, like=like, steer="prompt").text.lower()
        said = {"euros", "owe", "burned", "hurt", "ottokar", "forty", "costs"}
        assert not [word for word in said if word in text], text


def test_one_set_needs_no_list_and_a_way_is_checked_without_examples(kit: Kit, letters: MemorySet) -> None:
    assert kit.generate("email", REQUEST, like=letters).provenance.steer == "prompt"
    with pytest.raises(OptionError, match="auto, prompt, vector, memory"):
        kit.generate("email", REQUEST, steer="nonsense")


def test_vectors_of_a_model_without_a_hash_are_not_kept(
    kit: Kit, letters: MemorySet, home: Path, checkpoints: Checkpoints
) -> None:
    _, engine = checkpoints("llama-long")
    made = direction(engine, ["It rains.", "It is late."], [], ["Nobody came."])
    assert engine.sha256 is None and made.vectors.shape == engine.generative().blocks
    assert not (home / "cache" / "steering").exists()


def test_kept_vectors_that_are_not_what_they_should_be_are_found_anew(kit: Kit, letters: MemorySet, home: Path) -> None:
    first = kit.generate("email", REQUEST, like=letters, steer="vector")
    (file,) = (home / "cache" / "steering").iterdir()
    whole = file.read_bytes()
    for arrays in (
        {"vectors": np.zeros((2, 3), np.float32), "strength": np.float32(0.5)},
        {"vectors": np.full((30, 576), np.nan, np.float32), "strength": np.float32(0.5)},
        {"vectors": np.zeros((30, 576), np.float32), "strength": np.zeros(2, np.float32)},
        {"vectors": np.zeros((30, 576), np.float32), "strength": np.float32(7)},
        {"vectors": np.zeros((30, 576), np.float32)},
    ):
        np.savez(file, **arrays)
        assert Kit().generate("email", REQUEST, like=letters, steer="vector").text == first.text
        assert file.read_bytes() == whole


def test_an_unknown_set_suggests_the_nearest_and_an_empty_one_is_told(kit: Kit) -> None:
    from dalle_kit.examples.store import ExampleStore

    ExampleStore().add("letters", [Found(text=LETTERS[0])])
    with pytest.raises(UnknownNameError, match="did you mean 'letters'"):
        kit.generate("email", REQUEST, like=["leters"])
    with pytest.raises(ExampleError, match="are empty"):
        kit.generate("email", REQUEST, like=[MemorySet("nothing", [])])


def test_the_command_takes_files_and_shows_them_in_a_dry_run(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, text in enumerate(LETTERS):
        (tmp_path / f"{number}.txt").write_text(text, encoding="utf-8")
    command = ["email", "--to", "Priya <p@example.com>", "--subject", "Van", "--point", "van booked", "--sender", "Tom"]
    assert main([*command, "--like", str(tmp_path), "--steer", "prompt", "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert "Write it like these:" in shown and "The van is booked from nine." in shown
    listed = shown.partition("Examples\n========\n")[2].splitlines()
    assert len(listed) == 3 and f"files {Found(text=LETTERS[3]).id[:12]}  {tmp_path / '3.txt'}" in listed[0]
    assert main([*command, "--like", str(tmp_path), "--steer", "prompt", "--dry-run", "--json"]) == 0
    examples = json.loads(capsys.readouterr().out)["examples"]
    assert [f"{each['similarity']:.2f}  {each['set']} {each['id']}  {each['origin']}" for each in examples] == listed
    assert main([*command, "--dry-run"]) == 0
    assert "Examples" not in capsys.readouterr().out
    assert main([*command, "--like", str(tmp_path / "0.txt"), "--steer", "promt"]) == 2
    assert "steer" in capsys.readouterr().err
    assert main([*command, "--like", "nobody"]) == 2
    assert "or give a file" in capsys.readouterr().err
    assert main([*command, "--like", "n" * 300]) == 2
    assert "or give a file" in capsys.readouterr().err


def test_files_are_read_as_texts_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(LETTERS[0], encoding="utf-8")
    assert [found.text for found in read_examples([tmp_path]).texts] == [LETTERS[0]]


def test_texts_are_examples_once_each_and_none_is_an_error() -> None:
    made = make_examples([*LETTERS, LETTERS[0], " "], kind="email", name="mine")
    assert made.name == "mine" and [found.text for found in made.texts] == list(LETTERS)
    with pytest.raises(ExampleError, match="no text among the examples"):
        make_examples([" "])
