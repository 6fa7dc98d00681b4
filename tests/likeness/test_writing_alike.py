"""Documents written like examples, by the Python API and the command, with the real models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dalle_kit import ExampleError, Kit, UnknownNameError, make_examples
from dalle_kit.cli.main import main
from dalle_kit.examples.memory_set import MemorySet, read_examples
from dalle_kit.examples.texts import Found

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


def test_what_the_request_says_comes_before_habits(kit: Kit, letters: MemorySet) -> None:
    text = kit.generate("email", {**REQUEST, "greeting": "Good morning,", "sign_off": "Yours,"}, like=[letters]).text
    assert text.startswith("Good morning,\n\n") and "\n\nYours,\nTom" in text


@pytest.mark.parametrize("steer", ["prompt", "vector"])
def test_provenance_lists_examples_and_their_names_stay_out_of_the_text(
    kit: Kit, letters: MemorySet, steer: str
) -> None:
    document = kit.generate("email", REQUEST, like=[letters], steer=steer)
    facts = document.provenance
    assert facts.steer == steer and facts.examples[0].set == "letters"
    # The only letter about a van is the nearest one.
    assert facts.examples[0].origin == "letter 3"
    similar = [use.similarity for use in facts.examples]
    assert similar[0] == max(similar) and 0.2 < similar[0] <= 1
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
    assert kit.generate("email", REQUEST, like=[letters], steer="vector").text == first.text
    assert file.read_bytes() != b"damaged"


def test_examples_are_given_up_where_the_context_is_short(kit: Kit, letters: MemorySet) -> None:
    long = MemorySet("long", [Found(text=f"{text} {'It rained. ' * 60}") for text in LETTERS])
    engine = kit.load("email")
    work = kit._work("email", REQUEST, {}, template=None, like=[long], steer="prompt")
    shown = len(engine.tokenizer.encode_prompt(work.shaped.prompt))
    assert work.likeness is not None and len(work.likeness.texts) > 1
    fewer = work.likeness.with_fewer()
    assert fewer is not None
    assert shown > 400


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
    assert main([*command, "--like", str(tmp_path / "0.txt"), "--steer", "promt"]) == 2
    assert "steer" in capsys.readouterr().err
    assert main([*command, "--like", "nobody"]) == 2
    assert "nobody" in capsys.readouterr().err


def test_files_are_read_as_texts_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(LETTERS[0], encoding="utf-8")
    assert [found.text for found in read_examples([tmp_path]).texts] == [LETTERS[0]]


def test_texts_are_examples_once_each_and_none_is_an_error() -> None:
    made = make_examples([*LETTERS, LETTERS[0], " "], kind="email", name="mine")
    assert made.name == "mine" and [found.text for found in made.texts] == list(LETTERS)
    with pytest.raises(ExampleError, match="no text among the examples"):
        make_examples([" "])
