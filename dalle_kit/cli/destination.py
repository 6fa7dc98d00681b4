"""Saying where a request goes that leaves this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dalle_kit.cli.common import say

if TYPE_CHECKING:
    from dalle_kit.kit import Kit


def say_where(kit: Kit, domain: str, *, quiet: bool) -> None:
    """Say on stderr to which server what is written in a domain goes, if it leaves this machine."""
    from dalle_kit.models.servers import is_this_machine

    server = kit.server_for(domain)
    if server is not None and not quiet and not is_this_machine(server):
        say(f"The request goes to {server.url}, whose model writes.", err=True)
