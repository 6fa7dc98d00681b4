"""Slots held to a pattern, and beam search."""

from __future__ import annotations

import itertools
import random
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dalle_kit.engine.constraints import Constraints
from dalle_kit.engine.engine import Engine
from dalle_kit.engine.tokenization import Tokenizer
from dalle_kit.errors import ModelError, TemplateError
from dalle_kit.records import GenerationOptions, Message, Prompt, Skeleton, Slot

if TYPE_CHECKING:
    from tests.conftest import Checkpoints

PROMPT = Prompt((Message("user", "one two three"),))


def fill(engine: Engine, skeleton: Skeleton, **options: Any) -> dict[str, Any]:
    results: list[Any] = []
    list(engine.fill([(PROMPT, skeleton)], GenerationOptions(**options), results=results))
    return dict(results[0][0].slots)


@pytest.fixture(scope="module")
def engine(checkpoints: Checkpoints) -> Engine:
    return checkpoints("llama-long")[1]


@pytest.mark.parametrize("regex", [r"[a-f]{3,9}\.", r"(now |then )?Thursday (at )?14:00", "naïve|数据", r"x+"])
@pytest.mark.parametrize("beams", [1, 4])
@pytest.mark.parametrize("before", ["Dear Ana,\n\n", "Dear Ana, ", "Dear"])
def test_the_text_of_a_slot_matches_its_pattern(engine: Engine, regex: str, beams: int, before: str) -> None:
    skeleton = Skeleton((before, Slot("a", regex=regex, beams=beams), " and ", Slot("b", regex="yes|no"), "."))
    for temperature in (0.0, 1.0):
        slots = fill(engine, skeleton, max_tokens=40, temperature=temperature, seed=3)
        assert slots["a"].reason == "length" or re.fullmatch(regex, slots["a"].text)
        assert slots["b"].text in ("yes", "no")
    if "+" not in regex:
        assert slots["a"].reason == "end"


def test_a_token_that_the_tokenizer_has_not_may_not_come_and_harms_nothing(engine: Engine) -> None:
    tokenizer = Tokenizer.load(engine.path)
    constraint = Constraints(tokenizer, [0]).start(Slot("a", regex="yes|no"), after="")
    yes = tokenizer.encode_text("yes")
    assert constraint.leading([tokenizer.size]) == [] and not constraint.allows(tokenizer.size + 9)
    assert constraint.leading([*yes, tokenizer.size]) == yes
    assert constraint.mask(tokenizer.size + 64) is not None


@settings(deadline=None, max_examples=30)
@given(
    words=st.lists(
        st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=20), max_size=4
    )
)
def test_any_words_can_be_demanded(engine: Engine, words: list[str]) -> None:
    text = " ".join(["word", *words])
    slots = fill(engine, Skeleton(("Dear Ana,\n\n", Slot("a", regex=re.escape(text)))), max_tokens=400)
    assert slots["a"].text == text


def test_beams_find_the_likeliest_text_of_all_that_match(engine: Engine) -> None:
    words = ("one", "two", "five", "ten", "sheet")
    texts = [f"{first} {second} {third}" for first, second, third in itertools.product(words, repeat=3)]
    regex = "(?:{0}) (?:{0}) (?:{0})".format("|".join(words))
    found = fill(engine, Skeleton(("Dear Ana, ", Slot("a", regex=regex, beams=16))))["a"]

    def rank(text: str) -> float:
        taken = fill(engine, Skeleton(("Dear Ana, ", Slot("a", regex=text, beams=2))))["a"]
        return float(taken.log_likelihood / len(taken.tokens))

    ranks = {text: rank(text) for text in texts}
    better = [text for text in texts if ranks[text] > ranks[found.text] + 1e-4]
    assert len(better) <= 6  # of 125: a beam is not an exhaustive search
    greedy = fill(engine, Skeleton(("Dear Ana, ", Slot("a", regex=regex))))["a"]
    assert ranks[found.text] > ranks[greedy.text]


def test_what_follows_a_slot_found_with_beams_is_computed_after_it(engine: Engine) -> None:
    """The cache of the best beam is dropped; the next slot must see the text all the same."""
    skeleton = Skeleton(("Dear Ana, ", Slot("a", regex="(one|two|five|ten)", beams=3), " and", Slot("b"), "."))
    slots = fill(engine, skeleton, max_tokens=8)
    certain = Skeleton((f"Dear Ana, {slots['a'].text} and", Slot("b"), "."))
    assert fill(engine, certain, max_tokens=8)["b"].tokens == slots["b"].tokens


def test_a_seed_repeats_a_search_with_temperature_and_rows_do_not_disturb_each_other(engine: Engine) -> None:
    skeleton = Skeleton(("Dear ", Slot("a", regex="[a-z]{2,8}", beams=3), ", ", Slot("b", regex="[a-z]{3}")))
    results: list[Any] = []
    options = GenerationOptions(temperature=1.0, seed=9, candidates=3, max_tokens=12)
    list(engine.fill([(PROMPT, skeleton), (PROMPT, skeleton)], options, results=results))
    texts = [[candidate.text for candidate in candidates] for candidates in results]
    assert texts[0] == texts[1]
    alone = fill(engine, skeleton, temperature=1.0, seed=9, max_tokens=12)
    assert texts[0][0] == alone["a"].text + alone["b"].text
    assert len(set(texts[0])) > 1


def test_a_free_slot_can_be_searched_with_beams(engine: Engine) -> None:
    slot = fill(engine, Skeleton(("Dear Ana, ", Slot("a", beams=3))), max_tokens=6)["a"]
    assert 0 < len(slot.tokens) <= 6


def test_a_pattern_that_is_none_is_refused(engine: Engine) -> None:
    with pytest.raises(TemplateError, match=r"slot 'a': its regex '\(unclosed' cannot be used: unclosed group"):
        fill(engine, Skeleton((Slot("a", regex="(unclosed"),)))


def test_a_tokenizer_that_cannot_be_held_to_a_pattern_is_named() -> None:
    from tokenizers import Tokenizer as Backend
    from tokenizers.models import WordPiece

    tokenizer = Tokenizer(Backend(WordPiece({"yes": 0, "[UNK]": 1, "[SEP]": 2})))
    with pytest.raises(ModelError, match="only byte-level ones and SentencePiece's can"):
        Constraints(tokenizer, [2])


@pytest.mark.parametrize("beams", [1, 3])
@pytest.mark.parametrize("regex", [None, "The meeting is here every week", "(The|A) (meeting|week)[a-z ]*"])
def test_a_stop_string_ends_a_slot_however_its_tokens_are_chosen(engine: Engine, beams: int, regex: str | None) -> None:
    skeleton = Skeleton(("Dear Ana,\n\n", Slot("a", stop=("e",), regex=regex, beams=beams), "\n\nTom"))
    results: list[Any] = []
    pieces = list(engine.fill([(PROMPT, skeleton)], GenerationOptions(max_tokens=20), results=results))
    slot = results[0][0].slots["a"]
    assert "e" not in slot.text
    assert "".join(piece.text for piece in pieces) == f"Dear Ana,\n\n{slot.text}\n\nTom"
    if regex == "The meeting is here every week":
        assert (slot.text, slot.reason) == ("Th", "stop")


def test_tokens_that_a_pattern_forces_are_bounded_too(engine: Engine) -> None:
    slot = fill(engine, Skeleton(("Dear Ana, ", Slot("a", regex="zq" * 150))), max_tokens=8)["a"]
    assert len(slot.tokens) == 8
    assert slot.reason == "length"


@pytest.mark.parametrize("kind", ["llama-long", "gpt2", "t5", "bart"])
def test_a_slot_after_an_empty_first_one_is_filled(kind: str, checkpoints: Checkpoints) -> None:
    _, engine = checkpoints(kind)
    alone = fill(engine, Skeleton((Slot("b"),)), max_tokens=6)["b"]
    first = alone.text.strip()[:1]
    for between in ((), (" ",), ("\n\n",)):
        slots = fill(engine, Skeleton((Slot("a", stop=(first,)), *between, Slot("b"))), max_tokens=6)
        assert slots["a"].text == ""
        assert slots["b"].tokens == alone.tokens or between == ("\n\n",)


@pytest.mark.parametrize("beams", [1, 3])
def test_a_pattern_may_spell_control_tokens_as_text(engine: Engine, beams: int) -> None:
    text = "now </s> and <s> go on"
    slot = fill(engine, Skeleton(("Dear Ana, ", Slot("a", regex=re.escape(text), beams=beams))), max_tokens=60)["a"]
    assert slot.text == text
    assert not set(slot.tokens) & engine.tokenizer.control_ids


def test_a_verbatim_slot_goes_on_behind_what_it_is_told_to_begin_with(engine: Engine) -> None:
    slot = Slot("code", starts_with="\n    re", verbatim=True, stop=("\n",))
    text = fill(engine, Skeleton((slot,)), max_tokens=12)["code"].text
    assert text and "\n" not in text


@pytest.mark.parametrize(
    "slot",
    [
        Slot("a", regex="(one|two|three)( (four|five))*"),
        Slot("a", sentences=(1, 3), known=("Ana", "room B12"), forbid=("Ana Tom", "x")),
        Slot("a", choices=("one", "one two", "three")),
    ],
)
def test_a_single_token_is_allowed_exactly_where_the_mask_has_it(engine: Engine, slot: Slot) -> None:
    chance = random.Random(3)
    size = engine.tokenizer.size
    for _ in range(5):
        constraint = engine._constraints.start(slot, after="Dear Ana,\n\n")
        for _ in range(12):
            mask = constraint.mask(size + 3)
            assert mask is not None and not mask[size:].any()
            allowed = mask.nonzero()[0].tolist()
            some = {*chance.sample(range(size + 3), 40), *chance.sample(allowed, min(5, len(allowed))), 0, 1}
            assert [token for token in some if constraint.allows(token)] == [token for token in some if mask[token]]
            constraint.take(chance.choice([token for token in allowed if token > 2] or allowed))
            if constraint.complete:
                break
