"""The domains news and blog: articles and posts from a headline and facts, as text, Markdown, HTML or JSON-LD."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dalle_kit import hookimpl

if TYPE_CHECKING:
    from dalle_kit import Domain

__all__ = ["dalle_kit_register_domains"]


@hookimpl
def dalle_kit_register_domains(register: Callable[[Domain], None]) -> None:
    """Register the domains ``news`` and ``blog``."""
    from dalle_kit_news.domain import make_blog, make_news

    register(make_news())
    register(make_blog())
