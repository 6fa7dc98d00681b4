"""What a server is asked for a slot, and that its answer is held to what a local model is held to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dalle_kit.engine.remote.answers import Answer, held
from dalle_kit.engine.remote.events import Delta, Malformed, Told, deltas
from dalle_kit.engine.remote.pace import duration, retry_after
from dalle_kit.errors import ModelError, TemplateError
from dalle_kit.records import GenerationOptions, Message, Prompt, Skeleton, Slot
from tests.engine.remote.conftest import PROMPT, SENTENCE, SKELETON, Script, fails, fill, listing, says

GOOD = "The bus is late."


def test_a_begun_answer_is_gone_on_with_where_the_server_can(script: Script) -> None:
    generation, pieces = fill(script.engine(says(f"\n\n{GOOD} It is raining.")))
    (path, body, _) = script.asked[0]
    assert path == "/v1/chat/completions"
    assert body["messages"][-1] == {"role": "assistant", "content": "Hello,\n\n"}
    assert (body["continue_final_message"], body["add_generation_prompt"]) == (True, False)
    assert (body["model"], body["stream"], body["temperature"], "seed" in body) == ("m", True, 0.0, False)
    told = body["messages"][1]["content"]
    assert told.startswith("Notes:\n- the bus is late\n\nNow write one sentence.\nSay this, and nothing else:")
    assert generation.slots["body"].text == GOOD  # one sentence was asked for
    assert [each.text for each in pieces if each.slot is None] == ["Hello,\n\n", "\n\nBest regards\n"]


def test_another_server_is_told_the_text_so_far_and_may_say_it_again(script: Script) -> None:
    script.listing = listing("m", owner="library")
    generation, pieces = fill(script.engine(says(f"Hello,\n\n{GOOD}")))
    messages = script.asked[0][1]["messages"]
    assert [each["role"] for each in messages] == ["system", "user"]
    assert "The text so far:\n\nHello,\n\nWrite what comes next." in messages[1]["content"]
    assert "".join(each.text for each in pieces) == f"Hello,\n\n{GOOD}\n\nBest regards\n"
    assert generation.slots["body"].text == GOOD


def test_a_server_that_knows_no_begun_answer_is_asked_in_the_other_way(script: Script) -> None:
    engine = script.engine(fails(400, "Unrecognized request argument: continue_final_message"), says(GOOD))
    assert fill(engine)[0].text == GOOD
    assert "continue_final_message" not in script.asked[1][1]


def test_a_model_without_a_chat_format_goes_on_with_plain_text(script: Script) -> None:
    engine = script.engine(fails(400, "no chat template is defined"), says(GOOD))
    assert fill(engine)[0].text == GOOD
    path, body, _ = script.asked[1]
    assert (path, body["prompt"]) == ("/v1/completions", f"{PROMPT.text}\n\nHello,\n\n")


def test_a_text_with_a_gap_is_plain_text_to_go_on_with(script: Script) -> None:
    body = Slot("body", verbatim=True, starts_with="\n    ", stop=("\n\n", "\nd", "\nc", "\n#", "\n@"))
    prompt = Prompt((Message("context", "x = 1", "a.py"), Message("prefix", "y = 2\n"), Message("suffix", "z")))
    engine = script.engine(says(" return x  \n    # so\ndef"))
    generation, _ = fill(engine, Skeleton(("def f():", body, "\n")), prompt=prompt)
    path, sent, _ = script.asked[0]
    assert (path, sent["prompt"]) == ("/v1/completions", "x = 1\ny = 2\ndef f():\n   ")
    assert "stop" not in sent  # more than an API takes: it ends here
    assert generation.slots["body"].text == "return x  \n    # so"


def test_options_that_are_as_by_default_are_not_sent(script: Script) -> None:
    engine = script.engine(says(GOOD))
    fill(engine, temperature=0.5, seed=7, top_k=20)
    body = script.asked[0][1]
    assert (body["seed"], body["top_k"], "min_p" in body, "repetition_penalty" in body) == (7, 20, False, False)


def test_candidates_differ_in_their_seeds(script: Script) -> None:
    results: list[Any] = []
    engine = script.engine(says(GOOD))
    for _ in engine.fill([(PROMPT, SKELETON)], GenerationOptions(candidates=3), results=results, first=1):
        pass
    assert [each.candidate for each in results[0]] == [1, 2]
    assert len({body["seed"] for _, body, _ in script.asked}) == 2


@pytest.mark.parametrize(
    "wrong",
    ["The bus is late by 7 minutes.", "Martin is late.", "The bus (ours) is late.", "the bus", "On Friday it is late."],
)
def test_what_no_local_model_could_write_is_asked_for_again_and_else_left_out(script: Script, wrong: str) -> None:
    assert fill(script.engine(says(wrong), says(GOOD)))[0].text == GOOD
    assert [body["temperature"] for _, body, _ in script.asked] == [0.0, 0.7]
    generation, _ = fill(script.engine(says(wrong)))
    assert (generation.text, generation.slots["body"].reason) == ("", "given up")


def test_a_choice_is_taken_whatever_is_written_around_it(script: Script) -> None:
    slot = Slot("kind", choices=("late", "late again"))
    assert fill(script.engine(says('"Late again."')), Skeleton((slot,)))[0].text == "late again"
    assert fill(script.engine(says("lateness")), Skeleton((slot,)))[0].text == "late"  # one of them it has to be


def test_a_pattern_that_is_not_met_is_an_error(script: Script) -> None:
    slot = Slot("number", regex="[0-9]{3}")
    assert fill(script.engine(says("12"), says("123")), Skeleton((slot,)))[0].text == "123"
    with pytest.raises(TemplateError, match="slot 'number': what m wrote did not meet what it is held to, 2 times"):
        fill(script.engine(says("12")), Skeleton((slot,)))


def test_a_schema_is_sent_and_held_to(script: Script) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    engine = script.engine(says('{"a": "x"}'), says('{"a": 1}'))
    assert fill(engine, Skeleton((Slot("data", schema=schema),)))[0].text == '{"a": 1}'
    assert script.asked[0][1]["response_format"]["json_schema"]["schema"] == schema


def test_a_beginning_stands_before_what_is_written(script: Script) -> None:
    slot = replace(SENTENCE, starts_with="The bus")
    engine = script.engine(says("is late."))
    assert fill(engine, Skeleton(("Hello,\n\n", slot)))[0].text == GOOD
    assert script.asked[0][1]["messages"][-1]["content"] == "Hello,\n\nThe bus"


def test_half_a_character_can_be_sent(script: Script) -> None:
    prompt = Prompt((Message("user", "half \ud83d of one"),))
    assert fill(script.engine(says(GOOD)), prompt=prompt)[0].text == GOOD


def test_what_needs_the_model_itself_is_refused(script: Script) -> None:
    engine = script.engine(says(GOOD))
    for call in (engine.generative, lambda: engine.encode(["x"]), lambda: engine.mean_states([])):
        with pytest.raises(ModelError, match=r"#m is on a server and cannot"):
            call()


def test_a_request_that_is_longer_than_the_server_says_is_refused_before(script: Script) -> None:
    script.listing = listing("m", owner="vllm", max_model_len=60)
    with pytest.raises(Exception, match=r"#m reads 60"):
        script.engine(says(GOOD)).check_fits(PROMPT, SKELETON, GenerationOptions())


async def _chunks(data: bytes, size: int) -> Any:
    for start in range(0, len(data), size):
        yield data[start : start + size]


@settings(max_examples=150, deadline=None)
@given(
    data=st.binary()
    | st.lists(
        st.sampled_from(
            [b"data:", b"data: [DONE]", b"\n", b"\r\n", b": x", b'{"choices":', b"[{}]", b"}", b"null", b"["]
        )
    ).map(b"".join),
    size=st.integers(1, 9),
)
def test_any_bytes_are_pieces_or_one_of_three_errors(data: bytes, size: int) -> None:
    import asyncio

    async def read() -> list[Delta]:
        return [each async for each in deltas(_chunks(data, size))]

    try:
        assert all(isinstance(each, Delta) for each in asyncio.run(read()))
    except (Malformed, Told, EOFError):
        pass


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.sampled_from(["The bus", " is late", ".", " It", " rains", "\n\n", "No", ". 5", "Hello,"]), max_size=9)
)
def test_what_is_shown_only_grows_and_ends_as_the_text(words: list[str]) -> None:
    answer = Answer(SENTENCE, GenerationOptions(), after="Hello,\n\n", begun="", echoes=True)
    shown = ""
    for word in words:
        if answer.ended:
            break
        answer.take(Delta(word))
        assert answer.shown.startswith(shown)
        shown = answer.shown
    text = answer.finish()
    assert text.startswith(shown.strip()) or not text
    kept = held(SENTENCE, text)
    assert kept is None or all(part in text for part in kept.split())


def test_times_are_read_as_servers_write_them() -> None:
    found = [duration(text) for text in ("7", "250ms", "1m30.5s", "", "soon", "1x")]
    assert found == [7.0, 0.25, 90.5, None, None, None]
    assert retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0.0
    told = ("3", "nan", "-1", "Fri, 31 Dec 9999 23:59:00 -2359")
    assert [retry_after({"retry-after": text}) for text in told] == [3.0, None, None, None]
