"""Who is let in, how much is taken, and what is told of it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest

from dalle_kit import Kit
from dalle_kit.errors import OptionError
from dalle_kit.serving.limits import Limits
from dalle_kit.serving.server import allowed_hosts, check_key
from tests.serving.conftest import Server, eventually, serving

KEY = "a key of some length"
TALK = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 1}


@pytest.fixture(scope="module")
def locked(kit: Kit) -> Iterator[Server]:
    """A server with a key, a small limit, and a site that may use it."""
    with serving(kit, replace(Limits(), body=2000), key=KEY, origins=("https://notes.example",)) as running:
        yield running


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST", "[::1]:{port}"])
def test_this_machine_may_call_the_server_by_its_own_names(server: Server, host: str) -> None:
    assert server.ask("/v1/models", Host=host.format(port=server.port)).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "localhost.evil.example", "127.0.0.1.evil.example"]
)
def test_a_name_that_was_made_to_lead_here_is_not_let_in(server: Server, host: str) -> None:
    answer = server.ask("/v1/models", Host=host)
    assert (answer.status, answer.json["error"]["code"]) == (421, "wrong_host")


def test_pages_of_other_sites_are_not_let_in(server: Server) -> None:
    for origin in ("https://evil.example", "null", f"http://127.0.0.1:{server.port + 1}"):
        answer = server.ask("/v1/chat/completions", TALK, Origin=origin)
        assert (answer.status, answer.json["error"]["code"]) == (403, "wrong_origin")
        assert "access-control-allow-origin" not in answer.headers
    assert server.ask("/v1/models", Origin=server.url).status == 200


def test_a_form_of_another_site_cannot_ask_for_a_text(server: Server) -> None:
    answer = server.ask("/v1/chat/completions", b'{"messages": []}', Content_Type="text/plain")
    assert (answer.status, "application/json" in answer.json["error"]["message"]) == (400, True)


def test_the_site_that_is_allowed_may_ask(locked: Server) -> None:
    site, key = "https://notes.example", f"Bearer {KEY}"
    before = locked.ask(
        "/v1/models",
        method="OPTIONS",
        Origin=site,
        Access_Control_Request_Method="POST",
        Access_Control_Request_Headers="authorization",
    )
    assert (before.status, before.headers["access-control-allow-origin"]) == (200, site)
    answer = locked.ask("/v1/models", Origin=site, Authorization=key)
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (200, site)
    assert locked.ask("/v1/models", Origin="https://evil.example", Authorization=key).status == 403


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer ", f"Bearer {KEY}x", f"Basic {KEY}", KEY, f"Bearer {KEY[:-1]}"]
)
def test_without_the_key_nobody_gets_in(locked: Server, given: str) -> None:
    headers = {"Authorization": given} if given else {}
    for path in ("/v1/models", "/v1/domains", "/openapi.json", "/nothing"):
        answer = locked.ask(path, **headers)
        assert (answer.status, answer.json["error"]["code"]) == (401, "invalid_api_key")
        assert answer.headers["www-authenticate"] == "Bearer"
    assert locked.ask("/v1/chat/completions", TALK, **headers).status == 401


def test_with_the_key_one_does_by_any_name(locked: Server) -> None:
    for scheme in ("Bearer", "bearer"):
        assert locked.ask("/v1/models", Authorization=f"{scheme} {KEY}", Host="kit.example").status == 200
    assert [locked.ask(path).status for path in ("/", "/health", "/ready", "/page.js")] == [200] * 4


def test_what_is_too_large_is_not_read(locked: Server) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    answer = locked.ask("/v1/chat/completions", b"[" * 2001, **headers)
    assert (answer.status, answer.json["error"]["code"]) == (413, "too_large")
    assert locked.ask("/v1/chat/completions", b"[" * 2000, **headers).status == 400
    with socket.create_connection(("127.0.0.1", locked.port), timeout=20) as raw:
        raw.sendall(b"POST /infill HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + KEY.encode())
        raw.sendall(b"\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        raw.sendall(b"fa0\r\n" + b"[" * 4000 + b"\r\n")  # and no end
        assert b" 413 " in raw.recv(1000)


def test_half_a_character_in_a_message_does_no_harm(server: Server) -> None:
    answer = server.ask("/v1/domains/email/generate", b'{"request": {"\\ud800": "\\ud800"}}')
    assert (answer.status, answer.json["error"]["type"]) == (400, "invalid_request_error")


def test_what_fails_is_told_to_nobody_but_where(
    server: Server, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("a secret of the request")

    monkeypatch.setattr(server.kit, "stream", fail)
    answer = server.ask("/v1/domains/email/generate", {"request": {"to": ["a@example.com"], "points": ["secret"]}})
    assert (answer.status, answer.json["error"]["type"]) == (500, "server_error")
    monkeypatch.undo()
    monkeypatch.setattr(server.kit.plugins, "domain", fail)
    assert server.ask("/v1/domains/email").status == 500
    shown: list[str] = []

    def noted() -> bool:
        shown.extend(capfd.readouterr())
        return "".join(shown).count("ValueError at ") == 2

    # The answers go out before it is noted what failed.
    assert eventually(noted, seconds=10) and "test_gatekeeper.py" in "".join(shown)
    assert "secret" not in "".join(shown) + answer.body.decode()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "example.com", "127.0.0.1.example.com"])
def test_where_others_can_reach_it_a_key_is_asked_for(host: str) -> None:
    with pytest.raises(OptionError, match="DALLE_KIT_API_KEY"):
        check_key(host, "")
    check_key(host, KEY)
    assert allowed_hosts(host, KEY) is None


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.9"])
def test_this_machine_needs_none(host: str) -> None:
    check_key(host, "")
    assert {"localhost", "127.0.0.1", "[::1]"} <= (allowed_hosts(host, "") or set())
