"""The news domain: writes an article from a headline and facts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dalle_kit import hookimpl

if TYPE_CHECKING:
    from dalle_kit import Domain

__all__ = ["dalle_kit_register_domains"]


@hookimpl
def dalle_kit_register_domains(register: Callable[[Domain], None]) -> None:
    """Register the domain ``news``."""
    from dalle_kit_news.domain import make_domain

    register(make_domain())
