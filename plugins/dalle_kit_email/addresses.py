"""E-mail addresses: reading what people type, and refusing what would damage a header (RFC 5322, 6531, IDNA 2008)."""

from __future__ import annotations

import email.errors
import email.header
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import idna

_HOW = "write it as name@example.com or Name <name@example.com>"
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_OR_NAME = "or as a name alone, with a capital letter"
#: A name by itself, of five words at most: "Ana", "Dr. O'Neil", "J.R. Smith", "Tom & Ana"; "example.com" is none.
_WORD = r"(?:(?:[^\W\d_]\.)+|[^\W\d_]+(?:['\u2019-][^\W\d_]+)*\.?|&)"
_NAME = re.compile(rf"{_WORD}(?: {_WORD}){{0,4}}")
#: Small words of names, and what begins a greeting and no name.
_SMALL = frozenset(
    "and von van vom zu de der den di da do del della du la le las los bin ibn al el ter ten y e i".split()
)
_GREETS = frozenset("dear hi hello hallo hey to".split())
_NEEDS_QUOTES = re.compile(r'[()<>\[\]:;@\\,."]')


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One correspondent: a display name, and the two halves of the address as typed; name or address may be empty."""

    name: str
    local: str
    domain: str

    @property
    def address(self) -> str:
        """The address as people write it, an international domain in its own script; "" if there is none."""
        return f"{self.local}@{self.domain}" if self.local else ""

    @property
    def wire_address(self) -> str:
        """The address as mail systems carry it, an international domain in its ASCII form; "" if there is none."""
        return f"{self.local}@{ascii_domain(self.domain)}" if self.local else ""

    def __str__(self) -> str:
        if not self.name:
            return self.address
        return f"{quote_name(self.name)} <{self.address}>" if self.local else self.name


def quote_name(name: str) -> str:
    """Return a display name with quotes round it where its characters ask for them."""
    if not _NEEDS_QUOTES.search(name):
        return name
    return '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'


def parse_recipients(text: str) -> tuple[Mailbox, ...]:
    """Read one or more mailboxes, or a name alone; raises ValueError with the fix.

    A name begins with a capital letter, so that a user name without its domain is found out.
    """
    reject_control_characters(text)
    name = unicodedata.normalize("NFC", " ".join(_unquote(text.strip()).split()))
    if _is_name(name):
        return (Mailbox(name, "", ""),)
    try:
        return parse_mailboxes(text)
    except ValueError as error:
        raise ValueError(f"{error}, {_OR_NAME}" if str(error).endswith(_HOW) else str(error)) from error


def _is_name(text: str) -> bool:
    words = text.split(" ")
    is_spelled = all(word in _SMALL or not word[:1].islower() for word in words)
    return bool(_NAME.fullmatch(text)) and is_spelled and words[-1] not in _SMALL and words[0].casefold() not in _GREETS


def parse_mailboxes(text: str) -> tuple[Mailbox, ...]:
    """Read one or more mailboxes separated by commas or semicolons; raises ValueError with the fix."""
    reject_control_characters(text)
    parts = list(_split(text))
    return tuple(_parse_mailbox(part, alone=len(parts) == 1) for part in parts)


def parse_mailbox(text: str) -> Mailbox:
    """Read exactly one mailbox; raises ValueError with the fix."""
    found = parse_mailboxes(text)
    if len(found) != 1:
        raise ValueError(f"{text!r} holds {len(found)} addresses; give one: {_HOW}")
    return found[0]


def reject_control_characters(text: str) -> None:
    """Raise ValueError if ``text`` could break out of a header line, also once its encoded words are decoded."""
    for form in (text, _decoded(text)):
        for character in form:
            if unicodedata.category(character) in ("Cc", "Zl", "Zp"):
                raise ValueError(
                    f"{text!r:.80} holds a line break or control character (U+{ord(character):04X}), which could "
                    "smuggle a header into the message; write it on one line"
                )


def ascii_domain(domain: str) -> str:
    """Return a domain's ASCII form; raises ValueError if it is not a domain name."""
    try:
        return domain.lower() if domain.isascii() else idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise ValueError(f"{domain!r} is not a domain name: {error}") from error


def _decoded(text: str) -> str:
    if "=?" not in text:
        return text
    try:
        return str(email.header.make_header(email.header.decode_header(text)))
    except (email.errors.MessageError, UnicodeError, LookupError, ValueError):
        return text


def _split(text: str) -> Iterator[str]:
    """Yield the parts between commas and semicolons that stand outside quotes and angle brackets."""
    start, quoted, angle, escaped = 0, False, False, False
    for place, character in enumerate(text):
        if escaped:
            escaped = False
        elif quoted:
            escaped = character == "\\"
            quoted = character != '"'
        elif character == '"':
            quoted = True
        elif character in "<>":
            angle = character == "<"
        elif character in ",;" and not angle:
            if text[start:place].strip():
                yield text[start:place].strip()
            start = place + 1
    if quoted:
        raise ValueError(f"{text!r} has an opening quote without its closing one; {_HOW}")
    if text[start:].strip():
        yield text[start:].strip()


def _parse_mailbox(text: str, *, alone: bool) -> Mailbox:
    name, bracket, address = text.removesuffix(">").rpartition("<")
    if text.endswith(">") and bracket and ">" not in address:
        name, address = _unquote(name.strip()), address.strip()
    else:
        name, address = "", text
    if address.count("@") != 1 or any(character.isspace() for character in address):
        hint = "" if alone or "@" in address else "; put quotes round a name that holds a comma"
        raise ValueError(f"{text!r} is not an e-mail address; {_HOW}{hint}")
    local, domain = address.split("@")
    if not _LOCAL.fullmatch(local) or len(local.encode()) > 64:
        raise ValueError(f"{text!r} is not an e-mail address: {local!r} cannot stand before the @; {_HOW}")
    if not _is_domain(domain):
        raise ValueError(f"{text!r} is not an e-mail address: {domain!r} is not a domain name; {_HOW}")
    return Mailbox("" if name == address else name, local, domain)


def _is_domain(domain: str) -> bool:
    try:
        ascii_form = ascii_domain(domain)
    except ValueError:
        return False
    label = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
    return len(ascii_form) <= 253 and all(label.fullmatch(part) for part in ascii_form.split("."))


def _unquote(name: str) -> str:
    if len(name) >= 2 and name.startswith('"') and name.endswith('"'):
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    return " ".join(name.split())
