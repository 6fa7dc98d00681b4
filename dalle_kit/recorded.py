"""A document's record, as ``--json`` writes it, read back: what the document is made again from, or revised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from dalle_kit.errors import ConfigError, DalleKitError
from dalle_kit.models.servers import SCHEME, parse_server, server_name
from dalle_kit.records import Document, Provenance

if TYPE_CHECKING:
    import pydantic


@dataclass(frozen=True, slots=True)
class Revised:
    """How a document was made from another one, as far as it takes part in making it again.

    ``of`` is the other's record, ``avoided`` the sentences that earlier revisions had replaced, ``replaced`` these and
    its own.
    """

    instructions: tuple[str, ...] = ()
    redo: tuple[str, ...] = ()
    add: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    seed: int = 0
    avoided: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    of: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    """A document as ``--json`` writes it, as far as it takes part in making it again."""

    domain: str
    request: dict[str, Any]
    text: str
    provenance: Provenance
    slots: dict[str, str] = field(default_factory=dict)
    revision: Revised | None = None


def read_record(record: Document | Mapping[str, Any] | bytes) -> Record:
    """Return what a document, its ``as_dict`` or that as JSON says of how it was made; raises ConfigError."""
    import pydantic

    if isinstance(record, Document):
        revision = pydantic.TypeAdapter(Revised).validate_python(record.revision) if record.revision else None
        return Record(record.domain, dict(record.asked), record.text, record.provenance, dict(record.slots), revision)
    try:
        if isinstance(record, bytes):
            return _adapter().validate_json(record)
        return _adapter().validate_python(record)
    except (pydantic.ValidationError, DalleKitError) as error:
        problem = str(error)
        if isinstance(error, pydantic.ValidationError):
            first = error.errors(include_url=False, include_input=False)[0]
            problem = f"{'.'.join(map(str, first['loc'])) or 'all of it'}: {first['msg']}"
        message = f"this is no record of a document ({problem}); give one that a domain's command writes with --json"
        raise ConfigError(message) from error


def plain_record(record: Record) -> dict[str, Any]:
    """Return a record as JSON-ready values, without what it was revised from."""
    plain: dict[str, Any] = _adapter().dump_python(record, mode="json", exclude={"revision"})
    return plain


@cache
def _adapter() -> pydantic.TypeAdapter[Record]:
    import pydantic

    return pydantic.TypeAdapter(Record)


def template_of(made: Provenance) -> str:
    """Return what ``--template`` takes for the template that a record names."""
    source, _, name = made.template.rpartition(":")
    variant = name.removeprefix(made.domain).removeprefix("/") or "default"
    return f"{source}:{variant}" if source else variant


def expect_named_server(made: Provenance, names: Sequence[str]) -> None:
    """Raise ConfigError where a record was made on a server of none of these names: it would be sent text and key."""
    if made.model is None or not made.model.startswith(SCHEME):
        return
    server = parse_server(made.model)
    if server.url not in [parse_server(name).url for name in names if name.startswith(SCHEME)]:
        name = server_name(server)
        raise ConfigError(
            f"the record was written by the model of a server, {server.url}, which nothing is sent to because a "
            f"record says so: name it yourself, with DALLE_KIT_MODEL={name} or 'dalle-kit models alias set'"
        )
