"""Reading the message that is being answered: who asked what, when, in which thread."""

from __future__ import annotations

import email.header
import email.parser
import email.policy
import email.utils
import re
from dataclasses import dataclass, replace
from datetime import datetime
from email.errors import MessageError
from email.message import Message
from functools import lru_cache

from dalle_kit_email.addresses import Mailbox, parse_mailbox
from dalle_kit_email.flowed import quoted_lines, unflow

Line = tuple[int, str]

_HEADERS = ("from", "to", "subject", "date", "message-id")
_MESSAGE_ID = re.compile(r"<[^<>\s]+>")
_QUOTE_MARKS = re.compile(r"(?:> ?)*")
_REPLY_PREFIX = re.compile(
    r"\s*(?:re|aw|antw|antwort|sv|vs|rép|réf|rif|odp|tr)\s*(?:\[\d+\]|\(\d+\)|\^\d+)?\s*[:\uff1a]", re.IGNORECASE
)
_ATTRIBUTION = re.compile(
    r"(?:wrote|writes|schrieb.*|a écrit|escribió|ha scritto|escreveu|schreef.*|napisał.*|skrev.*)\s*:\s*\Z"
)
_ATTRIBUTION_START = re.compile(r"(?:On|Am|Le|El|Il|Em|Op|Den|W dniu|Dnia|\d)\b")
_ORIGINAL = re.compile(
    r"\s*(?:-{3,}\s*(?:original message|ursprüngliche nachricht|message d.origine)\s*-{3,}|_{20,})\s*", re.I
)


@dataclass(frozen=True, slots=True)
class Parent:
    """The message being answered. ``lines`` is its text without its signature, each line with its level of quoting."""

    sender: Mailbox | None
    sender_name: str
    reply_to: tuple[Mailbox, ...]
    to: tuple[Mailbox, ...]
    subject: str
    date: datetime | None
    message_id: str
    references: tuple[str, ...]
    lines: tuple[Line, ...]

    @property
    def own_text(self) -> str:
        """What its author wrote: no quotes, no "On ... wrote:"."""
        kept: list[str] = []
        for place, (depth, line) in enumerate(self.lines):
            if depth == 0 and not _introduces_quote(self.lines, place):
                kept.append(line)
        return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()

    def without_quotes(self, level: int) -> Parent:
        """Return it without quotes of ``level`` and deeper, and without the lines that introduced them."""
        kept = (
            line
            for place, line in enumerate(self.lines)
            if line[0] < level and not (level == 1 and _introduces_quote(self.lines, place))
        )
        return replace(self, lines=tuple(kept))

    @property
    def source(self) -> str:
        """The source of a message of plain text that says the same."""
        sender = str(replace(self.sender, name=self.sender_name)) if self.sender else ""
        if self.sender and self.sender_name == self.sender.address:
            sender = self.sender_name
        headers = {
            "From": sender or self.sender_name,
            "Reply-To": ", ".join(map(str, self.reply_to)),
            "To": ", ".join(map(str, self.to)),
            "Subject": self.subject,
            "Date": email.utils.format_datetime(self.date) if self.date else "",
            "Message-ID": self.message_id,
            "References": " ".join(self.references),
        }
        head = [f"{name}: {value}" for name, value in headers.items() if value or name == "Subject"]
        return "\n".join([*head, "Content-Type: text/plain; charset=utf-8", "", *quoted_lines(self.lines)])

    @property
    def thread(self) -> tuple[str, ...]:
        """The References of a reply to it."""
        return (*self.references, self.message_id) if self.message_id else self.references


@lru_cache(maxsize=8)
def read_parent(source: bytes) -> Parent:
    """Read a message's source; raises ValueError with the fix if it is not one."""
    head, message = _parse(source)
    raw_from = _header(head, "from")
    senders = _mailboxes(raw_from)
    name, address = email.utils.parseaddr(raw_from)
    references = _MESSAGE_ID.findall(_header(head, "references"))
    answered = _MESSAGE_ID.findall(_header(head, "in-reply-to"))
    # RFC 5322: a parent without References passes on its In-Reply-To, if that names one message.
    if not references and len(answered) == 1:
        references = answered
    return Parent(
        sender=senders[0] if senders else None,
        sender_name=_one_line(_decode_words(name)) or address,
        reply_to=_mailboxes(_header(head, "reply-to")),
        to=_mailboxes(_header(head, "to")),
        subject=_one_line(_decode_words(_header(head, "subject"))),
        date=_date(_header(head, "date")),
        message_id=next(iter(_MESSAGE_ID.findall(_header(head, "message-id"))), ""),
        references=tuple(dict.fromkeys(references)),
        lines=_without_signature(_message_lines(message)),
    )


def reply_subject(subject: str) -> str:
    """Return ``subject`` with one "Re:" before it, whatever reply marks it came with."""
    while match := _REPLY_PREFIX.match(subject):
        subject = subject[match.end() :]
    return f"Re: {subject.strip()}".strip()


def _parse(source: bytes) -> tuple[Message, Message]:
    """Return the message twice: with its headers as text, and with its body as bytes."""
    source = source.removeprefix(b"\xef\xbb\xbf").lstrip()
    if source.startswith(b"\xd0\xcf\x11\xe0"):
        raise ValueError("this is an Outlook .msg file; save the message as .eml (or its source as text) and give that")
    if b"\0" in source:
        raise ValueError("this is a binary file, not an e-mail message; give the message's source, saved as .eml")
    head_source = re.split(rb"\r?\n\r?\n|\r\r", source, maxsplit=1)[0]
    head = email.parser.HeaderParser(policy=email.policy.compat32).parsestr(_decode(head_source, "latin-1"))
    if not any(head.get(name) for name in _HEADERS):
        raise ValueError(
            "this is not an e-mail message: it has no From, To, Subject, Date or Message-ID line at its top; give the "
            "message's source, saved as .eml, or put a line such as 'From: Ana <ana@example.com>' above its text"
        )
    return head, email.parser.BytesParser(policy=email.policy.compat32).parsebytes(source)


def _header(head: Message, name: str) -> str:
    return re.sub(r"\s*[\r\n]+\s*", " ", str(head.get(name, "")))


def _decode_words(text: str) -> str:
    try:
        return str(email.header.make_header(email.header.decode_header(text)))
    except (MessageError, UnicodeError, LookupError, ValueError):
        return text


def _one_line(text: str) -> str:
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", " ", text).split())


def _mailboxes(raw: str) -> tuple[Mailbox, ...]:
    """Return the usable addresses of a header; a damaged one is left out."""
    found = []
    for name, address in email.utils.getaddresses([raw]):
        try:
            bare = parse_mailbox(address)
        except ValueError:
            continue
        shown = _one_line(_decode_words(name))
        found.append(Mailbox("" if shown == address else shown, bare.local, bare.domain))
    return tuple(found)


def _date(raw: str) -> datetime | None:
    try:
        return email.utils.parsedate_to_datetime(raw)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def _message_lines(message: Message) -> list[Line]:
    part = next(iter(_texts(message, "plain")), None)
    if part is not None:
        text = _part_text(part)
        if str(part.get_param("format", "")).lower() == "flowed":
            return unflow(text, delsp=str(part.get_param("delsp", "")).lower() == "yes")
        return [_quoted_line(line) for line in text.split("\n")]
    part = next(iter(_texts(message, "html")), None)
    if part is None:
        return []
    # Few messages need it, and every e-mail would wait for its parser.
    from dalle_kit_email.html_text import html_to_lines

    return html_to_lines(_part_text(part))


def _texts(part: Message, subtype: str) -> list[Message]:
    """Return the message's own texts of one kind; attachments and forwarded messages are not its own."""
    if part.get_content_maintype() == "multipart" and part.is_multipart():
        children = part.get_payload()
        return [text for child in children if isinstance(child, Message) for text in _texts(child, subtype)]
    if part.get_content_type() == f"text/{subtype}" and part.get_content_disposition() != "attachment":
        return [part]
    return []


def _part_text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    charset = part.get_content_charset("utf-8")
    text = _decode(payload if isinstance(payload, bytes) else b"", charset)
    return text.replace("\r\n", "\n").replace("\r", "\n").expandtabs(4).rstrip("\n")


def _decode(data: bytes, charset: str) -> str:
    """Decode by the stated charset, unless the bytes are evidently UTF-8: files are often converted in saving."""
    try:
        text = data.decode("utf-8")
        if not text.isascii():
            return text
    except UnicodeDecodeError:
        pass
    try:
        return data.decode(charset, "replace")
    except LookupError:
        return data.decode("latin-1")


def _quoted_line(line: str) -> Line:
    marks = _QUOTE_MARKS.match(line)
    assert marks is not None
    return marks.group().count(">"), line[marks.end() :] if marks.group() else line


def _without_signature(lines: list[Line]) -> tuple[Line, ...]:
    """Drop the author's signature, trailing spaces and outer blank lines; an "Original Message" rule starts a quote."""
    kept: list[Line] = []
    signature, quoted = False, 0
    for depth, line in lines:
        if depth == 0 and not quoted and line in ("-- ", "--"):
            signature = True
        if depth == 0 and not quoted and _ORIGINAL.fullmatch(line):
            signature, quoted = False, 1
            continue
        if not (signature and depth == 0):
            kept.append((depth + quoted, line.rstrip()))
    while kept and not kept[-1][1]:
        kept.pop()
    while kept and not kept[0][1]:
        kept.pop(0)
    return tuple(kept)


def _introduces_quote(lines: tuple[Line, ...], place: int) -> bool:
    """Say whether the line is (the start of) "On ... wrote:" before a quote."""
    text = ""
    for depth, line in lines[place : place + 4]:
        if depth:
            return bool(_ATTRIBUTION.search(text))
        if text and not _ATTRIBUTION.search(text) and not (line and _ATTRIBUTION_START.match(text)):
            return False
        text = f"{text} {line}".strip()
    return False
