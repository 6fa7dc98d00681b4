"""E-mail addresses, IP addresses and user names."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

Found = tuple[str, int, int]

# No more than 64 characters before the sign (RFC 5321), so that a long run of letters is read once.
_EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
#: Domains of RFC 2606, which belong to nobody.
NOBODYS = re.compile(r"(?:@|//|\.|\A)example(?:\.(?:com|net|org))?\Z|\.(?:example|invalid|test)\Z", re.IGNORECASE)
_IP4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]?\d)")
_IP6 = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){3,7}[0-9A-Fa-f]{0,4}(?![\w:])")
_VERSION = re.compile(r"(?:\bv|\bversions?|\brelease|\brev(?:ision)?|\bsections?|§)[ .:]*\Z", re.IGNORECASE)
_HANDLE = re.compile(r"(?<![\w@./)-])@[A-Za-z_][\w.]{1,29}(?<![.])(?![\w@/(]|::)")
#: A line of code: decorators and annotations are no handles.
_DECORATOR = re.compile(r"[ \t]*@[\w.]+[ \t]*(?:\(.*)?\Z")
#: What follows the sign in programs, style sheets and their comments.
_NO_HANDLE = frozenset(
    "abstract apply author autowired bean brief charset classmethod code container dataclass deprecate deprecated "
    "example extends file fixture fontface fontfamily functools import inheritdoc internal keyframes layer link media "
    "namespace note overload override page param private property public pytest readonly return returns see since "
    "staticmethod supports tailwind template test throws todo type typedef typing use value version".split()
)
_CALLED = re.compile(
    r"\b(?:user[ -]?names?|user[ -]?id|user|login(?: name)?|screen name|nick(?:name)?|handle)"
    r"(?:[ \t]*:[ \t]*[\"'\u2018\u201c]?|[ \t]*=[ \t]*[\"']|[ \t]+is[ \t]+[\"'\u2018\u201c]?)"
    r"(?P<name>[A-Za-z][\w.-]{2,39})(?<![.-])(?![\w(\[])",
    re.IGNORECASE,
)
_NO_NAME = frozenset(
    "admin any bool bytes callable dict false guest handler int list name none null number object optional root self "
    "str string test true undefined user username value".split()
)
_PROFILE = re.compile(
    r"\b(?:facebook|twitter|x|instagram|github|gitlab|tiktok|reddit|linkedin|youtube|mastodon\.social|medium)\.com?/"
    r"(?:in/|u/|user/|users/|@)?(?P<name>[A-Za-z][\w.-]{2,39})(?<![.-])",
    re.IGNORECASE,
)


def find_emails(text: str) -> Iterator[Found]:
    """Yield the e-mail addresses; those of domains that are for examples (RFC 2606) are nobody's."""
    for match in _EMAIL.finditer(text):
        if not NOBODYS.search(match.group()):
            yield "e-mail address", *match.span()


def find_machines(text: str) -> Iterator[Found]:
    """Yield the IP addresses that machines on the internet have: private and documentation ranges are nobody's."""
    for pattern in (_IP4, _IP6):
        for match in pattern.finditer(text):
            before = text[max(0, match.start() - 12) : match.start()]
            if _is_on_the_internet(match.group()) and not _VERSION.search(before):
                yield "IP address", *match.span()


def find_user_names(text: str) -> Iterator[Found]:
    """Yield handles, names of a login, and those in links to profiles."""
    for match in _HANDLE.finditer(text):
        line_start = text.rfind("\n", 0, match.start()) + 1
        line_end = text.find("\n", match.end())
        line = text[line_start : line_end if line_end >= 0 else len(text)]
        if not _DECORATOR.match(line) and match.group()[1:].casefold() not in _NO_HANDLE:
            yield "user name", *match.span()
    for match in _CALLED.finditer(text):
        # "The login is broken" names nobody, and "user: str" is a program's.
        is_said = re.match(r"(?:user[ -]?name|login|screen|nick|handle)\w*[ \t]*:", match.group(), re.IGNORECASE)
        if re.search(r"\d", match["name"]) or (is_said and match["name"].casefold() not in _NO_NAME):
            yield "user name", *match.span("name")
    for match in _PROFILE.finditer(text):
        yield "user name", *match.span("name")


def _is_on_the_internet(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_global
    except ValueError:
        return False
