"""A server that fails in every way there is, on real sockets."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable

import pytest

from dalle_kit import Kit, Settings
from dalle_kit.engine.remote.engine import RemoteEngine
from dalle_kit.engine.remote.pace import Patience
from dalle_kit.errors import DalleKitError, ModelError, RequestError, ServerError, UnknownNameError
from dalle_kit.models.spec import ServerSource
from dalle_kit.records import GenerationOptions, Skeleton
from tests.engine.remote.conftest import (
    PROMPT,
    SENTENCE,
    SKELETON,
    Behaviour,
    Handler,
    Script,
    event,
    fails,
    fill,
    forever,
    listing,
    piece,
    raw,
    resets,
    says,
)

GOOD = "The bus is late."


def hangs(handler: Handler) -> None:
    time.sleep(3.0)


@pytest.mark.parametrize(
    "failure",
    [
        fails(429, Retry_After="0"),
        fails(503, "busy"),
        fails(502),
        resets(),
        resets(piece("The bus")),
        raw(piece("The bus is")),
        raw(event({"error": {"message": "overloaded", "code": 503}})),
    ],
    ids=["429", "503", "502", "reset", "reset within", "broken off", "busy within"],
)
def test_what_passes_is_tried_again(script: Script, failure: Behaviour) -> None:
    engine = script.engine(failure, says(GOOD))
    generation, pieces = fill(engine)
    assert generation.slots["body"].text == GOOD
    assert "".join(each.text for each in pieces if each.slot) == GOOD
    assert len(script.asked) == 2


@pytest.mark.parametrize("silence", [hangs, forever(b": waiting\n\n", seconds=3.0)], ids=["nothing", "only comments"])
def test_a_server_that_says_nothing_is_asked_again(script: Script, silence: Behaviour) -> None:
    engine = script.engine(silence, says(GOOD), patience=Patience(silence=1.5))
    assert fill(engine)[0].slots["body"].text == GOOD
    assert len(script.asked) == 2


def test_a_server_that_says_nothing_again_is_given_up(script: Script) -> None:
    engine = script.engine(hangs, patience=Patience(silence=0.2))
    with pytest.raises(ServerError, match="given up after 2 tries; the setting remote_timeout"):
        fill(engine)
    assert len(script.asked) == 2


def test_a_wait_that_the_server_asks_for_is_kept(script: Script) -> None:
    engine = script.engine(fails(429, Retry_After="1"), says(GOOD))
    fill(engine)
    assert 1.0 <= script.times[1] - script.times[0] < 3.0


def test_a_count_that_is_used_up_holds_the_next_request(script: Script) -> None:
    spent = raw(
        piece(GOOD, "stop") + event(b"[DONE]"),
        x_ratelimit_remaining_requests="0",
        x_ratelimit_reset_requests="600ms",
    )
    engine = script.engine(spent, says(GOOD))
    fill(engine)
    fill(engine)
    assert script.times[1] - script.times[0] >= 0.6


@pytest.mark.parametrize(
    ("failure", "message", "kind"),
    [
        (
            fails(429, Retry_After="900"),
            r"busy: no, and asks to come again in 900 s$",
            ServerError,
        ),
        (fails(503, "busy"), r"is busy: busy; given up after 4 tries", ServerError),
        (fails(401, "Incorrect API key"), r"wants a key \(Incorrect API key\); set DALLE_KIT_REMOTE_KEY", ServerError),
        (fails(400, "bad top_k"), r"refused the request: bad top_k$", ServerError),
        (fails(500, "boom\nat line 1"), r"refused the request: boom at line 1$", ServerError),
        (fails(404, "nothing here"), r"does not know it \(nothing here\); does the address .* end where", ServerError),
        (fails(400, "maximum context length is 10"), r"longer than the model on .* reads", RequestError),
        (fails(400, "filtered", code="content_filter"), r"refuses what is asked for here: filtered", RequestError),
        (fails(307, location="http://192.0.2.7/v1"), r"points to http://192.0.2.7/v1; give that", ServerError),
        (raw(b"<html>hello", kind="text/html"), r"answered /chat/completions with text/html, not a text", ServerError),
        (raw(event(b"{nonsense")), r"no JSON: b'\{nonsense'", ServerError),
        (raw(event([1, 2])), r"no JSON object: \[1, 2\]", ServerError),
        (raw(event({"choices": 7})), r"no choices, but", ServerError),
        (raw(event({"choices": [{"delta": {"content": 7}}]})), r"a choice that is", ServerError),
        (raw(event({"choices": []}) + event(b"[DONE]")), r"no choice at all", ServerError),
        (raw(b"data: " + b"x" * 3_000_000), r"a line of more than 1000000 bytes", ServerError),
        (raw(event({"error": {"message": "it died", "code": 500}})), r"refused the request: it died", ServerError),
    ],
)
def test_what_does_not_pass_is_an_error_of_one_line(
    script: Script, failure: Behaviour, message: str, kind: type[DalleKitError]
) -> None:
    engine = script.engine(failure, patience=Patience(connect=2.0, silence=1.0, waiting=4.0, tries=4))
    with pytest.raises(kind, match=message) as raised:
        fill(engine)
    assert "\n" not in str(raised.value)


def test_a_server_that_writes_without_end_is_not_listened_to_without_end(script: Script) -> None:
    engine = script.engine(forever(piece("the bus is late and ")))
    skeleton = Skeleton((SENTENCE,))
    generation, _ = fill(engine, skeleton, max_tokens=8)
    assert generation.slots["body"].text == ""  # nothing finished came
    assert script.gone.wait(60)


def test_the_place_is_freed_when_the_text_is_no_longer_wanted(script: Script) -> None:
    engine = script.engine(forever(piece("bus ")))
    pieces = engine.fill([(PROMPT, SKELETON)], GenerationOptions(max_tokens=100_000), results=[])
    assert next(pieces).text == "Hello,\n\n"
    while not script.running:
        time.sleep(0.01)
    pieces.close()  # type: ignore[attr-defined]
    assert script.gone.wait(60)


def test_whoever_waits_hears_that_there_is_nothing_yet(script: Script) -> None:
    engine = script.engine(hangs, says(GOOD), patience=Patience(silence=30))
    pieces = engine.fill([(PROMPT, SKELETON)], GenerationOptions(), results=[])
    assert [next(pieces).text for _ in range(3)] == ["Hello,\n\n", "", ""]
    pieces.close()  # type: ignore[attr-defined]


def test_a_server_that_was_given_up_is_not_waited_for_again(script: Script) -> None:
    engine = script.engine(fails(503))
    for tries in (4, 5):
        with pytest.raises(ServerError):
            fill(engine)
        assert len(script.asked) == tries


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        (listing("one", "two"), "the server has 2 models; name one behind a #: one, two"),
        (fails(404, "Not Found"), "does not know it"),
        (raw(b"[]", kind="application/json"), "no JSON object"),
        (raw(b'{"data": []}', kind="application/json"), "no list of models"),
        (raw(b'{"data": [{"name": "m"}]}', kind="application/json"), "no list of models"),
        (raw(b"x" * 2_000_000, kind="application/json"), "more than 1000000 bytes"),
        (resets(b'{"data": ['), "connection to .* broke"),
    ],
)
def test_a_list_of_models_that_is_none_is_an_error(script: Script, listed: Behaviour, message: str) -> None:
    script.listing = listed
    with pytest.raises(ServerError, match=message):
        script.engine(says(GOOD))


def test_a_model_that_the_server_has_not_is_told_with_the_nearest(script: Script) -> None:
    script.listing = listing("meta/Llama-3", "qwen")
    with pytest.raises(
        UnknownNameError, match="no model of the server named 'meta/Lama-3': did you mean 'meta/Llama-3'"
    ):
        script.engine(says(GOOD), model="meta/Lama-3")


def test_no_error_says_the_key(script: Script) -> None:
    engine = script.engine(fails(401, "bad key sk-secret-7"), key="sk-secret-7")
    with pytest.raises(ServerError, match=r"does not take the key \(bad key \(key\)\)") as raised:
        fill(engine)
    assert "sk-secret-7" not in str(raised.value)
    assert script.asked[0][2]["Authorization"] == "Bearer sk-secret-7"


@pytest.mark.parametrize("key", ["naïve", "two\nlines"])
def test_a_key_that_cannot_be_sent_is_refused(script: Script, key: str) -> None:
    with pytest.raises(ModelError, match="remote_key holds characters"):
        script.engine(says(GOOD), key=key)


@pytest.mark.parametrize(
    ("variable", "value"),
    [("SSL_CERT_FILE", "/none.pem"), ("HTTPS_PROXY", "foo://x:1"), ("HTTPS_PROXY", "socks5://127.0.0.1:1")],
)
def test_a_proxy_or_certificate_that_cannot_be_used_is_told(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ServerError, match=r"^a proxy or certificate cannot be used: .*; mend HTTPS_PROXY"):
        RemoteEngine.connect(ServerSource(url="https://models.invalid/v1"))


def test_so_many_requests_run_at_once_and_no_more(script: Script) -> None:
    three = threading.Barrier(3, timeout=60)

    def slow(handler: Handler) -> None:
        three.wait()
        time.sleep(0.05)
        says(GOOD)(handler)

    engine = script.engine(slow, together=3, patience=Patience())
    results: list[object] = []
    works = [(PROMPT, SKELETON)] * 9
    for _ in engine.fill(works, GenerationOptions(), results=results):  # type: ignore[arg-type]
        pass
    assert (len(results), script.most) == (9, 3)


def test_so_many_requests_begin_in_a_minute(script: Script) -> None:
    engine = script.engine(says(GOOD), per_minute=300)
    for _ in engine.fill([(PROMPT, SKELETON)] * 4, GenerationOptions(), results=[]):
        pass
    assert script.times[-1] - script.times[0] >= 0.55


def test_a_row_that_fails_gives_up_the_others(script: Script) -> None:
    engine = script.engine(fails(400, "no"), forever(piece("bus "), seconds=20.0))
    start = time.monotonic()
    with pytest.raises(ServerError, match="no"):
        for _ in engine.fill([(PROMPT, SKELETON)] * 3, GenerationOptions(max_tokens=100_000), results=[]):
            pass
    assert time.monotonic() - start < 12.0


def test_what_a_batch_had_written_when_a_row_failed_is_in_the_error(script: Script) -> None:
    def answer(handler: Handler) -> None:
        told = json.dumps(handler.body)
        time.sleep(0.5 if "bus 1" in told else 0.0)  # it is under way when the second fails
        (fails(400, "no") if "bus 2" in told else says("The bus is late."))(handler)

    script.behaviours = [answer]
    requests = [{"to": ["a@example.com"], "points": [f"bus {number} is late"]} for number in (1, 2, 3, 4)]
    kit = Kit(model=f"openai:{script.url}#m", settings=Settings(remote_together=2))
    script.engines.append(kit.load())  # type: ignore[arg-type]
    with pytest.raises(ServerError, match="refused the request: no") as raised:
        kit.batch("email", requests)
    assert list(raised.value.documents) == [0]
    assert raised.value.documents[0].request.points == ("bus 1 is late",)
    assert not any("bus 3" in json.dumps(body) for _, body, _ in script.asked)


def test_what_is_under_way_when_a_batch_is_interrupted_is_not_handed_over(script: Script) -> None:
    def answer(handler: Handler) -> None:
        if "bus 2" in json.dumps(handler.body):
            time.sleep(0.5)  # the first is finished
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.5)
        says("The bus is late.")(handler)

    script.behaviours = [answer]
    requests = [{"to": ["a@example.com"], "points": [f"note: bus {number} late"]} for number in (1, 2, 3)]
    kit = Kit(model=f"openai:{script.url}#m", settings=Settings(remote_together=2))
    script.engines.append(kit.load())  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt) as raised:
        kit.batch("email", requests)
    documents = vars(raised.value)["documents"]
    assert 0 in documents and 1 not in documents
    assert not any(each.provenance.budget_spent for each in documents.values())


def test_a_request_of_a_batch_that_the_server_refuses_is_named(script: Script) -> None:
    script.behaviours = [says("The bus is late."), fails(400, "filtered", code="content_filter")]
    kit = Kit(model=f"openai:{script.url}#m", settings=Settings(remote_together=1))
    script.engines.append(kit.load())  # type: ignore[arg-type]
    requests = [{"to": ["a@example.com"], "points": ["the bus is late"]}] * 3
    with pytest.raises(RequestError, match=r"requests\[1\]: .* refuses what is asked for here: filtered") as raised:
        kit.batch("email", requests)
    assert list(raised.value.documents) == [0]


def test_a_server_is_asked_for_nothing_that_nobody_wants_any_more(script: Script) -> None:
    script.behaviours = [says("The bus is late.")]
    kit = Kit(model=f"openai:{script.url}#m", settings=Settings())
    script.engines.append(kit.load())  # type: ignore[arg-type]
    requests = [{"to": ["a@example.com"], "points": ["the bus is late"]}] * 2
    written = kit.batch("email", requests, stopped=lambda: True)
    assert [each.provenance.budget_spent for each in written] == [True, True]
    assert "The bus is late." in written[0].text and not script.asked


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_process_that_was_forked_asks_the_server_anew(script: Script) -> None:
    script.behaviours = [says("The bus is late.")]
    kit = Kit(model=f"openai:{script.url}#m", settings=Settings())
    script.engines.append(kit.load())  # type: ignore[arg-type]
    request = {"to": ["a@example.com"], "points": ["the bus is late"]}
    written = kit.generate("email", request).text
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    child = context.Process(target=lambda: theirs.send(kit.generate("email", request).text), daemon=True)
    child.start()
    has_written = ours.poll(30)
    child.kill()
    assert has_written and ours.recv() == written == kit.generate("email", request).text


def as_text(text: str) -> Callable[[Handler], None]:
    body = {"choices": [{"index": 0, "message": {"content": text}, "finish_reason": "stop"}]}
    return raw(json.dumps(body).encode(), kind="application/json; charset=utf-8")


def test_an_answer_that_comes_all_at_once_is_taken(script: Script) -> None:
    assert fill(script.engine(as_text(GOOD)))[0].text == GOOD
