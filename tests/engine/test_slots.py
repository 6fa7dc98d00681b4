"""Slots held to what is asked of them, by models that would write nonsense otherwise."""

from __future__ import annotations

import json
import random
import re
import time
from typing import TYPE_CHECKING, Any

import pydantic
import pytest

from dalle_kit.engine.engine import Engine
from dalle_kit.engine.sampling import Scores
from dalle_kit.errors import OutputError, TemplateError
from dalle_kit.models.spec import StoredModel
from dalle_kit.records import GenerationOptions, Message, Prompt, Skeleton, Slot

if TYPE_CHECKING:
    from pathlib import Path

    from tokenizers import Tokenizer as Backend

    from tests.conftest import Checkpoints

PROMPT = Prompt((Message("user", "one two three"),))
KNOWN = ("the review moved to Thursday at 14:00 in room B12", "Ana")


class Answer(pydantic.BaseModel):
    number: int = pydantic.Field(ge=0, le=99)
    kind: str = pydantic.Field(max_length=6)
    tags: list[bool] = pydantic.Field(min_length=1, max_length=2)


def fill(engine: Engine, *parts: str | Slot, **options: Any) -> dict[str, Any]:
    results: list[Any] = []
    pieces = list(engine.fill([(PROMPT, Skeleton(parts))], GenerationOptions(**options), results=results))
    slots = dict(results[0][0].slots)
    assert {name: slot.text for name, slot in slots.items()}.keys() == {p.name for p in parts if isinstance(p, Slot)}
    if all(slot.reason != "length" for slot in slots.values()):
        texts = {name: slot.text for name, slot in slots.items()}
        assert "".join(piece.text for piece in pieces if piece.row == 0) == Skeleton(parts).fill(texts)
    return slots


@pytest.fixture(scope="module")
def engine(checkpoints: Checkpoints) -> Engine:
    return checkpoints("llama-long")[1]


@pytest.fixture(scope="module", params=["llama-long", "t5"])
def either(request: pytest.FixtureRequest, checkpoints: Checkpoints) -> Engine:
    return checkpoints(request.param)[1]


@pytest.mark.parametrize("before", ["Dear Ana,\n\n", "Dear Ana, ", ""])
@pytest.mark.parametrize("beams", [1, 3])
def test_one_of_the_choices_is_written(either: Engine, before: str, beams: int) -> None:
    choices = ("the cost sheet", "room B12", "Thank you!")
    for seed in range(3):
        slots = fill(either, before, Slot("a", choices=choices, beams=beams), temperature=1.0, seed=seed)
        assert slots["a"].text in choices
        assert slots["a"].reason == "end"
    assert fill(either, before, Slot("a", choices=choices, forbid=("B", "[!]")))["a"].text == "the cost sheet"


@pytest.mark.parametrize("before", ["Dear Ana,\n\n", "Dear Ana, ", ""])
def test_grounded_prose_says_only_what_is_known(either: Engine, before: str) -> None:
    for seed in range(4):
        slot = Slot("a", sentences=(2, 3), known=KNOWN)
        text = fill(either, before, slot, temperature=1.0, seed=seed, max_tokens=400)["a"]
        if text.reason == "end":
            assert text.text.endswith((".", "?", "!"))
            assert 2 <= len(re.findall(r"[.?!](?=\s|\Z)", text.text)) <= 3
        assert set(re.findall(r"\w*\d\w*", text.text)) <= {"14", "00", "B12"}
        assert not re.search(r"[\[\]{}<>()]", text.text)


@pytest.mark.parametrize("before", ["Dear Ana,\n\n", "Dear Ana, ", ""])
def test_a_schema_gives_an_object(engine: Engine, before: str) -> None:
    slot = Slot("a", schema=Answer.model_json_schema())
    for seed in range(3):
        result = fill(engine, before, slot, " end", temperature=1.0, seed=seed, max_tokens=200)["a"]
        assert Answer.model_validate(result.value)
        assert "\n" not in result.text and "  " not in result.text.replace(json.dumps(result.value["kind"]), "")
    with pytest.raises(OutputError, match="the slot holds no JSON"):
        _ = fill(engine, Slot("a", schema=Answer.model_json_schema()), max_tokens=3)["a"].value


@pytest.mark.parametrize("before", ["Dear Ana,\n\n", "Dear Ana, "])
@pytest.mark.parametrize("start", ["", "Thank"])
def test_a_grammar_is_followed(either: Engine, before: str, start: str) -> None:
    grammar = 'start: " "? pair{2,3}\npair: WORD ","\nWORD: /[a-e]{2}/'
    text = fill(either, before, Slot("a", grammar=grammar, starts_with=start), max_tokens=40)["a"].text
    assert re.fullmatch(start + " ?(?:[a-e]{2},){2,3}", text)


@pytest.mark.parametrize("before", ["Dear Ana,\n\n", "Dear Ana, "])
def test_a_slot_begins_as_it_is_told(either: Engine, before: str) -> None:
    assert fill(either, before, Slot("a", starts_with="Thank you"), max_tokens=12)["a"].text.startswith("Thank you")
    assert fill(either, before, Slot("a", starts_with="Bring ", regex=" [a-c]{3}"))["a"].text[:6] == "Bring "
    slot = Slot("a", starts_with="The review", known=KNOWN, sentences=(1, 1))
    assert fill(either, before, slot, max_tokens=40)["a"].text.startswith("The review")


def test_a_slot_depends_on_an_earlier_one(engine: Engine) -> None:
    kinds = ("one", "two")
    for kind in kinds:
        parts = (
            Slot("kind", choices=(kind,)),
            "\n\n",
            Slot("sum", regex="[0-9]{2}", when=("kind", ("one", "three"))),
            "\n\nBye ",
            Slot("name", choices=("Ana", "Tom")),
        )
        slots = fill(engine, *parts)
        assert slots["name"].text in ("Ana", "Tom")
        if kind == "one":
            assert re.fullmatch("[0-9]{2}", slots["sum"].text)
        else:
            assert (slots["sum"].text, slots["sum"].reason, slots["sum"].tokens) == ("", "skipped", ())
            without = fill(engine, parts[0], parts[3], parts[4])
            assert without["name"].log_likelihood == pytest.approx(slots["name"].log_likelihood, abs=1e-4)


def test_what_depends_on_a_slot_that_is_filled_elsewhere_is_filled(engine: Engine) -> None:
    assert fill(engine, "one ", Slot("a", choices=("x",), when=("kind", ("y",))))["a"].text == "x"


def test_rows_of_a_batch_are_held_each_to_its_own(engine: Engine) -> None:
    works = [(PROMPT, Skeleton(("Dear ", Slot("a", regex=regex)))) for regex in ("a{3}", "b{2}", "a{3}")]
    results: list[Any] = []
    list(engine.fill(works, GenerationOptions(candidates=2), results=results))
    assert [candidate.text for work in results for candidate in work] == ["aaa"] * 2 + ["bb"] * 2 + ["aaa"] * 2


def test_prose_that_is_cut_short_ends_with_a_finished_sentence(engine: Engine) -> None:
    seen = set()
    for seed in range(12):
        slot = Slot("a", sentences=(30, 40), forbid=("[,;:-]",), known=("",), words=None)
        result = fill(engine, "Dear Ana,\n\n", slot, "\n\nTom", max_tokens=120, temperature=2.0, seed=seed)["a"]
        assert result.reason == "length"
        seen.add(result.text.endswith((".", "?", "!")))
    assert True in seen


@pytest.mark.parametrize(
    ("slot", "message"),
    [
        (Slot("a", regex="a(?=b)"), "regex 'a(?=b)' cannot be used: look-around"),
        (Slot("a", regex=r"(a)\1"), "backreferences are not supported"),
        (Slot("a", regex="a", forbid=("a",)), "no text can meet it"),
        (Slot("a", choices=("yes", "no"), forbid=("[a-z]",)), "no text can meet it"),
        (Slot("a", grammar="start: nothing"), "grammar 'start: nothing' cannot be used: unknown name"),
        (Slot("a", grammar="words"), "cannot be used"),
        (Slot("a", schema={"type": "array", "uniqueItems": True}), "its keyword 'uniqueItems' is not supported"),
        (Slot("a", schema={"not": {}, "if": {}}), "its keywords 'if', 'not' are not supported"),
        (Slot("a", schema={"type": "integer", "minimum": 3, "maximum": 2}), "Unsatisfiable schema: minimum (3)"),
        (Slot("a", schema={"type": "txt"}), "cannot be used: Invalid type: txt"),
        (Slot("a", schema={"$ref": "#/$defs/x"}), "cannot be used: Pointer '/$defs/x' does not exist"),
        (Slot("a", sentences=(1, 1), starts_with="One. Two."), "starts_with holds more than 1 sentence"),
        (Slot("a", sentences=(1, 1), forbid=("[.?!]",)), "forbid leaves no way to end a sentence"),
    ],
)
def test_what_no_text_can_meet_is_refused_before_anything_is_written(engine: Engine, slot: Slot, message: str) -> None:
    """The row before it and the slot before it are not begun either."""
    works = [(PROMPT, Skeleton(("Dear ",))), (PROMPT, Skeleton((Slot("first"), " then ", slot)))]
    pieces = engine.fill(works, GenerationOptions(), results=[])
    with pytest.raises(TemplateError) as caught:
        next(iter(pieces))
    assert message in str(caught.value) and "slot 'a'" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "regex",
    ["(a|b)*a(a|b){2000}", "(.*a.*b.*c.*d.*e.*){1,50}", "(x+x+)+y", "(.{1,300}){1,300}", "((a{999}){999}){999}"],
)
def test_a_regex_that_could_explode_does_not_hang(engine: Engine, regex: str) -> None:
    start = time.thread_time()
    try:
        fill(engine, "Dear ", Slot("a", regex=regex), max_tokens=30, temperature=1.0)
    except TemplateError as error:
        assert "too large" in str(error)
    assert time.thread_time() - start < 20


def test_a_constraint_is_compiled_once(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    from dalle_kit.engine.constraints import Constraints

    compiled: list[str] = []
    compile_ = Constraints._compile

    def noted(self: Constraints, grammar: str, slot: Slot) -> Any:
        compiled.append(grammar)
        return compile_(self, grammar, slot)

    monkeypatch.setattr(Constraints, "_compile", noted)
    for _ in range(3):
        fill(engine, "Dear ", Slot("a", regex="once{2}"), ", ", Slot("b", regex="once{2}"), max_tokens=4)
    assert len(compiled) == 1


def test_two_hundred_points_are_held_to_in_time(engine: Engine) -> None:
    chance = random.Random(1)
    points = ["".join(chance.choice("abcdefghij") for _ in range(6)).title() + f" {n} at {n}:30" for n in range(200)]
    start = time.thread_time()
    slot = fill(engine, "Dear ", Slot("a", known=tuple(points), sentences=(1, 12)), max_tokens=40)["a"]
    assert slot.tokens
    assert time.thread_time() - start < 5


def test_line_breaks_that_a_tokenizer_cannot_write_are_refused(checkpoints: Checkpoints) -> None:
    _, t5 = checkpoints("t5")
    for slot in (Slot("a", choices=("one\ntwo",)), Slot("a", regex=r"one\ntwo"), Slot("a", starts_with="one\ntwo")):
        with pytest.raises(TemplateError, match="line break"):
            fill(t5, slot)
    assert fill(t5, "Dear Ana,\n\n", Slot("a", choices=("one two", "one\ntwo")))["a"].text == "one two"
    with pytest.raises(TemplateError, match="which JSON needs"):
        fill(t5, Slot("a", schema={"type": "object"}))
    with pytest.raises(TemplateError, match="cannot write 'ű'"):
        fill(t5, Slot("a", choices=("ű",)))


def test_a_sentencepiece_tokenizer_with_bytes_can_write_anything(tmp_path: Path) -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    from tests.conftest import build, save

    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *[(f"<0x{byte:02X}>", -9.0) for byte in range(256)]]
    pieces += [("\u2581", -2.0), *[(letter, -3.0) for letter in "abcdefghijklmnopqrstuvwxyz"], ("\u2581one", -2.5)]
    backend: Backend = Tokenizer(models.Unigram(pieces, unk_id=2, byte_fallback=True))
    backend.add_special_tokens(["<pad>", "</s>", "<unk>"])
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace(), decoders.Fuse()])
    stored = save(build("t5", backend), backend, tmp_path / "t5")
    engine = Engine.load(StoredModel(name="t5", path=stored.path), device="cpu")
    assert fill(engine, "one ", Slot("a", choices=("é\nű{}", "é\nű数")))["a"].text in ("é\nű{}", "é\nű数")
    assert fill(engine, "one ", Slot("a", schema={"enum": [{"a": 1}]}), max_tokens=40)["a"].value == {"a": 1}


def test_a_beam_search_that_cannot_go_on_ends() -> None:
    import torch

    from dalle_kit.engine.beam import Beam
    from dalle_kit.engine.constraints import Constraint

    class Stuck(Constraint):
        def __init__(self) -> None:
            super().__init__(Slot("a"), [], size=4)

        def mask(self, size: int) -> None:
            return None

    beam = Beam(2, options=GenerationOptions(), ends=frozenset({0}), constraint=Stuck())
    beam.step(Scores(torch.zeros(1, 4)), position=0)
    assert beam.done and beam.best[1] == "length"
