"""The names of models on servers."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.engine.remote.engine import check_key
from dalle_kit.errors import ModelError
from dalle_kit.models.registry import Registry
from dalle_kit.models.servers import is_this_machine, parse_server, server_name
from dalle_kit.models.spec import ModelSpec, ServerSource
from dalle_kit.paths import Paths


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path, tmp_path, tmp_path)


@pytest.mark.parametrize(
    ("name", "url", "model"),
    [
        ("openai:http://localhost:8000", "http://localhost:8000/v1", None),
        ("openai:http://localhost:8000/", "http://localhost:8000/v1", None),
        ("openai:https://a.example/api/v2/#org/name", "https://a.example/api/v2", "org/name"),
        ("openai:http://[::1]:8000/v1#m", "http://[::1]:8000/v1", "m"),
    ],
)
def test_a_name_is_an_address_and_a_model(name: str, url: str, model: str | None) -> None:
    source = parse_server(name)
    assert (source.url, source.model) == (url, model)
    assert parse_server(server_name(source)) == source


@pytest.mark.parametrize(
    "name",
    [
        "openai:",
        "openai:localhost",
        "openai:ftp://a",
        "openai:http://",
        "openai:http://a?k=1",
        "openai:http://a:b",
        "openai:http://a b",
    ],
)
def test_what_is_no_address_is_refused_with_an_example(name: str) -> None:
    with pytest.raises(ModelError, match=r"openai:http://localhost:8000/v1#NAME"):
        parse_server(name)


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(ModelError, match="DALLE_KIT_REMOTE_KEY") as raised:
        parse_server("openai:https://user:hunter2@a.example/v1")
    assert "hunter2" not in str(raised.value)


@given(st.text(max_size=30) | st.text(alphabet="htps:/#[]@?.%0a ", max_size=20))
def test_any_name_is_a_server_or_refused(text: str) -> None:
    try:
        source = parse_server(f"openai:{text}")
    except ModelError as error:
        assert "\n" not in str(error)
    else:
        assert parse_server(server_name(source)) == source


def test_addresses_of_this_machine_are_told_from_others() -> None:
    hosts = ["localhost", "127.0.0.9", "[::1]", "a.localhost", "192.168.1.2", "localhost.example.com", "0.0.0.0"]
    assert [is_this_machine(ServerSource(url=f"http://{host}/v1")) for host in hosts] == [True] * 4 + [False] * 3


def test_a_key_goes_to_another_machine_only_where_nobody_can_read_it() -> None:
    check_key(ServerSource(url="https://a.example/v1"), "k")
    check_key(ServerSource(url="http://localhost:1/v1"), "k")
    check_key(ServerSource(url="http://a.example/v1"), "")
    with pytest.raises(ModelError, match="unencrypted; give an https address"):
        check_key(ServerSource(url="http://a.example/v1"), "k")


def test_a_model_on_a_server_is_resolved_and_not_fetched(paths: Paths) -> None:
    found = Registry(aliases={"far": "openai:http://localhost:1#m"}, paths=paths)
    assert found.resolve("far").name == "openai:http://localhost:1/v1#m"
    assert found.find("far") is None
    assert not found.reads_examples("far")
    with pytest.raises(ModelError, match="is on a server: it writes there"):
        found.ensure("far")


def test_a_plugin_cannot_name_a_server_for_the_user(paths: Paths) -> None:
    spec = ModelSpec(name="big", source=ServerSource(url="https://a.example/v1", model="m"))
    with pytest.raises(ModelError, match=r"name it yourself: openai:https://a\.example/v1#m"):
        Registry([spec], paths=paths).resolve("big")
