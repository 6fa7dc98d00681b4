"""The hand-written requests that the domains are evaluated on."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from dalle_kit import Domain
from dalle_kit_email.domain import make_domain as make_email
from dalle_kit_news.domain import make_news

DOMAINS = {"email": make_email(), "news": make_news()}

#: What the requests have to hold of each, at least: how they are written, what is in them, what they are for.
COVERED: Mapping[str, Mapping[str, int]] = {
    "email": {
        **dict.fromkeys(("telegraphic", "sentences", "key-value", "question", "instruction", "first-person"), 4),
        **dict.fromkeys(("names", "numbers", "amounts", "dates", "times", "percentages", "negation", "contact"), 5),
        **dict.fromkeys(("no points", "one point", "many points", "short point", "reply", "recipients", "team"), 3),
        **dict.fromkeys(("formal", "casual", "private", "business", "hard"), 10),
        **dict.fromkeys(("complaint", "rejection", "invitation", "scheduling", "support", "sales", "landlord"), 3),
        **dict.fromkeys(
            ("condolence", "congratulation", "reminder", "thanks", "school", "doctor", "club", "family"), 2
        ),
        **dict.fromkeys(("contradiction", "long point", "capitals", "special characters", "no subject"), 1),
    },
    "news": {
        **dict.fromkeys(("telegraphic", "sentences", "key-value", "quote", "many facts"), 2),
        **dict.fromkeys(("names", "numbers", "amounts", "dates", "times", "percentages", "negation", "hard"), 10),
        **dict.fromkeys(("council", "sports", "business", "science", "weather", "accident", "election", "culture"), 4),
        **dict.fromkeys(("obituary", "product", "court", "transport", "health", "agriculture"), 3),
        **dict.fromkeys(("contradiction", "long fact", "short fact", "capitals", "special characters"), 1),
    },
}
SIZES = {"email": ("points", range(0, 9)), "news": ("facts", range(1, 9))}
CHOICES = {"email": ("tone", "length"), "news": ("length",)}


def written(domain: Domain) -> list[Any]:
    return list(domain.cases())


@pytest.mark.parametrize("domain", DOMAINS.values(), ids=DOMAINS)
def test_there_are_enough_and_each_is_a_request_of_its_own(domain: Domain) -> None:
    cases = written(domain)
    assert len(cases) >= 60
    assert all(set(case) == {"id", "tags", "fields"} and case["tags"] for case in cases)
    assert len({case["id"] for case in cases}) == len(cases)
    assert len({json.dumps(case["fields"], sort_keys=True) for case in cases}) == len(cases)
    for case in cases:
        assert isinstance(domain.parse(case["fields"]), domain.request)


@pytest.mark.parametrize("domain", DOMAINS.values(), ids=DOMAINS)
def test_what_people_ask_for_is_covered(domain: Domain) -> None:
    count = Counter(tag for case in written(domain) for tag in case["tags"])
    assert {tag: count[tag] for tag, least in COVERED[domain.name].items() if count[tag] < least} == {}


@pytest.mark.parametrize("domain", DOMAINS.values(), ids=DOMAINS)
def test_every_choice_and_almost_every_size_comes_up(domain: Domain) -> None:
    requests = [domain.parse(case["fields"]) for case in written(domain)]
    schema = domain.request.model_json_schema()["properties"]
    for field in CHOICES[domain.name]:
        assert {getattr(request, field) for request in requests} == set(schema[field]["enum"])
    points, sizes = SIZES[domain.name]
    assert {len(getattr(request, points)) for request in requests} == set(sizes)


@pytest.mark.parametrize("domain", DOMAINS.values(), ids=DOMAINS)
def test_addresses_lead_nowhere(domain: Domain) -> None:
    text = json.dumps(written(domain))
    hosts = [word.partition("@")[2] for word in text.replace("\\n", " ").split() if "@" in word]
    assert (len(hosts) > 50) == (domain.name == "email")
    for host in hosts:
        assert "example." in host
