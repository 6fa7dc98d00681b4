"""Reading an e-mail message: what its author wrote, with subject, author and date."""

from __future__ import annotations

import codecs
import email.header
import email.parser
import email.policy
import email.utils
import re
from email.errors import MessageError
from email.message import Message

from dalle_kit.examples.replies import Line, own_lines, own_text, quoted_line
from dalle_kit.examples.texts import LONGEST, NOT_OWN, TOO_LARGE, Found, Skipped, normalise

_HEADERS = ("from", "to", "subject", "date", "message-id")
#: Of a part so much is read, quotes and markup included: what the author wrote stands before it (in characters).
_LONGEST_PART = 4 * LONGEST
#: A header is read so far: the library's time for parameters and encoded words grows with the square (in characters).
_LONGEST_HEADER = 4096
#: Codecs of Python's that are no charset of mail: some warn, or take time that grows with a text's square.
_NO_CHARSETS = {"unicode-escape", "raw-unicode-escape", "punycode", "idna", "undefined"}
NO_MESSAGE = "no e-mail message"


def read_message(source: bytes, origin: str) -> Found | Skipped:
    """Return what the author of a message wrote; quotes, signature and footers are left out."""
    source = source.removeprefix(b"\xef\xbb\xbf").lstrip()
    try:
        message = email.parser.BytesParser(policy=email.policy.compat32).parsebytes(source)
        text = _own_text(message)
    except (MessageError, LookupError, ValueError, RecursionError):
        return Skipped(origin, NO_MESSAGE)
    if not any(message.get(name) for name in _HEADERS):
        return Skipped(origin, NO_MESSAGE)
    if not re.search(r"\w", text):
        return Skipped(origin, NOT_OWN)
    if len(text) > LONGEST:
        return Skipped(origin, TOO_LARGE)
    return Found(
        text=normalise(text),
        kind="email",
        origin=origin,
        subject=_header(message, "subject"),
        author=_header(message, "from"),
        date=_date(str(message.get("date", ""))[:_LONGEST_HEADER]),
    )


def _own_text(message: Message) -> str:
    part = next(iter(_texts(message, "plain")), None)
    if part is not None:
        text = _part_text(part)
        if str(part.get_param("format", "")).lower() == "flowed":
            return own_lines(_unflowed(text, delsp=str(part.get_param("delsp", "")).lower() == "yes"))
        return own_text(text)
    part = next(iter(_texts(message, "html")), None)
    if part is None:
        return ""
    # Few messages need it, and every e-mail would wait for its parser.
    from dalle_kit.examples.html_text import html_lines

    return own_lines(html_lines(_part_text(part)))


def _texts(part: Message, subtype: str) -> list[Message]:
    """Return the message's own texts of one kind; attachments and forwarded messages are not its own."""
    if len(str(part.get("content-type", ""))) > _LONGEST_HEADER:
        return []
    if part.get_content_maintype() == "multipart" and part.is_multipart():
        children = part.get_payload()
        return [text for child in children if isinstance(child, Message) for text in _texts(child, subtype)]
    if part.get_content_type() == f"text/{subtype}" and part.get_content_disposition() != "attachment":
        return [part]
    return []


def _part_text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    text = _decoded(data, part.get_content_charset("utf-8"))[:_LONGEST_PART].replace("\0", "")
    return text.replace("\r\n", "\n").replace("\r", "\n").expandtabs(4)


def _decoded(data: bytes, charset: str) -> str:
    """Decode by the stated charset, unless the bytes are evidently UTF-8: files are often converted in saving."""
    try:
        text = data.decode("utf-8")
        if not text.isascii():
            return text
    except UnicodeDecodeError:
        pass
    try:
        known = codecs.lookup(charset).name not in _NO_CHARSETS
        return data.decode(charset if known else "latin-1", "replace")
    except LookupError:
        return data.decode("latin-1")


def _unflowed(text: str, *, delsp: bool) -> list[Line]:
    """Return the lines of a format=flowed text (RFC 3676) joined again, each with its level of quoting."""
    joined: list[tuple[int, list[str]]] = []
    open_depth: int | None = None
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")
        soft = content.endswith(" ") and content != "-- "
        kept = content[:-1] if soft and delsp else content
        if open_depth == depth and content != "-- ":
            joined[-1][1].append(kept)
        else:
            joined.append((depth, [kept]))
        open_depth = depth if soft else None
    whole = [(depth, "".join(parts)) for depth, parts in joined]
    return [(depth, line) if depth else quoted_line(line) for depth, line in whole]


def _header(message: Message, name: str) -> str:
    raw = re.sub(r"[\r\n]+", " ", str(message.get(name, ""))[:_LONGEST_HEADER])
    try:
        raw = str(email.header.make_header(email.header.decode_header(raw)))
    except (MessageError, UnicodeError, LookupError, ValueError):
        pass
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", " ", raw).split())


def _date(raw: str) -> str:
    try:
        return email.utils.parsedate_to_datetime(raw).isoformat()
    except (TypeError, ValueError, IndexError, OverflowError):
        return ""
