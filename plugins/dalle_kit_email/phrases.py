"""Recognising what does not belong into the body of an e-mail."""

# ruff: noqa: RUF001 - typographic quotes and dashes are what it looks for

from __future__ import annotations

import re
from collections.abc import Iterable

from dalle_kit_email.context import greeting, sign_off
from dalle_kit_email.languages import LANGUAGES
from dalle_kit_email.request import EmailRequest

_HEADER = re.compile(
    r"(?:subject(?: line)?|betreff|objet|asunto|oggetto|assunto|onderwerp|temat|ämne|emne)\s*[:\uff1a].*", re.IGNORECASE
)
_LEADING_HEADER = re.compile(r"(?:to|from|cc|bcc)\s*:.*", re.IGNORECASE)
_LABEL = re.compile(r"(?:(?:e-?mail )?body|e-?mail|message|reply|response|draft|opening|closing)\s*:\s*", re.IGNORECASE)
_GREETING_WORDS = (
    "dear|hello|hi|hey|greetings|good (?:morning|afternoon|evening|day)|to whom it may concern|"
    "guten (?:tag|morgen|abend)|hallo|liebe[rs]?|sehr geehrte[rs]?|bonjour|bonsoir|salut|chère?s?|cher|"
    "madame, monsieur|hola|buenos días|buenas tardes|estimad[oa]s?|querid[oa]s?|gentil[ei]|"
    "buongiorno|buonasera|ciao|car[oaie]|olá|oi|bom dia|boa tarde|prezad[oa]s?|geachte|beste|hoi|"
    "dzień dobry|cześć|szanown[yai]|drog[ia]|hej|kære|bästa"
)
_ADDRESSED = (
    "all|everyone|everybody|there|team|folks|again|sir|madam|colleagues?|friends?|and|or|und|et|y|e|en|i|och|og|"
    "damen|herren|herr|frau|zusammen|tous|todos|tutti|allemaal|państwo|alla|alle|monsieur|madame"
)
_NAME_WORD = r"(?:[^\W\d_a-zà-öø-ÿ][\w'’.-]*|\[[^\]\n]*\]|<[^>\n]*>|\{[^}\n]*\}+|&|(?i:" + _ADDRESSED + r"))"
_GREETING = re.compile(
    rf"(?i:{_GREETING_WORDS})(?:,? {_NAME_WORD},?(?: {_NAME_WORD},?){{0,5}}|)(?:(?<=,)|\s*[,!.:;–-]|(?=\n)|\Z)\s*"
)
# Words that close a letter and are nothing else, and those that may as well be a sentence of the body.
_CLOSINGS = (
    r"(?:(?:best|kind|warm(?:est)?|with (?:best|kind|warm)|many) )?(?:regards|wishes)|best|all the best|"
    r"sincerely(?: yours)?|yours (?:sincerely|faithfully|truly)|respectfully(?: yours)?|cordially|warmly|take care|"
    r"cheers|(?:mit )?(?:freundliche[nr]?|beste[nr]?|viele[nr]?|liebe[nr]?|herzliche[nr]?) grü(?:ß|ss)en?"
)
_THANKS = (
    r"(?:many |with )?thank(?:s|ful)?(?: you)?(?: (?:again|so much|very much|in advance|and (?:best|kind) regards))*"
)


class Phrases:
    """The greetings, sign-offs and names that one request gives rise to, as tests of a line or sentence."""

    def __init__(self, request: EmailRequest) -> None:
        openings = (*LANGUAGES[request.language].nobody.values(), *LANGUAGES[request.language].everyone.values())
        self._openings = {_bare(text) for text in (greeting(request), *openings)} - {""}
        self._recipients = _name_forms(mailbox.name for mailbox in request.recipients)
        self._senders = _name_forms([request.sender_name])
        self._signature = {_bare(line) for line in (request.signature or "").split("\n") if _bare(line)}
        phrases = (_bare(phrase) for language in LANGUAGES.values() for phrase in language.sign_offs.values())
        known = "|".join(re.escape(phrase) for phrase in sorted({*phrases, _bare(sign_off(request))} - {""}))
        self._closing = re.compile(rf"(?:{_CLOSINGS}|{known})", re.IGNORECASE)
        self._thanks = re.compile(_THANKS, re.IGNORECASE)

    def without_greeting(self, text: str) -> str:
        """Return a text without the greeting it starts with."""
        first, _, rest = text.partition("\n")
        if _bare(first) in self._openings | self._recipients:
            return rest.lstrip()
        match = _GREETING.match(text)
        return text[match.end() :] if match else text

    def is_greeting(self, line: str) -> bool:
        """Say whether a whole line is a greeting."""
        match = _GREETING.fullmatch(line.strip())
        return bool(match) and not line.strip().endswith((".", ";"))

    def is_sign_off(self, line: str) -> bool:
        """Say whether a line closes the letter: a phrase on its own, perhaps with the sender's name."""
        line = line.strip().lstrip("-–— ")
        bare = _bare(line)
        if self._closing.fullmatch(bare):
            return True
        if self._thanks.fullmatch(bare):
            return line.endswith(",")
        phrase, comma, name = line.partition(",")
        closes = self._closing.fullmatch(_bare(phrase)) or self._thanks.fullmatch(_bare(phrase))
        return bool(comma and closes and (_bare(name) in self._senders or _is_name(name)))

    def is_sender(self, line: str) -> bool:
        """Say whether a line is only the sender's name or a line of the signature."""
        bare = _bare(line)
        return bool(bare) and (bare in self._senders or bare in self._signature)

    @staticmethod
    def is_name_like(line: str) -> bool:
        """Say whether a line may stand below a sign-off: a name, a position, a telephone number."""
        return len(line) <= 60 and not re.search(r"[.!?]\W*\Z", re.sub(r"\b\w{1,4}\.", "", line))


def is_header(line: str, *, leading: bool) -> bool:
    """Say whether a line is a mail header that the model wrote into the body."""
    return bool(_HEADER.fullmatch(line.strip()) or (leading and _LEADING_HEADER.fullmatch(line.strip())))


def without_label(text: str) -> str:
    """Return a text without a label such as "Body:" before it."""
    match = _LABEL.match(text)
    return text[match.end() :] if match else text


def known_texts(request: EmailRequest) -> list[str]:
    """Return everything the user, or the message being answered, said: what a text may draw on."""
    parent = request.parent
    answered = (parent.subject, parent.sender_name, *(line for _, line in parent.lines)) if parent else ()
    date = f"{parent.date:%Y-%m-%d %H:%M}" if parent and parent.date else ""
    lines = (request.greeting, request.closing, request.sign_off, request.signature)
    own = (request.subject, *request.points, request.instruction, *lines)
    people = (*request.to, *request.cc, *request.bcc, request.sender, request.address)
    return [text for text in (*own, *people, *answered, date) if text]


def known_text(request: EmailRequest) -> str:
    """Return the known texts as one."""
    return "\n".join(known_texts(request))


def _bare(line: str) -> str:
    """Return a line in small letters, without the marks round it."""
    return re.sub(r"^\W+|\W+$", "", line).casefold()


def _is_name(text: str) -> bool:
    words = text.strip(" .").split()
    return 0 < len(words) <= 3 and all(word[0].isupper() or word[0] in "[<{" for word in words)


def _name_forms(names: Iterable[str]) -> set[str]:
    forms = set()
    for name in names:
        if name:
            forms |= {_bare(name), _bare(name.split()[0])}
    return forms - {""}
