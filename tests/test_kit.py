"""The Python API, with the real default model where text is the point."""

from __future__ import annotations

import asyncio
import contextlib
import json
import multiprocessing
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from dalle_kit import (
    AsyncKit,
    ContextOverflowError,
    Document,
    Draft,
    Kit,
    OptionError,
    RequestError,
    UnknownNameError,
)
from dalle_kit.config import Settings
from dalle_kit.engine.engine import ROWS

if TYPE_CHECKING:
    from tests.conftest import Checkpoints

REQUEST: dict[str, Any] = {
    "to": ["Ana <ana@example.com>"],
    "subject": "The review moved",
    "points": ["now Thursday 14:00", "room B12"],
    "sender": "Tom",
}


@pytest.fixture(scope="module")
def kit(loaded_kit: Kit) -> Kit:
    return loaded_kit


def test_four_lines_write_an_email(kit: Kit) -> None:
    document = kit.generate("email", **REQUEST, seed=1)
    assert document.text.startswith("Dear Ana,\n\n")
    assert document.text.rstrip().endswith("Tom")
    assert document.slots and all(text in document.text for text in document.slots.values())
    assert document.provenance.model == Settings().model
    assert document.provenance.options.seed == 1
    assert document.provenance.generated_tokens > 0
    json.dumps(document.as_dict())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_process_forked_while_another_thread_writes_can_write(kit: Kit) -> None:
    written = kit.generate("email", REQUEST, max_tokens=8).text
    computing, go_on = threading.Event(), threading.Event()
    engine = kit.load()
    (scheduler,) = engine._schedulers.values()
    step, prefixes = scheduler._batch.step, cast("Any", engine.generative()).prefixes
    locks = (kit._loading, engine._constraints._lock, prefixes._lock)

    def held() -> None:
        with contextlib.ExitStack() as stack:
            for lock in locks:
                stack.enter_context(lock)
            computing.set()
            assert go_on.wait(60)
        step()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scheduler._batch, "step", held)
        thread = threading.Thread(target=kit.generate, args=("email", REQUEST), kwargs={"max_tokens": 8})
        thread.start()
        assert computing.wait(60)
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe()
        child = context.Process(
            target=lambda: theirs.send(kit.generate("email", REQUEST, max_tokens=8).text), daemon=True
        )
        child.start()
        has_written = ours.poll(60)
        child.kill()
        go_on.set()
        thread.join()
    assert has_written and ours.recv() == written


def test_the_pieces_of_a_stream_come_before_the_document(kit: Kit) -> None:
    stream = kit.stream("email", REQUEST, seed=1)
    with pytest.raises(RuntimeError, match="not finished"):
        stream.document  # noqa: B018 - reading it is what fails
    pieces = list(stream)
    assert len(pieces) > 5
    assert pieces[0].startswith("Dear Ana,")
    assert isinstance(stream.document, Document)


def test_a_seed_repeats_the_text_and_no_seed_draws_one(kit: Kit) -> None:
    sampled: dict[str, Any] = {"template": "free", "temperature": 0.9, "max_tokens": 24}
    first = kit.generate("email", **REQUEST, **sampled)
    again = kit.generate("email", **REQUEST, **sampled, seed=first.provenance.options.seed)
    assert again.slots == first.slots


def test_a_batch_writes_what_each_request_alone_gets(kit: Kit) -> None:
    other = {**REQUEST, "to": ["Kofi <kofi@example.com>"], "points": ["bring the cost sheet"]}
    together = kit.batch("email", [REQUEST, other], seed=3, max_tokens=24)
    alone = [kit.generate("email", request, seed=3, max_tokens=24) for request in (REQUEST, other)]
    assert [each.text for each in together] == [each.text for each in alone]
    assert kit.batch("email", []) == []


def test_what_a_batch_had_written_when_it_was_interrupted_is_handed_over(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kit.load().runner != "native":
        pytest.skip("all of a batch is one part here")
    requests = [{**REQUEST, "to": [f"guest{number}@example.com"], "points": ["bring it"]} for number in range(ROWS + 2)]
    go_on = kit.plugins.postprocess

    def postprocess(domain: str, request: Any, draft: Draft) -> Any:
        if request.to[0] == "guest17@example.com":
            signal.raise_signal(signal.SIGINT)
        return go_on(domain, request, draft)

    monkeypatch.setattr(kit.plugins, "postprocess", postprocess)
    with pytest.raises(KeyboardInterrupt) as raised:
        kit.batch("email", requests, max_tokens=12)
    documents = vars(raised.value)["documents"]
    assert type(raised.value) is KeyboardInterrupt and list(documents) == list(range(ROWS))
    assert documents[3].request.to[0] == "guest3@example.com"
    monkeypatch.undo()
    assert kit.generate("email", requests[3], max_tokens=12).text == documents[3].text


def test_a_request_of_a_batch_that_is_wrong_is_named_by_its_place(kit: Kit) -> None:
    with pytest.raises(RequestError, match=r"requests\[1\]: to: 'nobody' is not an e-mail address") as caught:
        kit.batch("email", [REQUEST, {**REQUEST, "to": ["nobody"]}])
    assert caught.value.field == "to"


@pytest.mark.parametrize("request_", [7, ["room B12"], {7: "room B12"}, "room B12"])
def test_what_is_no_request_is_told(kit: Kit, request_: Any) -> None:
    with pytest.raises(RequestError, match=r"requests\[1\]: a request is its fields by their names, got "):
        kit.batch("email", [REQUEST, request_])


def test_one_request_is_no_batch(kit: Kit) -> None:
    with pytest.raises(RequestError, match="this is one request; give a list of them"):
        kit.batch("email", REQUEST)  # type: ignore[arg-type]


def test_what_a_kit_is_made_with_is_no_argument_of_a_call(kit: Kit) -> None:
    with pytest.raises(RequestError, match=r"model: .* make one with Kit\(model=\.\.\.\)"):
        kit.generate("email", **REQUEST, model="smollm2-135m")


def test_a_misspelt_argument_of_a_call_is_told_from_a_field(kit: Kit) -> None:
    with pytest.raises(RequestError, match=r"no argument named 'bugdet': did you mean 'budget'\?"):
        kit.generate("email", **REQUEST, bugdet=5)
    with pytest.raises(RequestError, match=r"no email field named 'point': did you mean 'points'\?"):
        kit.generate("email", **REQUEST, point="x")


def test_of_several_candidates_the_one_with_the_fewest_findings_is_kept(kit: Kit) -> None:
    one = kit.generate("email", **REQUEST, template="free", seed=5, max_tokens=24)
    best = kit.generate("email", **REQUEST, template="free", seed=5, max_tokens=24, candidates=3)

    def troubles(document: Document) -> int:
        return sum(finding.severity != "note" for finding in document.findings)

    assert troubles(best) <= troubles(one)


def test_threads_share_one_kit(kit: Kit) -> None:
    found: dict[int, str] = {}

    def write(number: int) -> None:
        found[number] = kit.generate(
            "email", REQUEST, seed=number % 2, template="free", temperature=0.8, max_tokens=12
        ).text

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0] == found[2]
    assert found[1] == found[3]


def test_asyncio_has_the_same_methods(kit: Kit) -> None:
    async def work() -> tuple[Document, list[str | Document]]:
        api = AsyncKit(kit)
        document, pieces = await asyncio.gather(
            api.generate("email", REQUEST, seed=1, max_tokens=16), _collect(api.stream("email", REQUEST, max_tokens=16))
        )
        return document, pieces

    async def _collect(stream: Any) -> list[str | Document]:
        return [piece async for piece in stream]

    document, pieces = asyncio.run(work())
    assert document.text.startswith("Dear Ana,")
    assert isinstance(pieces[-1], Document)
    assert all(isinstance(piece, str) for piece in pieces[:-1])


@pytest.mark.parametrize("cancels", [1, 3])
def test_cancelling_stops_the_generation(kit: Kit, cancels: int) -> None:
    async def work() -> int:
        seen = 0

        async def read() -> None:
            nonlocal seen
            async for _ in AsyncKit(kit).stream("email", REQUEST, template="free", max_tokens=2000):
                seen += 1

        task = asyncio.create_task(read())
        while seen < 3:  # it is being written now
            await asyncio.sleep(0.01)
        for _ in range(cancels):
            task.cancel()
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await task
        return seen

    assert asyncio.run(asyncio.wait_for(work(), timeout=60)) < 50
    assert kit.generate("email", REQUEST).text  # the model is free again


def test_cancelling_stops_a_batch(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    write, ended = kit.batch, list[list[Document]]()
    monkeypatch.setattr(kit, "batch", lambda *names, **given: ended.append(write(*names, **given)))

    async def work() -> None:
        task = asyncio.create_task(AsyncKit(kit).batch("email", [REQUEST] * 3, template="free", max_tokens=2000))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(asyncio.wait_for(work(), timeout=60))
    (documents,) = ended  # the thread that wrote them has ended
    assert [each.provenance.budget_spent for each in documents] == [True] * 3
    assert any(finding.message.startswith("it was stopped") for finding in documents[-1].findings)


def test_what_an_application_does_in_threads_of_its_loop_and_what_a_kit_writes_do_not_wait_for_each_other(
    kit: Kit,
) -> None:
    async def work() -> str:
        loop, gate = asyncio.get_running_loop(), threading.Event()
        loop.set_default_executor(ThreadPoolExecutor(1))
        busy = loop.run_in_executor(None, gate.wait)
        try:
            document = await asyncio.wait_for(AsyncKit(kit).generate("email", REQUEST, max_tokens=8), timeout=60)
        finally:
            gate.set()
            await busy
        return document.text

    assert asyncio.run(work()) == kit.generate("email", REQUEST, max_tokens=8).text


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_an_async_kit_that_has_written_can_write_in_a_forked_process(kit: Kit) -> None:
    writer = AsyncKit(kit)
    written = asyncio.run(writer.generate("email", REQUEST, max_tokens=8)).text
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()

    def write() -> None:
        theirs.send(asyncio.run(writer.generate("email", REQUEST, max_tokens=8)).text)

    child = context.Process(target=write, daemon=True)
    child.start()
    has_written = ours.poll(60)
    child.kill()
    child.join()
    assert has_written and ours.recv() == written


def test_a_kit_and_its_settings_exclude_each_other(kit: Kit) -> None:
    with pytest.raises(TypeError, match="not both"):
        AsyncKit(kit, model="other")


def test_the_identity_fills_what_the_request_leaves_out(kit: Kit, default_model_home: Path) -> None:
    settings = kit.settings.model_copy(update={"identity": {"sender": "Mira", "tone": "friendly", "unrelated": "x"}})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DALLE_KIT_HOME", str(default_model_home))
        mine = Kit(settings=settings)
    request = mine.request("email", {"to": ["a@example.com"], "subject": "Hello"})
    assert (request.sender, request.tone) == ("Mira", "friendly")  # type: ignore[attr-defined]
    given = mine.request("email", {"to": ["a@example.com"], "subject": "Hello", "sender": "Tom"})
    assert given.sender == "Tom"  # type: ignore[attr-defined]


def test_shaping_needs_no_model_and_shows_the_text_the_model_reads(kit: Kit) -> None:
    shaped = kit.shape("email", REQUEST)
    assert "room B12" in shaped.prompt.text
    assert shaped.skeleton.outline().startswith("Dear Ana,")
    assert kit.prompt_text(shaped).startswith("<|im_start|>")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"to": ["not an address"]}, RequestError, "to"),
        ({"too": ["a@example.com"]}, RequestError, "did you mean 'to'"),
        ({"tone": "frendly"}, RequestError, "did you mean 'friendly'"),
        ({"temperature": 9.0}, OptionError, "temperature"),
        ({"template": "no-such"}, UnknownNameError, "no-such"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_written(
    kit: Kit, arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        kit.generate("email", **{**REQUEST, **arguments})


def test_an_unknown_domain_names_the_nearest(kit: Kit) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'email'"):
        kit.generate("emial", REQUEST)


PARENT = """From: Ana <ana@example.com>
To: Tom <tom@example.com>
Subject: Room
Date: Mon, 2 Nov 2026 09:00:00 +0000
Message-ID: <1@example.com>
Content-Type: text/plain; charset=utf-8

Which room?

{own}
> {quoted}
"""


def test_what_does_not_fit_is_dropped_on_purpose_oldest_quotes_first(checkpoints: Checkpoints, home: Path) -> None:
    _, engine = checkpoints("llama-long")
    file = home / "templates/email/thread/prompt.j2"
    file.parent.mkdir(parents=True)
    extended = '{% extends "bundled:email/prompt.j2" %}{% block request %}'
    file.write_text(extended + "{{ parent.history }}{{ super() }}{% endblock %}", encoding="utf-8")
    parent = PARENT.format(own="one two three " * 60, quoted="\n> ".join(["four five six"] * 900))
    document = answer(engine.path, parent, template="thread")
    assert document.provenance.dropped == ("the quoted text of level 1 in the message to answer",)
    [told] = [finding for finding in document.findings if finding.check == "context"]
    assert told.severity == "warning" and told.message.endswith(
        "left out: the quoted text of level 1 in the message to answer"
    )
    assert "four five six" in document.text  # the quotation below the reply is the user's, and stays


def test_what_the_model_was_not_shown_is_not_told_as_dropped(checkpoints: Checkpoints, home: Path) -> None:
    _, engine = checkpoints("llama-long")
    parent = PARENT.format(own="one two three\n" * 900, quoted="four five six")
    document = answer(engine.path, parent)
    assert document.provenance.dropped == ("the end of the message to answer",)
    assert document.text.count("one two three") == 900
    assert answer(engine.path, PARENT.format(own="one two three", quoted="four " * 4000)).provenance.dropped == ()


def answer(model: str, parent: str, **more: Any) -> Document:
    return Kit(model=model).generate(
        "email", to=["a@example.com"], points=["B12"], reply_to=parent, max_tokens=4, **more
    )


def test_a_request_that_cannot_be_shortened_says_by_how_much_it_is_too_long(
    checkpoints: Checkpoints, home: Path
) -> None:
    _, engine = checkpoints("llama-long")
    kit = Kit(model=engine.path)
    with pytest.raises(ContextOverflowError, match="shorten it by about") as caught:
        kit.generate("email", to=["a@example.com"], points=["B12"], instruction="one two three " * 2000)
    assert caught.value.excess > 0


def test_a_document_without_slots_needs_no_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DALLE_KIT_HOME", str(tmp_path))  # no model is here, and none is fetched
    request = {**REQUEST, "points": ["The room is B12."]}
    document = Kit(model="smollm2-135m").generate("email", request, template="phrased")
    assert "\n\nThe room is B12.\n\n" in document.text
    assert document.slots == {}
    assert document.provenance.model is None
    assert not (tmp_path / "models").exists()


def test_a_wrong_value_of_the_identity_is_traced_to_the_settings(kit: Kit) -> None:
    mine = Kit(settings=kit.settings.model_copy(update={"identity": {"tone": "frendly"}}))
    with pytest.raises(RequestError, match=r"did you mean 'friendly'\?; it is the setting identity\.tone"):
        mine.request("email", {"to": ["a@example.com"], "subject": "Hello"})


def test_a_misspelt_option_names_the_right_one(kit: Kit) -> None:
    with pytest.raises(RequestError, match="did you mean 'temperature'"):
        kit.generate("email", REQUEST, temprature=1)


def test_a_domains_own_model_gives_way_to_one_that_is_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DALLE_KIT_HOME", str(tmp_path))
    unchosen = Kit()
    assert unchosen.model_for("email") == unchosen.model == Settings().model
    assert unchosen.model_for("code complete") == unchosen.plugins.domain("code complete").model == "smollm2-135m"
    assert Kit(model="tiny").model_for("code complete") == "tiny"
    assert Kit(settings=Settings(model="mine")).model_for("code complete") == "mine"
    monkeypatch.setenv("DALLE_KIT_MODEL", "named")
    assert Kit().model_for("code complete") == "named"


def test_a_kit_keeps_an_engine_for_each_model_in_use(kit: Kit) -> None:
    writer, bare = kit.load(), kit.load("code complete")
    assert (writer.model, bare.model) == (Settings().model, "smollm2-135m")
    assert kit.load("email") is writer and kit.load("code complete") is bare


def test_a_place_outside_of_its_text_is_a_wrong_field(kit: Kit) -> None:
    with pytest.raises(RequestError, match=r"place: line 3 is outside of a\.py, which has 1 line") as caught:
        kit.shape("code complete", place={"text": "x = ", "path": "a.py", "line": 3})
    assert caught.value.field == "place"
    with pytest.raises(RequestError, match=r"place\.column: input should be a valid integer"):
        kit.shape("code complete", place={"text": "x = ", "path": "a.py", "line": 1, "column": "one"})


def test_what_the_model_reads_of_a_gap_is_shown_exactly(kit: Kit) -> None:
    shaped = kit.shape("code complete", place={"text": "def f(x):\n    return x + 1\n\nf(", "path": "a.py"})
    assert shaped.prompt.infills and shaped.domain == "code complete"
    assert kit.prompt_text(shaped) == shaped.prompt.text
    assert "<|im_start|>" not in kit.prompt_text(shaped)
