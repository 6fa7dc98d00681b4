"""Models that run elsewhere: ``openai:URL#NAME`` names one of a server that speaks OpenAI's API."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from dalle_kit.errors import ModelError
from dalle_kit.models.spec import ServerSource

#: What the name of such a model begins with.
SCHEME = "openai:"

#: The path of the API where an address has none.
_PATH = "/v1"

_EXAMPLE = "openai:http://localhost:8000/v1#NAME"


def parse_server(name: str) -> ServerSource:
    """Return the server and the model that ``openai:URL#NAME`` stands for; the model is None where none is named.

    Raises ModelError for an address that is none, and for one with a user's name, a password or a query in it.
    """
    url, _, model = name.removeprefix(SCHEME).partition("#")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ModelError(f"{SCHEME} names no address that can be read ({error}); write it as {_EXAMPLE}") from error
    if parts.username is not None or parts.password is not None:
        raise ModelError(
            f"{SCHEME} names an address with a user's name or a password in it, which is not used; set the key: "
            "DALLE_KIT_REMOTE_KEY, or 'dalle-kit config set remote_key KEY'"
        )
    plain = parts.scheme in ("http", "https") and host and not parts.query
    if not plain or not name.isprintable() or any(character.isspace() for character in url):
        raise ModelError(f"{name!r:.80} names no address of a server; write it as {_EXAMPLE}")
    shown = f"[{host}]" if ":" in str(host) else str(host)
    place = shown if port is None else f"{shown}:{port}"
    return ServerSource(url=f"{parts.scheme}://{place}{parts.path.rstrip('/') or _PATH}", model=model.strip() or None)


def server_name(source: ServerSource) -> str:
    """Return the name of a server's model, as ``parse_server`` reads it."""
    return f"{SCHEME}{source.url}" + (f"#{source.model}" if source.model else "")


def is_this_machine(source: ServerSource) -> bool:
    """Say whether a server is on this machine: what is sent to it does not leave that."""
    host = urlsplit(source.url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
