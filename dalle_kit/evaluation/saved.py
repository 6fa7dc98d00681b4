"""Reports that were saved as JSON, of an evaluation or an audit: reading them again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from dalle_kit.errors import ConfigError

if TYPE_CHECKING:
    from pydantic import TypeAdapter


class Saved(Protocol):
    """A report that says by which version of its layout it was written."""

    @property
    def layout(self) -> int:
        """The version of its layout."""


SavedReport = TypeVar("SavedReport", bound=Saved)


def read_saved(file: Path) -> bytes:
    """Return what is in a report's file; raises ConfigError for one that cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read the report {file}: {error.strerror}; give one made with --output") from error


def parse_saved(
    adapter: TypeAdapter[SavedReport], content: bytes | str, *, name: str, of: str, layout: int
) -> SavedReport:
    """Make a report from JSON; raises ConfigError where it is none ``of`` that kind, or of another layout."""
    import pydantic

    try:
        report = adapter.validate_json(content)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise ConfigError(f"{name} is no report of {of} ({place}: {first['msg']}); make it anew") from error
    if report.layout != layout:
        raise ConfigError(f"{name} has the layout {report.layout}, this version reads {layout}; make it anew")
    return report
