"""Numbers in digits and words, amounts with their units, and codes such as B12."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dalle_kit.checks.blanks import blank

if TYPE_CHECKING:
    from dalle_kit.checks.facts import Found, Kind

_MULTIPLIERS = {
    "hundred": 100,
    "k": 1000,
    "thousand": 1000,
    "m": 10**6,
    "mn": 10**6,
    "mio": 10**6,
    "million": 10**6,
    "bn": 10**9,
    "billion": 10**9,
    "trillion": 10**12,
    "dozen": 12,
}
_CURRENCIES = {
    "dollar": r"\$|us\$|usd|dollars?|bucks?",
    "euro": "€|eur|euros?",
    "pound": "£|gbp|pounds?(?: sterling)?|quid",
    "yen": "¥|jpy|yen",
    "rupee": "₹|inr|rupees?",
    "franc": "chf|francs?",
    "krona": "sek|nok|dkk|kron(?:a|or|e|er)",
    "cent": "cents?|¢",
    "percent": "%|percent|per ?cent|pct|percentage points?|prozent",
}
_SIGNS = {unit: re.compile(pattern, re.IGNORECASE) for unit, pattern in _CURRENCIES.items()}
_SIGN = "|".join(f"(?:{pattern})" for pattern in _CURRENCIES.values())
_MINUTES = {"minute": 1, "min": 1, "hour": 60, "hr": 60, "day": 1440, "week": 10080, "fortnight": 20160}
_MONTHS_LONG = {"month": 1, "quarter": 3, "year": 12}
_FIGURES = r"(?:\d{1,3}(?:[,'\u2019\u202f\u00a0 .]\d{3})+|\d+)(?:[.,]\d+)?"
_AMOUNT = re.compile(
    rf"(?<![\w\ufffc])(?P<before>(?:us|au|ca)?[$€£¥₹]|(?:eur|usd|gbp|chf|inr|jpy|sek|nok|dkk)(?=[\s\d]))?\s?"
    rf"(?<![\d.,])(?P<figures>{_FIGURES})"
    r"(?:\s?(?P<times>k|m|mn|mio|bn)(?![\w])|[\s-]?(?P<word>hundred|thousand|million|billion|trillion|dozen)s?\b)?"
    rf"(?P<after>\s?(?:{_SIGN})(?!\w))?"
    r"(?P<ordinal>(?:st|nd|rd|th|er|e|º|ª)(?!\w))?(?P<measure>[^\W\d_]{1,4}(?!\w))?(?!\w)",
    re.IGNORECASE,
)
_CODE = re.compile(r"(?<![\w\ufffc])#?(?=[\w./-]{0,60}\d)(?=[\w./-]{0,60}[^\W\d_])\w+(?:[-/.]\w+)*")
_SPELLED = re.compile(r"[^\W\d_]+|\S")
_HALVES = re.compile(r"\bhalf a dozen\b|\b(?:half|(?:one |a )?dozen)\b", re.IGNORECASE)
_AFTER_WORDS = re.compile(rf"(?:[\s-]+(?P<dozen>dozen)\b)?(?:\s+(?P<after>{_SIGN})(?!\w))?", re.IGNORECASE)
_LIST_MARK = re.compile(r"^[ \t]*\(?\d{1,2}[.)](?=\s)", re.MULTILINE)
_SPELLED_LANGUAGES = frozenset("en fr de es pt nl it da".split())
#: "Second, ...", "a second look", "a second"
_LOOSE_SECOND = re.compile(r"\ufffc,|(?:\A|[.!?]\s+|\ba |\bthis )\ufffc")
#: These are said of anything: "one of them", "first of all", "a second look", "point".
_FREE = frozenset({"one", "first", "o", "oh", "hundreds", "thousands", "millions", "billions", "secondly", "firstly"})
#: "lunch at one", but not "at one point" or "at one with".
_ONE_O_CLOCK = re.compile(
    r"\b(?:at|till|until)\s+\ufffc\s*(?:[.,;:!?)]|\Z|(?:o.clock|sharp|on|today|tomorrow)\b)", re.IGNORECASE
)


def find_numbers(text: str, *, language: str = "en") -> Iterator[Found]:
    """Yield the numbers, amounts and codes; marks of a list are none of them."""
    rest = _LIST_MARK.sub(lambda mark: " " * len(mark.group()), text)
    for finder in (_codes, _amounts):
        found = list(finder(rest))
        rest = blank(rest, (each[1:3] for each in found))
        yield from found
    if language in _SPELLED_LANGUAGES:
        yield from _spelled(rest, language)


def number_key(value: Decimal | int) -> str:
    """Return the key of a number."""
    return f"number {Decimal(value).normalize():f}"


def values(figures: str) -> set[Decimal]:
    """Return what a number in digits may be worth: "1.000" is a thousand in one country and one in another."""
    bare = re.sub(r"[\s'\u2019]", "", figures)
    separators = [character for character in bare if character in ".,"]
    if not separators:
        return {Decimal(bare)}
    last = separators[-1]
    whole, _, decimals = bare.rpartition(last)
    grouped = Decimal(re.sub(r"[.,]", "", bare))
    fraction = Decimal(f"{re.sub(r'[.,]', '', whole) or '0'}.{decimals}")
    if len(set(separators)) == 2:
        return {fraction}
    if len(separators) > 1:
        return {grouped}
    if len(decimals) != 3:
        return {fraction}
    return {grouped} if last == "," else {grouped, fraction}


def _amounts(text: str) -> Iterator[Found]:
    for match in _AMOUNT.finditer(text):
        start = match.start("before") if match["before"] else match.start("figures")
        factor = _MULTIPLIERS.get((match["times"] or match["word"] or "").casefold(), 1)
        measure = (match["measure"] or match["ordinal"] or "").casefold()
        unit = _unit(match["before"] or match["after"])
        numbers = [value * factor for value in sorted(values(match["figures"]))]
        if match["times"] and match["times"] in "mM" and not match["before"]:
            numbers += sorted(values(match["figures"]))  # "5 m" may be metres
        end = match.end()
        readings = [reading for number in numbers for reading in _readings(number, unit, text[end:], measure)]
        yield ("amount" if unit else "number"), start, end, tuple(readings)


def _readings(number: Decimal, unit: str | None, rest: str, measure: str = "") -> Iterator[frozenset[str]]:
    """Yield the readings of a number: with its unit, or the bare number where the other text leaves the unit out."""
    if unit:
        yield frozenset({f"{unit} {Decimal(number).normalize():f}"})
        yield frozenset({f"bare {number_key(number)}"})
        return
    yield frozenset({number_key(number)})
    if re.match(r"(?:st|nd|rd|th)", measure) and number <= 31:
        yield frozenset({f"day {number:f}"})
    lasting = re.match(r"[\s-]?(minutes?|mins?|hours?|hrs?|days?|weeks?|fortnights?|months?|quarters?|years?)\b", rest)
    name = lasting[1].rstrip("s") if lasting else measure.rstrip("s")
    if name in _MINUTES:
        yield frozenset({f"minutes {Decimal(number * _MINUTES[name]).normalize():f}"})
    elif name in _MONTHS_LONG:
        yield frozenset({f"months {Decimal(number * _MONTHS_LONG[name]).normalize():f}"})


def _unit(sign: str | None) -> str | None:
    """Return the unit that a sign or word stands for."""
    bare = (sign or "").strip()
    bare = bare[-1:] if bare.endswith(tuple("$€£¥₹")) else bare
    return next((unit for unit, pattern in _SIGNS.items() if pattern.fullmatch(bare)), None)


def _codes(text: str) -> Iterator[Found]:
    """Yield the words that hold letters and digits and are no number with a unit or a compound such as 20-year-old."""
    for match in _CODE.finditer(text):
        word = match.group().rstrip(".-/")
        if _AMOUNT.fullmatch(word) or re.fullmatch(r"\d+(?:[.,]\d+)?(?:st|nd|rd|th|s)", word, re.IGNORECASE):
            continue
        pieces = re.findall(r"\d+|[^\W\d_]+", word)
        if re.search(r"[-/]", word) and all(each.isdecimal() or each.islower() for each in re.split(r"[-/.]", word)):
            continue
        apart = frozenset(number_key(int(each)) if each.isdecimal() else f"word {each.casefold()}" for each in pieces)
        whole = frozenset({code_key(word)})
        yield "code", match.start(), match.start() + len(word), (whole, apart)


def code_key(word: str) -> str:
    """Return the key of a code: letters and digits only."""
    return "code " + re.sub(r"[\W_]", "", word.casefold())


def _spelled(text: str, language: str) -> Iterator[Found]:
    rest = text
    if language == "en":
        for match in _HALVES.finditer(text):
            before = re.search(r"\b(\w+)[\s-]\Z", text[: match.start()])
            if "dozen" in match.group().casefold() and before and _word_value(before[1], language):
                continue
            number = {"half": Decimal("0.5"), "half a dozen": Decimal(6)}.get(match.group().casefold(), Decimal(12))
            readings = [frozenset({number_key(number)})]
            if number == Decimal("0.5"):
                hour = re.match(r"[\s-](?:an?[\s-])?(hour|year|day)", text[match.end() :])
                minutes = {"hour": "minutes 30", "year": "months 6", "day": "minutes 720"}
                readings += [frozenset({minutes[hour[1]]})] if hour else [frozenset({"percent 50"})]
            yield "number", *match.span(), tuple(readings)
            rest = blank(rest, [match.span()])
    for start, end, value, ordinal in _spelled_values(rest, language):
        following = _AFTER_WORDS.match(rest, end)
        number, unit = value, None
        if following:
            number = value * 12 if following["dozen"] else value
            unit = _unit(following["after"])
            end = following.end()
        kind: Kind = "amount" if unit else "number"
        readings = list(_readings(number, unit, rest[end:], "th" if ordinal else ""))
        yield kind, start, end, tuple(readings)


class _Word:
    """A token as the number library wants it."""

    def __init__(self, match: re.Match[str]) -> None:
        self.match = match

    def text(self) -> str:
        return self.match.group()

    def text_lowercase(self) -> str:
        return self.match.group().lower()

    def nt_separated(self, previous: Any) -> bool:
        return False

    def not_a_number_part(self) -> bool:
        return not self.match.group()[0].isalpha() and self.match.group() != "-"


def _spelled_values(text: str, language: str) -> Iterator[tuple[int, int, Decimal, bool]]:
    """Yield start, end, value and whether it is an ordinal of the numbers in words."""
    from text_to_num import find_numbers as find

    words = [_Word(match) for match in _SPELLED.finditer(text)]
    for found in find(words, language, threshold=0):
        first, last = words[found.start].match, words[found.end - 1].match
        said = text[first.start() : last.end()].casefold()
        around = f"{text[: first.start()][-12:]}\ufffc{text[last.end() :][:12]}"
        is_hour = said == "one" and language == "en" and _ONE_O_CLOCK.search(around)
        if (said in _FREE and not is_hour) or found.value is None or (found.value == 0 and said != "zero"):
            continue
        if language != "en" and found.value == 1:
            continue
        if said == "second" and _LOOSE_SECOND.search(around):
            continue
        yield first.start(), last.end(), Decimal(str(found.value)), bool(found.is_ordinal)


@lru_cache(maxsize=1000)
def _word_value(word: str, language: str) -> bool:
    return any(True for _ in _spelled_values(word, language))
