"""Writing an .eml draft (RFC 5322, MIME, format=flowed)."""

from __future__ import annotations

import email.header
import email.utils
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import EmailPolicy

from dalle_kit import RequestError
from dalle_kit_email.addresses import Mailbox, quote_name
from dalle_kit_email.flowed import flow_line
from dalle_kit_email.request import EmailRequest, mailboxes

_LINE = 78
_WORD = 74


class _PreparedHeaders(EmailPolicy):
    """Headers are folded and encoded before they are set.

    The standard library's own folding decodes encoded words it finds in a value (also line breaks in them), puts
    spaces into long names, and encodes long message identifiers, which breaks the thread.
    """

    def header_store_parse(self, name: str, value: object) -> tuple[str, str]:
        return name, str(value)

    def fold(self, name: str, value: str) -> str:
        return self.linesep.join(_fold(f"{name}: {value}")) + self.linesep

    def fold_binary(self, name: str, value: str) -> bytes:
        return self.fold(name, value).encode("utf-8")


_POLICY = _PreparedHeaders(linesep="\r\n", max_line_length=_LINE)


def write_eml(request: EmailRequest, text: str, *, quoted: str = "", created: str) -> bytes:
    """Return the draft; ``created`` is an ISO 8601 time. Raises RequestError where somebody has no address."""
    require_addresses(request)
    message = EmailMessage(policy=_POLICY)
    for name, value in _headers(request, sender_of(request), created):
        if value:
            message[name] = value
    body = (
        "\n".join([*_flowed(text.removesuffix("\n") if quoted else text), *_flowed_quote(quoted)]).rstrip("\n") + "\n"
    )
    message.set_content(body, cte=_transfer_encoding(body), params={"format": "flowed"})
    return message.as_bytes()


def require_addresses(request: EmailRequest) -> None:
    """Raise RequestError for a request of which a draft cannot be made, as somebody has no address."""
    sender_of(request)
    for mailbox in request.recipients:
        if not mailbox.local:
            raise RequestError(
                f"to: {mailbox.name!r} has no address, which an .eml draft needs; write "
                f"{mailbox.name} <name@example.com>",
                field="to",
            )


def sender_of(request: EmailRequest) -> Mailbox:
    """Return who it is from; raises RequestError for a request without an address."""
    if request.sender_mailbox is None:
        raise RequestError(
            "address: an .eml draft needs your e-mail address; give --address you@example.com (address=...), or save "
            "it with: dalle-kit config set identity.address you@example.com",
            field="address",
        )
    return request.sender_mailbox


def _headers(request: EmailRequest, sender: Mailbox, created: str) -> Iterable[tuple[str, str]]:
    yield "Date", email.utils.format_datetime(_time(created))
    yield "From", _address(sender, "From")
    for name, addresses in (("To", request.recipients), ("Cc", mailboxes(request.cc)), ("Bcc", mailboxes(request.bcc))):
        yield name, ", ".join(_address(mailbox, name) for mailbox in addresses)
    yield "Subject", _unstructured(request.subject_line, "Subject")
    if request.parent is not None:
        yield "In-Reply-To", request.parent.message_id
        yield "References", " ".join(request.parent.thread)
    yield "X-Unsent", "1"


def _time(created: str) -> datetime:
    time = datetime.fromisoformat(created)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _address(mailbox: Mailbox, header: str) -> str:
    if not mailbox.name:
        return mailbox.wire_address
    plain = mailbox.name.isascii() and "=?" not in mailbox.name
    name = quote_name(mailbox.name) if plain and _fits(mailbox.name) else _encoded_words(mailbox.name, header)
    return f"{name} <{mailbox.wire_address}>"


def _unstructured(text: str, header: str) -> str:
    return text if text.isascii() and "=?" not in text and _fits(text) else _encoded_words(text, header)


def _fits(text: str) -> bool:
    """Say whether each word has room on a line of its own."""
    return all(len(word) < _WORD - 10 for word in text.split(" "))


def _encoded_words(text: str, header: str) -> str:
    return (
        email.header.Header(text, "utf-8", maxlinelen=_WORD, header_name=header).encode(linesep="\n").replace("\n", "")
    )


def _fold(line: str) -> list[str]:
    """Break a header before spaces so that its lines have at most 78 characters, as far as its words allow."""
    lines = [""]
    for index, token in enumerate(re.findall(r"(?<! ) *[^ ]+", line)):
        # The first word of the value stays beside the name: some readers take a line break there for a space.
        if index > 1 and token.startswith(" ") and len(lines[-1]) + len(token) > _LINE:
            lines.append(token)
        else:
            lines[-1] += token
    return lines


def _flowed(text: str) -> list[str]:
    lines = re.split(r"\r\n|\r|\n", text)
    return [flowed for line in lines for flowed in flow_line(line)]


def _flowed_quote(quoted: str) -> list[str]:
    """Flow the attribution line and the quoted lines, whose ``>`` are marks and not text."""
    if not quoted:
        return []
    attribution, *lines = quoted.split("\n")
    flowed = flow_line(attribution)
    for line in lines:
        content = line.lstrip(">")
        flowed += flow_line(content.removeprefix(" "), depth=len(line) - len(content))
    return flowed


def _transfer_encoding(body: str) -> str:
    plain = body.isascii() and not re.search(r"[^\n\t\x20-\x7e]", body)
    return "7bit" if plain and all(len(line) <= _LINE for line in body.split("\n")) else "quoted-printable"
