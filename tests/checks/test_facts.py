from __future__ import annotations

import datetime
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.checks import Source, find_facts, unsupported
from dalle_kit.checks.numbers import values

DATES = st.dates(datetime.date(1990, 1, 1), datetime.date(2099, 12, 31))
TIMES = st.times().map(lambda time: time.replace(second=0, microsecond=0))


def same(one: str, other: str) -> bool:
    return not unsupported(one, Source([other])) and not unsupported(other, Source([one]))


@given(DATES)
def test_spellings_of_a_date_are_the_same(date: datetime.date) -> None:
    day, month = date.day, f"{date:%B}"
    spellings = [
        f"{date:%Y-%m-%d}",
        f"{day} {month} {date.year}",
        f"{month} {day}, {date.year}",
        f"the {day}{'th' if 10 < day < 20 else {1: 'st', 2: 'nd', 3: 'rd'}.get(day % 10, 'th')} of {month} {date.year}",
        f"{date:%d/%m/%Y}",
        f"{date:%d.%m.%Y}",
    ]
    for spelling in spellings[1:]:
        assert same(f"It is on {spellings[0]}.", f"It is on {spelling}.")
    assert not unsupported(f"We meet on {date:%A}.", Source([spellings[0]]))


@given(DATES, st.integers(1, 27))
def test_another_date_is_another(date: datetime.date, days: int) -> None:
    other = date + datetime.timedelta(days=days)
    assert unsupported(f"on {other.day} {other:%B}", Source([f"{date:%Y-%m-%d}"]))


@given(TIMES)
def test_spellings_of_a_time_are_the_same(time: datetime.time) -> None:
    twelve = f"{(time.hour - 1) % 12 + 1}:{time:%M} {'am' if time.hour < 12 else 'p.m.'}"
    assert same(f"at {time:%H:%M}", f"at {twelve}")
    later = (datetime.datetime.combine(datetime.date.today(), time) + datetime.timedelta(minutes=7)).time()
    assert unsupported(f"at {later:%H:%M}", Source([f"at {twelve}"]))


@given(st.integers(2, 999_999_999))
def test_spellings_of_a_number_are_the_same(number: int) -> None:
    plain = f"It has {number} parts."
    if not 1900 <= number <= 2099:
        assert same(plain, f"It has {number:,} parts.")
    assert same(plain, f"It has {in_words(number)} parts.")
    assert unsupported(plain, Source([f"It has {number + 1} parts."]))


@given(st.integers(0, 10**9))
def test_grouped_figures_are_read_in_each_country(number: int) -> None:
    grouped = f"{number:,}"
    assert Decimal(number) in values(grouped)
    assert Decimal(number) in values(grouped.replace(",", ".")) | values(grouped.replace(",", "'"))


@given(st.text(max_size=300), st.sampled_from(["en", "de", "xx"]), st.booleans())
def test_any_text_can_be_read(text: str, language: str, notes: bool) -> None:
    spans = [fact.span for fact in find_facts(text, language=language, notes=notes)]
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))


def in_words(number: int) -> str:
    """Return a number below a thousand million in English words."""
    small = (
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen"
    ).split()
    tens = "twenty thirty forty fifty sixty seventy eighty ninety".split()
    for size, name in ((10**6, "million"), (1000, "thousand"), (100, "hundred")):
        if number >= size:
            rest = number % size
            return f"{in_words(number // size)} {name}" + (f" {in_words(rest)}" if rest else "")
    if number < 20:
        return small[number]
    return tens[number // 10 - 2] + (f"-{small[number % 10]}" if number % 10 else "")
