"""Running the server: its sockets, its signals, its end."""

from __future__ import annotations

import ipaddress
import signal
import socket
from collections.abc import Callable, Sequence
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn

from dalle_kit.errors import OptionError, OutputError
from dalle_kit.serving.desk import Desk
from dalle_kit.serving.gatekeeper import LOOPBACK
from dalle_kit.serving.limits import Limits

if TYPE_CHECKING:
    from starlette.types import ASGIApp


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach a host."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_key(host: str, key: str) -> None:
    """Raise OptionError where others could reach the server and no key is asked for."""
    if not key and not is_loopback(host):
        raise OptionError(
            "host",
            host,
            "127.0.0.1, or set a key: others can reach this address (the environment variable DALLE_KIT_API_KEY, "
            "or 'dalle-kit config set api_key KEY')",
        )


def allowed_hosts(host: str, key: str) -> frozenset[str] | None:
    """Return the names that a request may call the server by; any where a key is asked for."""
    return None if key else LOOPBACK | {f"[{host}]" if ":" in host else host}


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; raises OutputError where the address cannot be had."""
    try:
        kind, *_, address = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(kind, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(128)
        except OSError:
            listener.close()
            raise
    except (OSError, UnicodeError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise OutputError(f"cannot listen at {host}:{port}: {reason}; choose another --port or --host") from error
    return listener


class _Server(uvicorn.Server):
    """A server that says when it begins to end."""

    def __init__(self, config: uvicorn.Config, closing: Callable[[], None]) -> None:
        super().__init__(config)
        self._closing = closing

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end; at once if it is the second time."""
        super().handle_exit(sig, frame)
        self._closing()


def run(app: ASGIApp, desk: Desk, listeners: Sequence[socket.socket], limits: Limits) -> None:
    """Serve until Ctrl-C or a request to end: what is being written is finished, a second Ctrl-C stops that too."""
    config = uvicorn.Config(
        app,
        log_level="critical",  # the gatekeeper says what fails; a traceback could hold what was in a request
        access_log=False,
        lifespan="off",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=int(limits.seconds) + 1,
        ws="none",
    )
    server = _Server(config, desk.close)
    # The server raises the signals again once it has ended, which is no news then.
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        server.run(sockets=list(listeners))
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
