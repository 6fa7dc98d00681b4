"""The benchmark of personal data counts as it says."""

from __future__ import annotations

import pytest
from personal_data import Case, Counts, compare, interval, kind_of, with_addresses

TEXT = "Ms. Anna Smith\n12 High Street\nLeeds, 020 7946 0000"
CASE = Case(
    "", TEXT, (("prefix_female", 0, 3), ("person", 4, 14), ("postal address", 15, 35), ("phone number", 37, 50))
)


@pytest.mark.parametrize(
    ("said", "kind", "counts"),
    [
        ([("person", 4, 14)], "person", Counts(1, 1, 1, 1)),
        ([("person", 0, 14)], "person", Counts(1, 1, 1, 1)),  # with the title
        ([("person", 4, 8)], "person", Counts(1, 0, 1, 1)),  # less than half of it
        ([("person", 4, 8), ("person", 9, 14)], "person", Counts(1, 1, 2, 2)),
        ([("person", 15, 35)], "person", Counts(1, 0, 1, 0)),
        ([("phone number", 15, 50)], "phone number", Counts(1, 1, 1, 0)),  # most of it is something else
        ([], "postal address", Counts(1, 0, 0, 0)),
    ],
)
def test_half_of_the_characters_decide(said: list[tuple[str, int, int]], kind: str, counts: Counts) -> None:
    assert compare(CASE, said)[kind] == counts


def test_a_town_alone_is_neither_a_right_nor_a_wrong_address() -> None:
    case = Case("", "I like Leeds.", (("place", 7, 12),))
    assert compare(case, [("postal address", 7, 12)])["postal address"] == Counts()
    assert compare(case, [("person", 7, 12)])["person"] == Counts(said=1)


def test_the_parts_of_one_address_are_joined() -> None:
    template = "{{first_name}} in {{city}}: {{building_number}} {{street_name}}\n {{city}}"
    text = "Anna in York: 12 High Street\n Leeds"
    parts = [(0, 4), (8, 12), (14, 16), (17, 28), (30, 35)]
    kinds = ["person", "place", "place", "place", "place"]
    spans = [(kind, *part) for kind, part in zip(kinds, parts, strict=True)]
    assert list(with_addresses(text, spans, template)) == [
        ("person", 0, 4),
        ("place", 8, 12),
        ("postal address", 14, 35),
    ]


def test_slots_have_kinds_and_figures_their_measures() -> None:
    assert [kind_of(slot) for slot in ("name_male", "first_name_nonbinary", "iban", "city", "job")] == [
        "person",
        "person",
        "bank account",
        "place",
        "job",
    ]
    counts = Counts(there=4, found=2, said=3, right=3)
    assert (counts.recall, counts.precision, round(counts.f2, 3)) == (0.5, 1.0, 0.556)
    assert interval(range(10), lambda drawn: float(len(drawn))) == "10.000 (10.000 to 10.000)"
