"""Which texts the prose of a slot may be, asked of llguidance byte by byte."""

# ruff: noqa: RUF001 - typographic quotes and dashes are what it looks for

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

import llguidance
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dalle_kit.engine.constraints.known import known_words
from dalle_kit.engine.constraints.prose import Prose, finished_part, prose_grammar

KNOWN = (
    "Q3 budget review, Thursday 14:00-15:00, room B12, Priya Raman, don't",
    "Dear Zoë Müller,\n\n",
    "Straße 7; €75 (invoice #4471), and/or 20% off on 3 March; 2026-04-09",
    "send it to sam@example.com, see https://example.com/x?y=1.",
    "ask Dr. Rao at 2 p.m., an Anne-Marie O'Neil matter, e.g. Brightwater Ltd.",
    "REPORT due, 1.2 million, twenty-one, three, Acme Corp's dozen",
)


class Bytes:
    """A tokenizer with a token for each byte."""

    eos_token_id = 256
    bos_token_id = None
    special_token_ids = (256,)
    tokens = tuple([bytes([byte]) for byte in range(256)] + [b"\xffend"])

    def __call__(self, text: Any) -> list[int]:
        return list(text.encode("utf-8") if isinstance(text, str) else text)


VOCABULARY = llguidance.LLTokenizer(llguidance.TokenizerWrapper(Bytes()), 257, 256)
Accepts = Callable[[str], bool]


def accepts(text: str, *, lead: str = "", alphabet: frozenset[str] | None = None, **prose: Any) -> bool:
    grammar = prose_grammar(Prose(**prose), lead=lead, alphabet=alphabet)
    for lark in (grammar.lark, *grammar.guards):
        matcher = llguidance.LLMatcher(VOCABULARY, lark, log_level=0)
        assert not matcher.is_error(), matcher.get_error()
        if not matcher.consume_tokens(list(text.encode("utf-8"))) or not matcher.is_accepting():
            return False
    return True


@pytest.mark.parametrize(
    "text",
    [
        "The Q3 budget review is on Thursday.",
        "We meet at 14:00 in room B12!",
        "Can you come to room B12?",
        "We will see Priya Raman's notes; please don't wait, Zoë.",
        "Don't forget: Thursday.",
        "Budget review is next.",
        "I'm sorry, and I think I've said so.",
        "It's fine, we'll manage with Priya’s help.",
        "Priya knows.",
        "Thanks.",
        "The price is €75, or 75, with 20% off.",
        "The invoice 4471 is due on 3 March.",
        "It costs 1.2 million, or a dozen for three.",
        "There are twenty-one people on April 9 in 2026.",
        "There are 21 people, and 3 of them from Acme.",
        "Please write to sam@example.com.",
        "Please see https://example.com/x?y=1.",
        "We meet Dr. Rao at 2 p.m. in room B12.",
        "We meet at 2 p.m.",
        "Ask Brightwater Ltd. about it.",
        "Ask Brightwater Ltd about it.",
        "We ask Anne or Marie or Anne-Marie O’Neil.",
        "We meet on Straße seven.",
        "The naïve größe of the café’s façade is well-known.",
        "And or or, either way.",
        "The Report is due, and the report is a REPORT.",
        "The teams' notes are one of the many.",
        "We meet at 14:00-15:00, or from 14:00 to 15:00.",
        "It is on thursday.",
        "Looking forward to it.",
        "Do we know who it is; do we care?",
        "We have three people.\n\nThe review is on Thursday.",
    ],
)
def test_what_is_known_may_be_said(text: str) -> None:
    if text.startswith("The Report"):
        assert not accepts(text, known=KNOWN)  # only at the beginning
        text = text.replace("The Report", "Report")
    if "seven" in text:
        assert not accepts(text.replace("seven", "eight"), known=KNOWN)
    assert accepts(text, known=KNOWN, sentences=(1, 3))
    assert accepts(" " + text, known=KNOWN, sentences=(1, 3), lead=" ")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The",
        "The review is on Thursday",
        "the review is on Thursday.",
        "Review: Friday.",
        "We meet on Friday.",
        "We meet on friday.",
        "We meet tomorrow.",
        "We meet at 15:30.",
        "We meet in room B13.",
        "We meet four people.",
        "We meet eight-year-olds.",
        "Hello Ana.",
        "John knows.",
        "We met John.",
        "Write to tom@example.com.",
        "See https://example.org.",
        "See [name].",
        "See (the review).",
        "See <review>.",
        "See {review}.",
        "We meet,, then go.",
        "We meet , then go.",
        "We  meet.",
        "We meet. ",
        " We meet.",
        "We meet.\nWe go.",
        "We meet.\n\n\nWe go.",
        "- We meet.",
        "* We meet.",
        "We meet:",
        "We meet: then we go.",
        "We meet...",
        "We meet?!",
        "We meet\n\nThursday.",
        "We meet. we go.",
        "We meet The Priya.",
        "We said “go”.",
        "We meet on 2026-04-10.",
        "It is 4,471,000.",
        "The 020 is not known.",
        "It is half of it.",
        "We meet Acmes.",
        "This is x1.",
        "We_meet.",
        "The 7th is not the 6th.",
    ],
)
def test_what_is_not_known_or_not_finished_may_not(text: str) -> None:
    assert not accepts(text, known=KNOWN, sentences=(1, 3))


def test_sentences_are_counted() -> None:
    for count in range(1, 7):
        text = " ".join(["We meet at 2 p.m. on Thursday."] * count)
        assert accepts(text, known=KNOWN, sentences=(2, 4)) == (2 <= count <= 4)
        assert accepts(text, known=KNOWN, sentences=(count, count))
        assert accepts(text, known=KNOWN)
        assert accepts(text, sentences=(count, count))


def test_paragraphs_are_for_texts_of_several_sentences() -> None:
    text = "We meet.\n\nWe go."
    assert accepts(text, known=KNOWN, sentences=(1, 2)) and accepts(text, known=KNOWN) and accepts(text, words=(4, 4))
    assert not accepts(text, known=KNOWN, sentences=(1, 1))
    assert not accepts(text, known=KNOWN, alphabet=frozenset("Wemtgo. "))


def test_no_sentence_begins_with_a_word_that_the_tokenizer_cannot_finish() -> None:
    text = "Perhaps we go."
    assert accepts(text, known=KNOWN, alphabet=frozenset(text))
    assert not accepts(text, known=KNOWN, alphabet=frozenset(text) - {"p"})


def test_words_are_counted() -> None:
    for count in range(2, 12):
        text = "We " + "go " * (count - 2) + "on."
        for known in (KNOWN, None):
            assert accepts(text, known=known, words=(4, 8)) == (4 <= count <= 8)
            assert accepts(" " + text, known=known, words=(4, 8), lead=" ") == (4 <= count <= 8)


def test_no_sentence_runs_away() -> None:
    assert accepts("We " + "go " * 38 + "on.", known=KNOWN)
    assert not accepts("We " + "go " * 39 + "on.", known=KNOWN)
    assert not accepts("We " + "go " * 39 + "on.", sentences=(1, 2))
    assert accepts("We " + "go " * 48 + "on.", known=KNOWN, words=(1, 50))


@pytest.mark.parametrize("known", [KNOWN, None])
@pytest.mark.parametrize(
    ("forbid", "text"),
    [
        ("soon", "We go soon."),
        ("[!]", "We go!"),
        ("[?!]", "Shall we go?"),
        ("Thursday", "We meet on Thursday."),
        ("best regards", "We send best regards to Priya."),
        ("Priya Raman", "We meet Priya Raman."),
        ("Acme Corp", "It is Acme Corp, we know."),
        ("on 3 March", "We go on 3 March."),
        ("[\n]", "We go.\n\nWe stay."),
        ("Dr. Rao", "We see Dr. Rao now."),
        ("W", "We go."),
    ],
)
def test_what_is_forbidden_is_not_in_the_text(known: Any, forbid: str, text: str) -> None:
    assert accepts(text, known=known, sentences=(1, 2))
    assert not accepts(text, known=known, sentences=(1, 2), forbid=("never said", forbid))
    harmless = "There is Priya, who will go, Rao, and Corp of Acme with best wishes and regards; on March 3."
    for entries in ((forbid,), ("xyz", forbid)):
        assert accepts(harmless, known=(*KNOWN, "3 March"), forbid=entries)
        assert accepts(harmless, sentences=(1, 2), forbid=entries)


@pytest.mark.parametrize(
    "text",
    ["Ana met Bob (twice).", "See [this].", "Dear Your Name.", "Dear X, XXX is it.", "Sign here ____.", "It is… or..",
     "See {{name}}.", "To <name>.", "we go.", "We go", "We go. and stay.", "We  go."],
)  # fmt: skip
def test_free_prose_has_no_placeholders_and_whole_sentences(text: str) -> None:
    assert not accepts(text, sentences=(1, 3))


@pytest.mark.parametrize(
    "text",
    ["Ana met Bob twice on 5 May.", "Is it 3.5 or 4? It is 5!", "He said “go.” They went.",
     "Dr. Rao is at 5 p.m. here.",
     "“Go now,” he said.", "J. Doe, e.g. the one – it is – came.", "42 came.", "Élan vital: yes; no.", "数据 is data."],
)  # fmt: skip
def test_free_prose_may_say_anything(text: str) -> None:
    assert accepts(text, sentences=(1, 3))
    assert accepts(text, words=(1, 30))


def test_a_text_goes_on_from_its_beginning() -> None:
    start = "The X-ray of John"
    assert accepts(f"{start} is on Thursday.", known=KNOWN, starts_with=start, sentences=(1, 2))
    assert accepts(f"{start}. We go.", known=KNOWN, starts_with=start, sentences=(2, 2))
    assert accepts(f"{start}, we go.", known=KNOWN, starts_with=start)
    assert not accepts(f"{start} is on Friday.", known=KNOWN, starts_with=start)
    assert not accepts(f"{start}s go.", known=KNOWN, starts_with=start)
    assert not accepts("We go.", known=KNOWN, starts_with=start)
    whole = "John left. He is gone!"
    assert accepts(whole, known=KNOWN, starts_with=whole, sentences=(2, 3))
    assert accepts(f"{whole} We go.", known=KNOWN, starts_with=whole, sentences=(3, 3))
    assert not accepts(f"{whole} We go. We go.", known=KNOWN, starts_with=whole, sentences=(3, 3))
    with pytest.raises(ValueError, match="holds more than 1 sentence"):
        accepts("", starts_with=whole, sentences=(1, 1))


def test_without_anything_known_there_are_the_free_words() -> None:
    assert accepts("We go.", known=())
    assert not accepts("We go at 5.", known=("",))


def test_a_known_letter_before_a_full_stop_does_not_trap_a_sentence() -> None:
    known = ("example.com", "e.g. p.m.")
    for text in ("It is an example.", "It is an example. We go.", "It is e. We go.", "We go at p.m. We go."):
        assert accepts(text, known=known)


@settings(max_examples=150)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Z"]), min_size=1), max_size=6))
def test_any_text_may_be_known_and_a_grammar_comes_of_it(words: list[str]) -> None:
    known = (" ".join(words),)
    assert accepts("We go.", known=known, sentences=(1, 4))
    for word in known_words(known).anywhere:
        assert accepts(f"We know {word}, we do.", known=known), word


@settings(max_examples=60)
@given(st.randoms(use_true_random=False), st.sampled_from([None, (1, 1), (2, 3)]), st.booleans(), st.booleans())
def test_a_text_can_always_be_finished(chance: random.Random, sentences: Any, grounded: bool, forbids: bool) -> None:
    """Whatever is chosen on the way, no state is a dead end."""
    forbid = ("Priya Raman", "best regards", "[!]", "Acme C", "B12") if forbids else ()
    words = (3, 9) if sentences is None else None
    prose = Prose(sentences, words, forbid, "", KNOWN if grounded else None)
    grammar = prose_grammar(prose, lead="", alphabet=None)
    matchers = [llguidance.LLMatcher(VOCABULARY, lark, log_level=0) for lark in (grammar.lark, *grammar.guards)]
    for _ in range(80):
        masks = [matcher.compute_logit_bias() for matcher in matchers]
        allowed = [token for token in range(257) if all(mask[token] for mask in masks)]
        assert allowed, matchers[0].get_error()
        if any(matcher.is_stopped() for matcher in matchers):
            break
        token = chance.choice([each for each in allowed if each != 256] or allowed)
        assert token == 256 or all(matcher.consume_token(token) for matcher in matchers)
        if token == 256:
            break


def test_a_long_request_compiles_fast() -> None:
    chance = random.Random(0)

    def word() -> str:
        return "".join(chance.choice("abcdefghijklmnop") for _ in range(7)).capitalize()

    points = [f"{word()} {word()} at {n % 12}:{n % 60:02} in {word()} {n}" for n in range(200)]
    start = time.thread_time()
    assert accepts(f"We see {points[7].split()[0]}.", known=tuple(points), sentences=(1, 12))
    assert time.thread_time() - start < 2


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("We go. We sta", "We go."),
        ("We go! Do we? Ma", "We go! Do we?"),
        ("We meet Dr. Rao at 2 p.m. on the", "We meet Dr. Rao at 2 p.m. on the"),
        ("It was 3.5 of", "It was 3.5 of"),
        ("We go.\n\nThe", "We go."),
        ("We go.", "We go."),
        ("", ""),
        ("He said “go.” They", "He said “go.”"),
    ],
)
def test_a_text_that_is_cut_ends_with_its_last_finished_sentence(text: str, part: str) -> None:
    assert finished_part(text) == part


def test_known_words_are_taken_apart() -> None:
    known = known_words(KNOWN)
    expected = "14:00-15:00 14:00 15:00 Raman Anne Marie O'Neil Dr. Dr p.m. Ltd. 4471 #4471 75 €75 21 twenty-one and/or"
    assert set(expected.split()) <= set(known.anywhere)
    assert {"Don't", "Budget", "Report", "And"} <= set(known.opening)
    assert {"friday", "tomorrow", "four", "thirty"} <= set(known.held) and "thursday" not in known.held
    assert known_words(("2026-02-30 020-7946-0018 +44",)).anywhere[:3] == ("+44", "020-7946-0018", "2026-02-30")
    assert known_words(("[Name] (CTO) - *bold*",)).anywhere == ("CTO", "Name")


MENTIONS = ("suppl*", "ran", "B12")


@pytest.mark.parametrize(
    "text",
    [
        "The supplier ran out of room B12.",
        "Suppliers ran to B12!",
        "Our suppliers, we hear, ran out of room B12 in the end. It is late.",
    ],
)
def test_a_sentence_that_mentions_the_words_in_their_order_is_accepted(text: str) -> None:
    assert accepts(text, known=KNOWN, mentions=MENTIONS, sentences=(1, 2))


@pytest.mark.parametrize(
    "text",
    [
        "The supplier ran out of room.",
        "We ran out of the supplier of B12.",
        "The supplier ranted about B12.",
        "It is late. The supplier ran out of room B12.",
    ],
)
def test_a_first_sentence_that_leaves_a_word_out_or_turns_the_order_is_refused(text: str) -> None:
    assert not accepts(text, known=KNOWN, mentions=MENTIONS, sentences=(1, 2))


def test_a_single_mention_may_begin_end_or_be_the_sentence() -> None:
    for text in ("Thursday.", "Thursday is fine.", "It is on Thursday.", "On Thursday we meet."):
        assert accepts(text, known=KNOWN, mentions=("Thursday",), sentences=(1, 1))
    assert not accepts("It is today.", known=KNOWN, mentions=("Thursday",), sentences=(1, 1))
