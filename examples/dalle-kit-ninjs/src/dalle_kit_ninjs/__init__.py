"""The format ninjs 3.1 (IPTC) for the domains news and blog of dalle-kit."""

import json
import uuid
from collections.abc import Callable
from typing import Any

from dalle_kit import Document, Format, hookimpl

dalle_kit_api = ">=1,<2"

_STANDARD = {
    "name": "ninjs",
    "version": "3.1",
    "schema": "http://www.iptc.org/std/ninjs/ninjs-schema_3.1.json#",
}
_GENERATED = {
    "name": "Created using Generative AI",
    "uri": "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
}


@hookimpl
def dalle_kit_register_formats(register: Callable[[str, Format], None]) -> None:
    """Add ninjs to news and blogs."""
    ninjs = Format("ninjs", write_ninjs, "IPTC ninjs 3.1, withheld", ".ninjs", "application/json")
    for domain in ("news", "blog"):
        register(domain, ninjs)


def write_ninjs(document: Document) -> str:
    """Return an article as a news object; what is not known of it is left out."""
    return json.dumps(describe(document), ensure_ascii=False, indent=2) + "\n"


def describe(document: Document) -> dict[str, Any]:
    """Return the news object as JSON-ready values."""
    request, created = document.request, document.provenance.created
    text = str(document.render("text"))
    headlines = [{"role": "main", "value": request.headline}]
    headlines += [{"role": "kicker", "value": kicker} for kicker in _filled(document, "kicker")]
    described = {
        "uri": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{document.domain} {created} {text}')}",
        "standard": _STANDARD,
        "type": "text",
        "language": "en",
        # Without it an article counts as usable, and what a model wrote is a draft.
        "pubStatus": "withheld",
        "firstCreated": created,
        "versionCreated": created,
        "title": request.headline,
        "headlines": headlines,
        "descriptions": [{"role": "standfirst", "value": text} for text in _filled(document, "standfirst")],
        "by": request.byline,
        "located": getattr(request, "dateline", None),
        "subjects": [{"name": request.section}] if request.section else [],
        "infoSources": [{"name": source} for source in request.sources],
        "bodies": [{"role": "main", "contentType": "text/plain", "value": text, "wordCount": len(text.split())}],
        "digitalSourceType": _GENERATED if document.provenance.model else None,
    }
    return {name: value for name, value in described.items() if value not in (None, "", [])}


def _filled(document: Document, slot: str) -> list[str]:
    text = document.slots.get(slot, "").strip()
    return [text] if text else []
