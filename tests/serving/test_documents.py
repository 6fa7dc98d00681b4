"""The domains over HTTP, with the real default model."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from dalle_kit import Kit
from dalle_kit.config import Settings
from dalle_kit.records import Privacy
from dalle_kit.serving.documents import DocumentRequest, written
from dalle_kit.testing import ScriptedKit
from tests.serving.conftest import Server, eventually, serving

FIELDS = {
    "to": ["Ana Ferreira <ana@example.com>"],
    "subject": "Room for Friday",
    "points": ["room B12", "from 14:00"],
    "sender": "Tom Ilves",
}
LEAK = "The room is free. Call 030 901820 for it. Bring the plan."
PATH = "/v1/domains/email/generate"


def test_the_domains_are_listed_each_with_its_schema(server: Server, kit: Kit) -> None:
    listed = server.ask("/v1/domains").json["data"]
    assert [each["id"] for each in listed] == list(kit.plugins.domains)
    for each in listed:
        shown = server.ask(f"/v1/domains/{quote(each['id'])}").json
        assert shown["schema"] == kit.plugins.domains[each["id"]].request.model_json_schema()
        assert {format["name"] for format in shown["formats"]} == set(kit.plugins.formats(each["id"]))
    assert server.ask("/v1/domains/emial").json["error"]["code"] == "domain_not_found"


def test_a_document_is_the_one_that_the_kit_writes(server: Server, kit: Kit) -> None:
    expected = kit.generate("email", FIELDS, max_tokens=24, seed=3)
    body = {"request": FIELDS, "max_tokens": 24, "seed": 3, "format": "html"}
    found = server.ask(PATH, body).json
    record = expected.as_dict()
    assert {name: found[name] for name in ("domain", "request", "text", "slots", "findings")} == {
        name: record[name] for name in ("domain", "request", "text", "slots", "findings")
    }
    assert found["rendered"] == {"format": "html", "suffix": ".html", "text": expected.render("html")}
    events = server.ask(PATH, {**body, "stream": True}).events
    assert events[-1] == "[DONE]"
    assert events[-2]["text"] == expected.text
    pieces = [event["text"] for event in events[:-2]]
    assert len(pieces) > 5 and "".join(pieces).startswith("Dear Ana")
    assert {event["object"] for event in events[:-2]} == {"document.piece"}


def test_what_each_sentence_rests_on_comes_after_the_document(server: Server) -> None:
    body = {"request": {"to": ["ana@example.com"], "points": ["meeting in room B12"]}, "explain": True, "stream": True}
    events = server.ask(PATH, body).events
    document, explanation, end = events[-3:]
    assert (document["object"], explanation["object"], end) == ("document", "document.explanation", "[DONE]")
    assert explanation["text"] == document["text"]
    weights = next(each["weights"] for each in explanation["sentences"] if each["weights"])
    assert explanation["parts"][weights[0]["part"]]["text"] == "meeting in room B12"


def test_bytes_come_and_go_in_base64(server: Server) -> None:
    question = (
        b"From: Ana <ana@example.com>\nTo: tom@example.com\nSubject: Friday\nMessage-ID: <1@x>\n\nDoes it suit?\n"
    )
    request = {
        "reply_to": {"$base64": base64.b64encode(question).decode()},
        "points": ["Friday suits"],
        "address": "tom@example.com",
    }
    found = server.ask(PATH, {"request": request, "max_tokens": 8, "format": "eml"}).json
    assert found["request"]["reply_to"] == request["reply_to"]
    shown = found["rendered"]
    text = base64.b64decode(shown["base64"]).decode() if "base64" in shown else shown["text"]
    assert "In-Reply-To: <1@x>" in text
    wrong = server.ask(PATH, {"request": {"reply_to": {"$base64": "?"}}})
    assert (wrong.status, "base64" in wrong.json["error"]["message"]) == (400, True)


@pytest.mark.parametrize(
    ("body", "param", "message"),
    [
        ({"request": {**FIELDS, "tone": "frendly"}}, "tone", "did you mean 'friendly'?"),
        ({"request": {"subjct": "x"}}, "subjct", "did you mean 'subject'?"),
        ({"request": FIELDS, "format": "emll"}, None, "did you mean 'eml'?"),
        ({"request": FIELDS, "template": "../../etc/passwd"}, None, "template"),
        ({"request": FIELDS, "like": ["/etc/passwd"]}, None, "no set of examples named '/etc/passwd'"),
        ({"request": FIELDS, "like": ["../letters"]}, None, "no set of examples named '../letters'"),
        ({"request": FIELDS, "steer": "left"}, "steer", "input should be"),
        ({"request": FIELDS, "budget": -1}, "budget", "above 0"),
        ({"request": FIELDS, "privacy": "some"}, "privacy", "input should be"),
        ({"request": FIELDS, "model": "/etc"}, "model", "no such field"),
        ({"request": FIELDS, "temperature": "hot"}, "temperature", "valid number"),
        ({"request": FIELDS, "candidates": 65}, "candidates", "less than or equal to 16"),
        ({"request": [1]}, "request", "dictionary"),
    ],
)
def test_what_is_wrong_is_said(server: Server, body: Any, param: str | None, message: str) -> None:
    answer = server.ask(PATH, body)
    assert answer.status == 400
    assert message in answer.json["error"]["message"]
    assert answer.json["error"]["param"] == param
    assert server.ask(PATH, {**body, "stream": True}).status == 400


def test_a_file_named_in_a_field_stays_a_text(server: Server) -> None:
    found = server.ask(PATH, {"request": {**FIELDS, "subject": "@/etc/hostname"}, "max_tokens": 1}).json
    assert found["request"]["subject"] == "@/etc/hostname"


@pytest.fixture
def leaking() -> Iterator[Server]:
    """A server whose model says a telephone number that nobody told it."""
    kit = ScriptedKit(lambda prompt, slot: LEAK)
    kit.engine.generative = lambda: None  # type: ignore[attr-defined]
    with serving(kit) as running:
        yield running


def test_a_sentence_is_held_back_until_it_was_looked_at(leaking: Server) -> None:
    body = {"request": FIELDS, "repair": False, "stream": True}
    shown = leaking.ask(PATH, {**body, "privacy": "report"}).body.decode()
    assert "901820" in shown
    redacted = leaking.ask(PATH, {**body, "privacy": "redact"})
    assert "901820" not in redacted.body.decode() and redacted.events[-1] == "[DONE]"
    refused = leaking.ask(PATH, {**body, "privacy": "refuse"})
    assert "901820" not in refused.body.decode()
    assert refused.events[-1]["error"]["code"] == "personal_data"
    assert leaking.ask(PATH, {**body, "stream": False, "privacy": "refuse"}).status == 400


@pytest.mark.parametrize("policy", ["redact", "refuse"])
def test_the_setting_holds_for_the_models_own_texts_too(policy: Privacy) -> None:
    kit = ScriptedKit(lambda prompt, slot: LEAK, settings=Settings(privacy=policy))
    kit.engine.generative = lambda: None  # type: ignore[attr-defined]
    talk = {"messages": [{"role": "user", "content": "May I call 030 4711?"}]}
    with serving(kit) as running:
        answer = running.ask("/v1/chat/completions", talk)
        stream = running.ask("/v1/chat/completions", {**talk, "stream": True})
    assert "901820" not in (answer.body + stream.body).decode()
    if policy == "redact":
        assert answer.json["choices"][0]["message"]["content"].startswith("The room is free.")
        assert stream.events[-1] == "[DONE]"
    else:
        assert (answer.status, answer.json["error"]["code"]) == (400, "personal_data")
        assert stream.events[-1]["error"]["code"] == "personal_data"


def test_a_document_that_nobody_waits_for_is_not_repaired(serving_home: Path) -> None:
    kit = ScriptedKit(lambda prompt, slot: "Ask Robert Miller on the 17th of May.")
    asked = []
    for stopped in (False, True):
        stop = threading.Event()
        before = len(kit.engine.prompts)
        for number, _ in enumerate(written(kit, "email", DocumentRequest(request=FIELDS), stop)):
            if stopped and number == 0:
                stop.set()
        asked.append(len(kit.engine.prompts) - before)
    assert asked[0] > asked[1] == 1


def test_who_goes_frees_the_place(server: Server) -> None:
    talk = {"messages": [{"role": "user", "content": "Tell me a story."}], "max_tokens": 4000, "stop": ["never"]}
    for body in ({**talk, "stream": True, "temperature": 1.0}, talk | {"temperature": 1.0}):
        if body.get("stream"):
            connection, response = server.open("/v1/chat/completions", body)
            response.readline()
        else:
            connection = _half_asked(server, body)
        assert eventually(lambda: server.desk.running == 1)
        connection.close()
        assert eventually(lambda: server.desk.running == 0)
    assert server.ask("/ready").json == {"ready": True, "running": 0, "waiting": 0}


def _half_asked(server: Server, body: Any) -> Any:
    """Ask without waiting for the answer."""
    import http.client
    import json

    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
    return connection
