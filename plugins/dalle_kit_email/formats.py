"""The ways to write a finished e-mail. Nothing here sends one."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from urllib.parse import quote

from dalle_kit import Document, Format
from dalle_kit_email.addresses import Mailbox
from dalle_kit_email.context import quoted_parent
from dalle_kit_email.eml import require_addresses, write_eml
from dalle_kit_email.request import EmailRequest, mailboxes

_ITEM = re.compile(r"\s*[-*•]\s+(.*)")


def write_text(document: Document) -> str:
    """Return the text as it is."""
    return document.text


def write_mailto(document: Document) -> str:
    """Return a link that opens the e-mail in the user's own mail program (RFC 6068)."""
    request: EmailRequest = document.request
    lines = re.split(r"\r\n|\r|\n", document.text)
    fields = [
        ("cc", _address_list(mailboxes(request.cc))),
        ("bcc", _address_list(mailboxes(request.bcc))),
        ("subject", _escape(request.subject_line)),
        ("in-reply-to", _escape(request.parent.message_id) if request.parent else ""),
        ("body", _escape("\r\n".join(lines))),
    ]
    query = "&".join(f"{name}={value}" for name, value in fields if value)
    return f"mailto:{_address_list(request.recipients)}{'?' + query if query else ''}"


def write_html(document: Document) -> str:
    """Return a complete page: paragraphs, lists, and what is quoted as a quotation."""
    request: EmailRequest = document.request
    text, quoted = split_quoted(document)
    body = "\n".join(_blocks(text))
    if quoted:
        attribution, *lines = quoted.split("\n")
        inner = "<br>\n".join(_markup(line.removeprefix(">").removeprefix(" ")) for line in lines)
        body += f"\n<p>{_markup(attribution)}</p>\n<blockquote>\n<p>{inner}</p>\n</blockquote>"
    title = _markup(request.subject_line or document.domain)
    return (
        f'<!DOCTYPE html>\n<html lang="{request.language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def split_quoted(document: Document) -> tuple[str, str]:
    """Return the document's text in two: what was written, and the quotation below it ("" if there is none)."""
    quoted = quoted_parent(document.request)
    text = document.text.rstrip("\n")
    if quoted and text.endswith(quoted):
        return text.removesuffix(quoted), quoted
    return document.text, ""


def _write_eml(document: Document) -> bytes:
    text, quoted = split_quoted(document)
    return write_eml(document.request, text, quoted=quoted, created=document.provenance.created)


def _markup(text: str) -> str:
    """Return text as it stands between tags, where quotation marks mean nothing."""
    return html.escape(text, quote=False)


def _escape(text: str) -> str:
    return quote(text, safe="", encoding="utf-8")


def _address_list(addresses: Iterable[Mailbox]) -> str:
    known = (mailbox.wire_address for mailbox in addresses if mailbox.local)
    return ",".join(quote(address, safe="@!$'*+", encoding="utf-8") for address in known)


def _blocks(text: str) -> Iterable[str]:
    for paragraph in re.split(r"\n\s*\n", text.strip("\n")):
        lines = [line for line in paragraph.split("\n") if line.strip()]
        while lines:
            is_item = bool(_ITEM.fullmatch(lines[0]))
            run = []
            while lines and bool(item := _ITEM.fullmatch(lines[0])) == is_item:
                run.append(_markup((item[1] if item else lines[0]).strip()))
                lines.pop(0)
            if is_item:
                yield "<ul>\n" + "\n".join(f"<li>{item}</li>" for item in run) + "\n</ul>"
            else:
                yield "<p>" + "<br>\n".join(run) + "</p>"


FORMATS = (
    Format("text", write_text, "plain text"),
    Format("eml", _write_eml, "a draft for any mail program", ".eml", "message/rfc822", require=require_addresses),
    Format("mailto", write_mailto, "a link that opens the draft", ".mailto", "text/uri-list; charset=utf-8"),
    Format("html", write_html, "a web page", ".html", "text/html; charset=utf-8"),
)
