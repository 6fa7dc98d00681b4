"""What the author of an e-mail wrote: without quotes and what introduces them, signatures, and footers of lists."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

#: A line with its level of quoting.
Line = tuple[int, str]

_MARKS = re.compile(r" {0,4}(?:> ?)+")

_WROTE = (
    r"(?:wrote|writes|sent|said|schrieb|schreibt|geschrieben|a écrit|escribió|ha scritto|escreveu|schreef|geschreven"
    r"|napisał(?:\(a\)|a)?|skrev|kirjoitti|написал\w*|пишет|đã viết)"
)
#: Between the beginning of "On ..., Ana wrote:" and the verb; a date or an address tells it from a sentence.
_WHEN_OR_WHO = re.compile(r"\d{1,4}[-/.:]\d|\b(?:19|20)\d\d\b|[^\s<@]+@[^\s>@]+|\b\d{1,2}:\d\d\b")
_BEGINNING = re.compile(
    r"[-\s]*(?:On|At|Am|Le|El|Il|Em|Op|Den|På|Vào|W dniu|Dnia|Sent from|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\w*,?|\d+)\b"
)
_WROTE_LINE = re.compile(rf"[-\s]*\S.*\b{_WROTE}\b.{{0,120}}?(?::|-{{2,}})\s*\Z", re.DOTALL)
_DATE_ADDRESS = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}\b[^<>]*<\s*[^\s<>@]+@[^\s<>@]+>\s*:?\s*\Z")
_ON_THE_SAME_LINE = re.compile(
    r"(?P<own>\S.*?)[-\s]+On (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|\d)"
    r".{3,160}\b(?:wrote|sent):\s*"
)

#: A rule or a line after which all is another message, marked as a quote or not.
_ANOTHER_MESSAGE = re.compile(
    r"\W{0,3}-{2,}\s*(?:original|reply|forwarded|ursprüngliche|antwort|weitergeleitete|oprindelig|message d.origine"
    r"|mensaje original|messaggio originale|mensagem original|oorspronkelijk|ursprungligt)\b.{0,60}"
    r"|begin forwarded message:|-{2,} forwarded by .*",
    re.IGNORECASE,
)
_FROM = r"(?:from|von|de|da|van|fra|från|od|lähettäjä|от)"
_OTHER_HEADER = (
    r"(?:sent|date|to|cc|subject|gesendet|datum|an|betreff|envoyé|à|objet|enviado|para|asunto|assunto|inviato|oggetto"
    r"|verzonden|aan|onderwerp|sendt|til|emne|skickat|till|ämne|data|do|temat|отправлено|кому|тема|reply-to)"
)
_FROM_LINE = re.compile(rf"\s*\*?(?:{_FROM}|date)\s?:\*?\s*\S", re.IGNORECASE)
_FROM_ADDRESS = re.compile(
    rf"\s*\*?{_FROM}\s?:\*?\s*+(?:\"?[\w .,'-]*+\"?\s*<)?[^\s<>@]+@[^\s<>@]+>?\s*\Z", re.IGNORECASE
)
_HEADER_LINE = re.compile(rf"\s*\*?(?:{_FROM}|{_OTHER_HEADER})\s?:\*?\s", re.IGNORECASE)

_SIGNATURE = re.compile(r"--\s?\Z")
_SENT_FROM = re.compile(
    r"\s*(?:sent (?:from|via|with|using) (?:my |a |the )?(?:i(?:phone|pad|pod)|android|blackberry|samsung|mobile|phone"
    r"|outlook|yahoo|mail|gmail|proton|thunderbird|sparrow|windows|huawei|verizon|t-mobile|acompli).{0,60}"
    r"|get outlook for \w+.{0,40}|von meinem (?:iphone|ipad|handy|smartphone).{0,40}|envoyé de mon \w+.{0,40}"
    r"|enviado desde mi \w+.{0,40})",
    re.IGNORECASE,
)
_RULE = re.compile(r"\s*(?:[-_=*~#+]\s?){5,}+[>~\s]*+(?:yahoo! groups sponsor.*)?\Z", re.IGNORECASE)
_LAST_RULE = re.compile(r"\s*(?:[-_=*~#+]\s?)*\Z")
_FOOTER = re.compile(
    r"mailing list|unsubscribe|list(?:info|man|serv)\b|sponsored by|yahoo! groups|do you yahoo|http://xent\.com"
    r"|hotmail\.com|msn (?:photos|explorer)|confidential|intended (?:only|solely)|get your free|free (?:e-?mail|web)|"
    r"thinkgeek|sourceforge|scanned (?:for|by)|virus|stop receiving|change your preferences",
    re.IGNORECASE,
)
_FOOTER_START = re.compile(
    r"\s*(?:to unsubscribe\b|unsubscribe:|you (?:are receiving|received) this|do you yahoo"
    r"|this e-?mail (?:and|is|was|has)"
    r"|this message (?:is|and|was|contains)|the information (?:contained )?in this|confidentiality notice|disclaimer\b"
    r"|join the world.s largest|chat with friends online|send and receive hotmail|get your free|msn photos"
    r"|irish linux users|list maintainer:|.{0,60}\bmailing list\s*\Z|your use of yahoo! groups)",
    re.IGNORECASE,
)
_CONTACT = re.compile(
    r"https?://|www\.|[^\s@]+@[^\s@]+\.\w|\b(?:tel|phone|fax|icq|aim|mobile|gpg|pgp)\b", re.IGNORECASE
)
_LIST_ADDRESS = re.compile(r"\s*<?https?://(?=\S*(?:mailman|listinfo))\S*\s*\Z", re.IGNORECASE)
#: A longer line introduces nothing; patterns would take long to find that out (in characters).
_LONGEST_LINE = 1000
#: A block of contact lines below a rule is a signature, if it is no longer (in lines).
_LONGEST_SIGNATURE = 8

_PGP_BEGINS = re.compile(r"-----BEGIN PGP (SIGNED MESSAGE|SIGNATURE|MESSAGE|PUBLIC KEY BLOCK)-----\s*\Z")
_PGP_ENDS = re.compile(r"-----END PGP [A-Z ]+-----\s*\Z")
#: How some programs quote: "AB> " with initials or a name, and "| " (with another "|" at its end it is a table's row).
_NAMED_QUOTE = re.compile(r"\s{0,4}(?P<name>[A-Z][A-Za-z]{0,10}(?=>)|\|(?!.*\|\Z))>*(?:\s|\Z)")


def own_text(text: str) -> str:
    """Return what the author of a plain-text message wrote; greeting and sign-off stay, an empty text may remain."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return own_lines([quoted_line(line) for line in text.split("\n")])


def quoted_line(line: str) -> Line:
    """Return a line of plain text with its level of quoting."""
    marks = _MARKS.match(line)
    return (marks.group().count(">"), line[marks.end() :]) if marks else (0, line)


def own_lines(lines: Iterable[Line]) -> str:
    """Return what the author wrote among lines of a message, each with its level of quoting."""
    marked = _named_quotes(_without_pgp([(depth, line.rstrip()) for depth, line in lines]))
    kept = _without_signatures(_without_quotes(marked))
    return _tidied(_without_footer(kept))


def _without_pgp(lines: Sequence[Line]) -> list[Line]:
    """Drop what PGP adds to a signed message: its head, the marks before dashes, and the signature."""
    kept: list[Line] = []
    is_head, is_block, is_signed = False, False, False
    for depth, line in lines:
        begins = None if depth else _PGP_BEGINS.match(line)
        if begins:
            is_head = begins[1] == "SIGNED MESSAGE"
            is_block, is_signed = not is_head, is_signed or is_head
        elif is_block:
            is_block = not _PGP_ENDS.match(line)
        elif is_head:
            is_head = bool(line.strip())
        else:
            kept.append((depth, line.removeprefix("- ") if is_signed and line.startswith("- -") else line))
    return kept


def _named_quotes(lines: Sequence[Line]) -> list[Line]:
    """Mark lines as quoted that begin with the same initials and ">", or "|", as others."""
    found = [_NAMED_QUOTE.match(line) if not depth else None for depth, line in lines]
    names = Counter(match["name"] for match in found if match)
    return [
        (1, line[match.end() :]) if match and names[match["name"]] > 1 else (depth, line)
        for match, (depth, line) in zip(found, lines, strict=True)
    ]


def _without_quotes(lines: Sequence[Line]) -> list[Line]:
    """Drop quotes that are marked, but for an empty line in place of each, and all from an unmarked one on."""
    kept: list[Line] = []
    place = 0
    while place < len(lines):
        depth, line = lines[place]
        if depth or len(line) > _LONGEST_LINE:
            if not depth or not kept or kept[-1][0] == 0:
                kept.append((0, line) if not depth else (1, ""))
            place += 1
            continue
        if _ANOTHER_MESSAGE.fullmatch(line.strip()) or _is_header_block(lines, place):
            break
        if shared := _ON_THE_SAME_LINE.fullmatch(line):
            kept.append((0, shared["own"].rstrip(" -")))
            if not _is_quoted(lines, place + 1):
                break
            place += 1
            continue
        length, is_sure = _attribution(lines, place)
        if length:
            place += length
            if is_sure and not _is_quoted(lines, place):
                break
            continue
        if not _is_torn(lines, place):
            kept.append((0, line))
        place += 1
    return kept


def _attribution(lines: Sequence[Line], place: int) -> tuple[int, bool]:
    """Return how many lines from ``place`` on are "On ..., Ana wrote:" (0: none), and whether a quote must follow."""
    if not lines[place][1].strip():
        return 0, False
    text = ""
    for length in range(1, 7):
        if place + length > len(lines) or lines[place + length - 1][0]:
            break
        text = f"{text} {lines[place + length - 1][1].strip()}".strip()
        if len(text) > 300:
            break
        told = _WHEN_OR_WHO.search(text) is not None
        if _WROTE_LINE.match(text):
            is_sure = told and bool(_BEGINNING.match(text) or length == 1)
            if is_sure or _is_quoted(lines, place + length) or re.fullmatch(r"-{2,}.*\bwrote\s*-{2,}", text):
                return length, is_sure
        if told and text.endswith(":") and _BEGINNING.match(text) and _is_quoted(lines, place + length):
            return length, False
        if _DATE_ADDRESS.match(text):
            return (
                (length, text.endswith(":")) if text.endswith(":") or _is_quoted(lines, place + length) else (0, False)
            )
        # A sentence may go on for lines before "wrote:"; what begins with a date or with "On" is worth joining.
        if not _BEGINNING.match(text) or (length >= 4 and not told):
            break
    return 0, False


def _is_quoted(lines: Sequence[Line], place: int) -> bool:
    """Say whether the next line that is not blank is quoted."""
    return next((depth > 0 for depth, line in lines[place : place + 4] if depth or line.strip()), False)


def _is_header_block(lines: Sequence[Line], place: int) -> bool:
    """Say whether the head of another message, "From: ... Sent: ...", begins here."""
    line = lines[place][1]
    if not _FROM_LINE.match(line):
        return False
    following = [text for depth, text in lines[place + 1 : place + 6] if not depth]
    return any(_HEADER_LINE.match(text) for text in following) or bool(_FROM_ADDRESS.match(line))


def _is_torn(lines: Sequence[Line], place: int) -> bool:
    """Say whether a line is the end of a quoted one that a mail program broke, and so lost its mark."""
    if not 0 < place < len(lines) - 1 or not lines[place - 1][0] or not lines[place + 1][0]:
        return False
    before, line = lines[place - 1][1].rstrip(), lines[place][1].strip()
    if not line:
        return False
    if line.startswith(("(http", "<http", "http")) and line.endswith(">"):
        return True
    return bool(before) and before[-1] not in ".?!:" and not line[0].isupper() and len(line) <= 30


def _without_signatures(lines: Sequence[Line]) -> list[str]:
    """Drop what follows "-- " up to a quote, and the lines that a program adds about itself."""
    kept: list[str] = []
    is_signature = False
    for depth, line in lines:
        if depth:
            is_signature = False
            kept.append("")
        elif _SIGNATURE.match(line):
            is_signature = True
        elif not is_signature and not _SENT_FROM.fullmatch(line):
            kept.append(line)
    return kept


def _without_footer(lines: list[str]) -> list[str]:
    """Drop the footers at the end: what a list, a free mail service or a lawyer adds below a rule or a blank line."""
    while True:
        while lines and any(pattern.match(lines[-1]) for pattern in (_LAST_RULE, _LIST_ADDRESS)):
            lines.pop()
        cut = _footer_start(lines)
        if cut is None:
            return lines
        del lines[cut:]


def _footer_start(lines: Sequence[str]) -> int | None:
    """Return where the last footer begins, None if there is none."""
    for place in range(len(lines) - 1, max(-1, len(lines) - 25), -1):
        line = lines[place]
        rest = "\n".join(lines[place:])
        if _RULE.match(line) and (_FOOTER.search(rest) or _is_contact_block(lines[place + 1 :])):
            return place
        starts_block = place == 0 or not lines[place - 1].strip() or _RULE.match(lines[place - 1])
        if starts_block and place > 0 and _FOOTER_START.match(line) and _FOOTER.search(rest):
            return place
    return None


def _is_contact_block(lines: Sequence[str]) -> bool:
    """Say whether lines at the end of a message tell how its author is to be reached."""
    is_short = len(lines) <= _LONGEST_SIGNATURE and all(len(line) <= 80 for line in lines)
    return is_short and bool(_CONTACT.search("\n".join(lines)))


def _tidied(lines: Sequence[str]) -> str:
    text = "\n".join(line.rstrip() for line in lines)
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n").strip()
