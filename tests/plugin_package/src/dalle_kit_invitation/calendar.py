"""The calendar format (RFC 5545): one event whose description is the invitation."""

import hashlib

from dalle_kit import Document


def write_event(document: Document) -> bytes:
    """Return an invitation as an ``.ics`` file; the times are local to whoever reads it."""
    request = document.request
    key = f"{request.when.isoformat()} {request.where} {request.occasion}"
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//dalle-kit-invitation//EN",
        "BEGIN:VEVENT",
        f"UID:{hashlib.sha256(key.encode('utf-8')).hexdigest()[:32]}",
        f"DTSTAMP:{request.when:%Y%m%dT%H%M%S}Z",
        f"DTSTART:{request.when:%Y%m%dT%H%M%S}",
        f"SUMMARY:{_escape(request.occasion)}",
        f"LOCATION:{_escape(request.where)}",
        f"DESCRIPTION:{_escape(document.text)}",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return b"".join(_fold(line) for line in lines)


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _fold(line: str) -> bytes:
    """Break a line where it would exceed 75 bytes, never within a character."""
    folded, length = bytearray(), 0
    for character in line:
        encoded = character.encode("utf-8")
        if length + len(encoded) > 75:
            folded += b"\r\n "
            length = 1
        folded += encoded
        length += len(encoded)
    return bytes(folded + b"\r\n")
