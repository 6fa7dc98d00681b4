"""Whatever is asked, and however many ask at once: no answer is a fault of the server's, each is its own request's."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.serving.conftest import Server

NUMBERS = st.one_of(st.integers(-3, 3), st.floats(allow_nan=True), st.just(2**70))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, st.text(max_size=12), st.just("\ud800"), st.just("\0")),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)),
    max_leaves=6,
)
FIELDS = {
    "/v1/completions": "prompt suffix n stream stop seed temperature top_p top_k min_p echo logprobs max_tokens user",
    "/v1/chat/completions": "messages n stream stop seed temperature response_format tools logit_bias logprobs echo",
    "/infill": "input_prefix input_suffix input_extra prompt n_predict stream stop seed temperature model",
    "/v1/domains/email/generate": "request stream format template like steer repair budget privacy seed stop top_p",
    "/v1/domains/nix/generate": "request",
}
SOUND: dict[str, dict[str, Any]] = {
    "/v1/completions": {"prompt": "One, two,", "max_tokens": 1},
    "/v1/chat/completions": {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 1},
    "/infill": {"input_prefix": "x", "n_predict": 1},
    "/v1/domains/email/generate": {
        "request": {"to": ["a@example.com"], "points": ["x"]},
        "max_tokens": 1,
        "repair": False,
        "candidates": 1,
    },
    "/v1/domains/nix/generate": {},
}


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, bytes]:
    """A request that may be sound but for a few of its fields, or no JSON."""
    path = draw(st.sampled_from(sorted(FIELDS)))
    changed = draw(st.dictionaries(st.sampled_from(FIELDS[path].split()), VALUES, max_size=2))
    body = json.dumps({**SOUND[path], **changed}).encode()
    return path, draw(st.one_of(st.just(body), st.just(body), st.just(body[:-1]), st.binary(max_size=20)))


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(requests())
def test_no_request_makes_the_server_fail(server: Server, request: tuple[str, bytes]) -> None:
    answer = server.ask(*request)
    assert answer.status in (200, 400, 404)
    if answer.status != 200:
        told = answer.json["error"]
        assert set(told) == {"message", "type", "param", "code"} and told["message"]
    elif b"data: " in answer.body:
        assert answer.events[-1] == "[DONE]" or answer.events[-1].get("stop")


def test_many_at_once_have_each_their_own_answer(server: Server) -> None:
    names = ("Ana", "Ben", "Carla", "Dan", "Elena", "Farid", "Greta", "Hugo")
    asked: list[tuple[str, dict[str, Any]]] = [
        ("/v1/domains/email/generate", {"request": {"to": [f"{name}@example.com"], "points": [f"room {number}"]}})
        for number, name in enumerate(names)
    ]
    asked += [("/v1/completions", {"prompt": f"{name} said:", "max_tokens": 12}) for name in names]
    bodies = [(path, {**body, "max_tokens": 12}) for path, body in asked]
    alone = [_text(server.ask(*each).json) for each in bodies]
    assert len(set(alone)) > 10
    with ThreadPoolExecutor(len(bodies)) as threads:
        together = [_text(answer.json) for answer in threads.map(lambda each: server.ask(*each), bodies)]
    assert together == alone


def _text(answer: Any) -> str:
    text: str = answer["text"] if "text" in answer else answer["choices"][0]["text"]
    return text
