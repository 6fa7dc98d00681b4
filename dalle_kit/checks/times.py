"""Dates, times of day, weekdays and other words of time."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dalle_kit.checks.blanks import blank
from dalle_kit.checks.word_classes import TWELVE

if TYPE_CHECKING:
    from dalle_kit.checks.facts import Found

_MONTH_NAMES = "january february march april may june july august september october november december".split()
_DAY_NAMES = "monday tuesday wednesday thursday friday saturday sunday".split()
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third "
    "twenty-fourth twenty-fifth twenty-sixth twenty-seventh twenty-eighth twenty-ninth thirtieth thirty-first"
).split()
_ORDINAL = "|".join(sorted(_ORDINALS, key=len, reverse=True))
_HOUR = rf"\d{{1,2}}|{'|'.join(TWELVE)}"
_DAY = rf"\d{{1,2}}(?:st|nd|rd|th)?|{_ORDINAL}"
_YEAR = r"(?:,?\s*(?P<year>(?:19|20)\d{2})\b)?"
_SEVERAL = rf"(?:(?P<first>{_DAY})\s*(?:-|\u2013|to|and|or|&|until|till)\s*(?:the\s+)?)?"
_DAY_MONTH = re.compile(
    rf"(?<![\w.])(?:the\s+)?{_SEVERAL}(?P<day>{_DAY})\.?\s*(?:of\s+|-)?{_MONTH}{_YEAR}", re.IGNORECASE
)
_MONTH_DAY = re.compile(
    rf"\b{_MONTH}\s*(?:the\s+)?{_SEVERAL}(?P<day>{_DAY})\b(?![:.]\d|\s?%|\s?[ap]\.?m\b){_YEAR}", re.IGNORECASE
)
_MONTH_YEAR = re.compile(rf"\b{_MONTH},?\s*(?P<year>(?:19|20)\d{{2}})\b", re.IGNORECASE)
_ISO = re.compile(r"(?<![\w-])(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})(?![\w-])")
_NUMERIC = re.compile(r"(?<![\w./-])(\d{1,2})([./-])(\d{1,2})(?:\2(\d{4}|\d{2}))?(?![\w-]|[./]\d)")
_HALF = r"(?P<half>[ap])\.?\s?m\b\.?"
_CLOCK = re.compile(
    rf"(?<![\w.:,$€£])(?:(?P<from>\d{{1,2}})(?:[:.](?P<from_minute>\d{{2}}))?\s*(?:-|\u2013|to|and|until|till)\s*)?"
    rf"(?P<hour>\d{{1,2}})(?:\s?(?P<mark>[:.h])\s?(?P<minute>[0-5]\d))?(?::\d{{2}})?(?:\s*{_HALF}|\s*(?P<sure>o['\u2019]?\s?clock|uhr|h)\b)?(?![\w:]|[.,]\d)",
    re.IGNORECASE,
)
_SPOKEN_HOUR = re.compile(
    rf"\b(?P<hour>{_HOUR})(?:\s*o['\u2019]?\s?clock\b|\s+(?P<minute>thirty|fifteen|forty-five)\b)?(?:\s*{_HALF})?",
    re.IGNORECASE,
)
_PAST = re.compile(
    rf"\b(?P<minutes>half|(?:a )?quarter|\d{{1,2}}|five|ten|twenty-five|twenty)(?:\s+minutes)?"
    rf"\s+(?P<side>past|to)\s+(?P<hour>{_HOUR})\b"
    rf"(?!\s*[%:]|[.,]\d)(?:\s*{_HALF})?",
    re.IGNORECASE,
)
_NAMED_HOUR = re.compile(r"\b(?P<name>noon|midday|midnight)\b", re.IGNORECASE)
_WEEKDAY = re.compile(
    r"\b(?P<long>monday|tuesday|wednesday|thursday|friday|saturday|sunday)s?\b"
    r"|\b(?P<short>mon|tues?|wed|thu(?:rs?)?|fri|sat|sun)\b\.?",
    re.IGNORECASE,
)
_QUARTER = re.compile(
    r"\bq(?P<digit>[1-4])\b|\b(?P<word>first|second|third|fourth|1st|2nd|3rd|4th)\s+quarter\b", re.IGNORECASE
)
_RELATIVE = re.compile(
    r"\b(?:today|tonight|tomorrow|yesterday|(?:next|last|this|coming|following|previous)\s+"
    r"(?:week|weekend|month|quarter|year|spring|summer|autumn|fall|winter))\b",
    re.IGNORECASE,
)
_PART = re.compile(r"(?<!good )(?<!good-)\b(?P<part>morning|afternoon|evening|night)s?\b", re.IGNORECASE)
_PARTS = {"morning": range(4, 12), "afternoon": range(12, 18), "evening": range(17, 24), "night": range(18, 24)}
#: Months that are also words count only where a month may stand.
_BEFORE_MONTH = re.compile(
    r"(?:\b(?:in|by|of|until|till|since|early|late|mid|before|after|this|next|last|during|from|to|through|end|and|every)|[-/\u2013])[\s-]\Z",
    re.IGNORECASE,
)
_NEAR = 40  # characters before an hour in which such a word is looked for
_BEFORE_HOUR = re.compile(r"\b(?:at|by|from|until|till|around|before|after|about|between|@)\s+\Z", re.IGNORECASE)
_AFTER_HOUR = re.compile(
    r"\s*(?:[.,;:!?)]|\Z|\n|(?:on|to|and|until|till|today|tomorrow|sharp|if|so|or|in the|for)\b|[-\u2013]\s*\d)"
)


def find_times(text: str, *, notes: bool = False, language: str = "en") -> Iterator[Found]:
    """Yield the dates, times of day, weekdays, quarters and words such as "tomorrow"."""
    finders = [_numeric_dates, _clock_times]
    if language == "en":
        words = [_dates, lambda text: _weekdays(text, notes), lambda text: _months(text, notes)]
        finders = [_numeric_dates, words[0], _spoken_times, _clock_times, *words[1:], _quarters, _other]
    rest = text
    for finder in finders:
        found = list(finder(rest))
        rest = blank(rest, (each[1:3] for each in found))
        yield from found


def date_keys(month: int, day: int, year: int | None = None) -> frozenset[str]:
    """Return the keys of a date."""
    keys = {f"date {month:02}-{day:02}"}
    return frozenset(keys | {f"year {year}"}) if year else frozenset(keys)


def implied(keys: frozenset[str]) -> set[str]:
    """Return what else holds where a date or time does: its weekday, month and day; its part of the day."""
    more: set[str] = set()
    year = next((int(key[5:]) for key in keys if key.startswith("year ")), None)
    if year is not None:
        more.add(f"number {year}")
    for key in keys:
        what, _, value = key.partition(" ")
        if what == "date":
            month, day = (int(part) for part in value.split("-"))
            more |= {f"month {month}", f"day {day}", f"quarter {(month + 2) // 3}"}
            if year is not None and _exists(year, month, day):
                more.add(f"weekday {datetime.date(year, month, day).weekday()}")
        elif what == "clock":
            hour = int(value[:2])
            more |= {f"part {part}" for part, hours in _PARTS.items() if hour in hours}
        elif what == "number" and re.fullmatch(r"(?:19|20)\d\d", value):
            more.add(f"year {value}")
        elif what == "number" and re.fullmatch(r"\d{1,2}", value) and 1 <= int(value) <= 31:
            more.add(f"day {value}")
    return more


def _exists(year: int, month: int, day: int) -> bool:
    try:
        datetime.date(year, month, day)
    except ValueError:
        return False
    return True


def _numeric_dates(text: str) -> Iterator[Found]:
    for match in _ISO.finditer(text):
        year, month, day = int(match["year"]), int(match["month"]), int(match["day"])
        if 1 <= month <= 12 and 1 <= day <= 31:
            yield "date", *match.span(), (date_keys(month, day, year),)
    for match in _NUMERIC.finditer(text):
        one, other, mark = int(match[1]), int(match[3]), match[2]
        if match[4] is None and mark != "/":
            continue
        full = int(match[4]) + (2000 if len(match[4]) == 2 else 0) if match[4] else None
        pairs = {(other, one)} if mark == "." else {(other, one), (one, other)}
        readings = [date_keys(month, day, full) for month, day in sorted(pairs) if 1 <= month <= 12 and 1 <= day <= 31]
        if readings and full is None:
            readings.append(frozenset({f"code {one}{other}"}))
        if readings:
            yield "date", *match.span(), tuple(readings)


def _dates(text: str) -> Iterator[Found]:
    taken: list[tuple[int, int]] = []
    for pattern in (_DAY_MONTH, _MONTH_DAY):
        for match in pattern.finditer(text):
            month, day = _month(match["month"]), _day(match["day"])
            inside = any(start < match.end() and match.start() < end for start, end in taken)
            if inside or not 1 <= day <= 31 or _is_verb(text, match):
                continue
            taken.append(match.span())
            year = int(match["year"]) if match["year"] else None
            keys = date_keys(month, day, year)
            if match["first"]:
                keys |= date_keys(month, _day(match["first"]))
            yield "date", *match.span(), (keys,)
    for match in _MONTH_YEAR.finditer(text):
        if not any(start < match.end() and match.start() < end for start, end in taken):
            yield "date", *match.span(), (frozenset({f"month {_month(match['month'])}", f"year {match['year']}"}),)


def _is_verb(text: str, match: re.Match[str]) -> bool:
    """Say whether "may" or "march" before or after a number is a verb: "the 3 may come", "two march"."""
    word = text[match.start("month") : match.end("month")]
    return word in ("may", "march", "mar") and bool(
        re.match(r"\s+(?:be|have|not|come|go|need|also|still|i)\b", text[match.end("month") :])
    )


def _month(word: str) -> int:
    return next(place for place, name in enumerate(_MONTH_NAMES, 1) if name.startswith(word.rstrip(".").casefold()[:3]))


def _day(word: str) -> int:
    digits = re.match(r"\d+", word)
    return int(digits[0]) if digits else _ORDINALS.index(word.casefold()) + 1


def _spoken_times(text: str) -> Iterator[Found]:
    for match in _PAST.finditer(text):
        words = {"half": 30, "quarter": 15, "a quarter": 15, "five": 5, "ten": 10, "twenty": 20, "twenty-five": 25}
        said = match["minutes"].casefold()
        minutes, hour = words.get(said) or int(said), _hour(match["hour"])
        # "from ten to twelve" and "5 to 7" are ranges.
        vague = match["side"].casefold() == "to" and "quarter" not in said and "minutes" not in match.group()
        if hour is None or minutes > 59 or vague or (said.isdecimal() and match["side"].casefold() == "to"):
            continue
        total = (hour * 60 + (minutes if match["side"].casefold() == "past" else -minutes)) % 1440
        yield "time", *match.span(), _clock(total // 60, total % 60, match["half"])
    for match in _SPOKEN_HOUR.finditer(text):
        hour = _hour(match["hour"])
        if hour is None or match["hour"].isdecimal() or len(match.group().strip()) == len(match["hour"]):
            continue
        minute = {"thirty": 30, "fifteen": 15, "forty-five": 45}.get((match["minute"] or "").casefold(), 0)
        yield "time", *match.span(), _clock(hour, minute, match["half"])
    for match in _NAMED_HOUR.finditer(text):
        hour = 0 if match["name"].casefold() == "midnight" else 12
        yield "time", *match.span(), (frozenset({f"clock {hour:02}:00"}),)


def _clock_times(text: str) -> Iterator[Found]:
    for match in _CLOCK.finditer(text):
        hour, minute, half = int(match["hour"]), int(match["minute"] or 0), match["half"]
        sure = half or match["sure"] or match["mark"] in (":", "h")
        start = match.start()
        placed = _BEFORE_HOUR.search(text[max(0, start - _NEAR) : start]) and _AFTER_HOUR.match(text, match.end())
        if hour > 24 or not (sure or placed or match["mark"]):
            continue
        range_of_hours = match["from"] and (sure or placed) and int(match["from"]) <= 24
        if match["from"] and not range_of_hours:
            start = match.start("hour")
        readings = _clock(hour, minute, half)
        if match["mark"] == "." and not half:
            readings += (frozenset({f"number {hour}.{match['minute']}".rstrip("0").rstrip(".")}),)
        elif not sure:
            readings += (frozenset({f"number {hour}"}),)
        if range_of_hours:
            first = _clock(int(match["from"]), int(match["from_minute"] or 0), half)
            if half and int(match["from"]) > hour:  # "9 to 1 pm"
                first += _clock(int(match["from"]), int(match["from_minute"] or 0), None)
            if not sure:
                first += (frozenset({f"number {match['from']}"}),)
            readings = tuple(one | other for one in first for other in readings)
        yield "time", start, match.end(), readings


def _clock(hour: int, minute: int, half: str | None) -> tuple[frozenset[str], ...]:
    """Return the readings of a time; without "am" or "pm" an hour up to 12 may be either."""
    if half and hour <= 12:
        hours = [hour % 12 + (12 if half.casefold() == "p" else 0)]
    elif hour <= 12:
        hours = [hour % 12, hour % 12 + 12]
    else:
        hours = [hour % 24]
    return tuple(frozenset({f"clock {each:02}:{minute:02}"}) for each in hours)


def _hour(word: str) -> int | None:
    hour = int(word) if word.isdecimal() else TWELVE.index(word.casefold()) + 1
    return hour if 0 <= hour <= 24 else None


def _weekdays(text: str, notes: bool) -> Iterator[Found]:
    for match in _WEEKDAY.finditer(text):
        word = match["long"] or match["short"]
        if match["short"] and not (notes or _is_short_weekday(text, match)):
            continue
        place = next(place for place, name in enumerate(_DAY_NAMES) if name.startswith(word.casefold()[:3]))
        yield "date", *match.span(), (frozenset({f"weekday {place}"}),)


def _is_short_weekday(text: str, match: re.Match[str]) -> bool:
    """Say whether "Sat" or "Sun" is a day in prose: with a capital, and a date, a time or another day beside it."""
    if not match.group()[0].isupper() or match["short"].isupper():
        return False
    beside = text[max(0, match.start() - 6) : match.start()], text[match.end() : match.end() + 6]
    if match["short"].casefold() not in ("sat", "sun", "mon", "wed"):
        return True
    before = re.search(r"(?:\b(?:on|by|this|next)|[-\u2013/\ufffc])\s*\Z", beside[0])
    return bool(before or re.match(r"[\s,]*[\d\ufffc-]", beside[1]))


def _months(text: str, notes: bool) -> Iterator[Found]:
    for match in re.finditer(rf"\b{_MONTH}", text, re.IGNORECASE):
        word = match["month"]
        whole = word.casefold() in _MONTH_NAMES and word.casefold() not in ("may", "march")
        placed = _BEFORE_MONTH.search(text[: match.start()])
        if (whole and (word[0].isupper() or notes)) or (placed and (word[0].isupper() or notes)):
            yield "date", *match.span(), (frozenset({f"month {_month(word)}"}),)


def _quarters(text: str) -> Iterator[Found]:
    for match in _QUARTER.finditer(text):
        number = match["digit"] or {"f": 1, "1": 1, "s": 2, "2": 2, "t": 3, "3": 3, "4": 4}[match["word"][0].casefold()]
        if match["word"] and match["word"].casefold() == "fourth":
            number = 4
        yield "date", *match.span(), (frozenset({f"quarter {number}"}),)


def _other(text: str) -> Iterator[Found]:
    for match in _RELATIVE.finditer(text):
        word = " ".join(match.group().casefold().split())
        yield "date", *match.span(), (frozenset({"relative " + word.replace("tonight", "today")}),)
    for match in _PART.finditer(text):
        yield "time", *match.span(), (frozenset({f"part {match['part'].casefold()}"}),)
