"""The rules that the formats of a domain keep."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from xml.etree import ElementTree

from dalle_kit import __version__
from dalle_kit.domain import Domain, Request
from dalle_kit.errors import OutputError, RequestError
from dalle_kit.records import Document, Draft, Format, Provenance
from dalle_kit.testing.faults import Fault, noted, place_of, shown

_MEDIA_TYPE = re.compile(r"[a-z]+/[A-Za-z0-9.+-]+(\s*;\s*[a-z-]+=[^;]+)*\Z")


def format_faults(
    domain: Domain, formats: Mapping[str, Format], drafts: Sequence[tuple[Request, str, Draft]]
) -> list[Fault]:
    """Return what is wrong with the formats, tried on finished drafts."""
    faults: list[Fault] = []
    for format in map(_bare, formats.values()):
        place = place_of(format.render) or place_of(domain.request)
        faults += [Fault("formats", f"{format.name!r}: {message}", place) for message in _declared(format)]
        tried = 0
        for request, kind, draft in drafts:
            with noted(faults, "formats", f"{format.name!r} cannot say what it needs", format.require):
                try:
                    format.require(request)
                except RequestError:
                    continue
            tried += 1
            with noted(faults, "formats", f"{format.name!r} cannot be written, given {kind}", format.render):
                try:
                    message = _wrong(format, _document(domain, request, draft, formats))
                except OutputError:
                    if not _is_cut(draft):
                        raise
                    continue  # Document.value refuses it, as it is to
                if message:
                    faults.append(Fault("formats", f"{format.name!r}, given {kind}: {message}", place))
        if drafts and not tried:
            message = f"{format.name!r} needs more than any example request has; give the request model one that does"
            faults.append(Fault("formats", message, place_of(domain.request)))
    return faults


def _is_cut(draft: Draft) -> bool:
    """Say whether what was to be JSON in a draft is none, as where its writing was cut off."""
    return any(slot.schema is not None and not draft.texts[slot.name] for slot in draft.skeleton.slots)


def _bare(format: Format) -> Format:
    """Return a format with the functions that its plugin gave, so that what they raise says where."""
    # One layer is the toolkit's guard; what the plugin wraps its functions in belongs to them.
    plain = {name: getattr(format, name) for name in ("render", "require")}
    return replace(format, **{name: getattr(each, "__wrapped__", each) for name, each in plain.items()})


def _declared(format: Format) -> Iterator[str]:
    if format.suffix and not re.fullmatch(r"(\.[A-Za-z0-9]+)+", format.suffix):
        yield f"the suffix {format.suffix!r} does not look like one, such as '.md'"
    if not _MEDIA_TYPE.match(format.media_type):
        yield f"{format.media_type!r} is no media type, such as 'text/plain; charset=utf-8'"


def _wrong(format: Format, document: Document) -> str:
    """Say what is wrong with a format's rendering, nothing if it is right."""
    written = format.render(document)
    if not isinstance(written, (str, bytes)):
        return f"it is {shown(written)}, neither text nor bytes"
    if format.render(document) != written:
        return "it is written differently the second time"
    data = written.encode("utf-8") if isinstance(written, str) else written
    kind = format.media_type.partition(";")[0].strip()
    try:
        if format.name == "json" and json.loads(data) != document.as_dict():
            return "it does not hold the document's request, text, slots, findings and provenance"
        if kind == "application/json" or kind.endswith("+json"):
            json.loads(data)
        elif kind.endswith(("/xml", "+xml")):
            ElementTree.fromstring(data)
    except (ValueError, ElementTree.ParseError) as error:
        return f"it is not what its name or its media type {format.media_type!r} says ({error})"
    if "charset=utf-8" in format.media_type.lower() and data.decode("utf-8").encode("utf-8") != data:
        return "it is not the UTF-8 that its media type promises"
    return ""


def _document(domain: Domain, request: Request, draft: Draft, formats: Mapping[str, Format]) -> Document:
    provenance = Provenance(
        version=__version__,
        created=datetime.datetime(2031, 5, 4, 12, tzinfo=datetime.UTC).isoformat(),
        domain=domain.name,
        model="sample",
        model_sha256=None,
        device="cpu",
        dtype="float32",
        template="default",
        options=domain.options,
        candidate=0,
        prompt_tokens=0,
        generated_tokens=0,
        finish_reasons={},
        dropped=(),
        plugins={},
        timings={},
    )
    return Document(
        domain=domain.name,
        request=request,
        text=draft.text,
        slots=dict(draft.texts),
        findings=(),
        provenance=provenance,
        formats=formats,
    )
