"""The code domains: complete code at a place in a file, write a function from its signature."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dalle_kit import hookimpl

if TYPE_CHECKING:
    from dalle_kit import Domain

__all__ = ["dalle_kit_register_domains"]


@hookimpl
def dalle_kit_register_domains(register: Callable[[Domain], None]) -> None:
    """Register the domains ``code complete`` and ``code function``."""
    from dalle_kit_code.domain import make_domains

    for domain in make_domains():
        register(domain)
