"""What an explanation says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Kind = Literal["field", "example", "prepared", "template"]
Source = Literal["written", "stated", "certain"]


@dataclass(frozen=True, slots=True)
class Part:
    """Something that a text can rest on.

    A ``field`` of the request (``points[1]``), an ``example``, a line of the ``template``'s own words, or what the
    domain has ``prepared`` for the template, such as a greeting. ``text`` is what the model reads of it.
    """

    kind: Kind
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Weight:
    """How much a sentence rests on a part: by how much it makes the sentence likelier, in nats.

    ``part`` is its number; ``error`` the standard error where orders were sampled, 0 where the value is exact.
    """

    part: int
    value: float
    error: float = 0.0


@dataclass(frozen=True, slots=True)
class Token:
    """A token that was written, its probability, and the likeliest tokens at its place with theirs."""

    text: str
    probability: float
    others: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence of the document, from ``start`` until before ``end``, and what it rests on.

    ``written`` ones are the model's: ``weights`` has what each part adds, the heaviest first; they add up to
    ``likelihood - likelihood_without``, the log-likelihoods with all parts and with none. ``stated`` and ``certain``
    ones are in plain words or the template's: ``parts`` are those whose words they are. ``drop`` is what leaving out
    the part of most weight takes from the log-likelihood, ``drop_of_others`` the mean of what each other one does.
    """

    text: str
    start: int
    end: int
    source: Source
    note: str
    slot: str | None = None
    parts: tuple[int, ...] = ()
    weights: tuple[Weight, ...] = ()
    likelihood: float = 0.0
    likelihood_without: float = 0.0
    drop: float = 0.0
    drop_of_others: float = 0.0
    tokens: tuple[Token, ...] = ()

    @property
    def is_faithful(self) -> bool:
        """Whether leaving out the part of most weight takes more than leaving out another one does."""
        return self.drop > self.drop_of_others


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What was computed: sets of parts, by so many sampled orders (None: all sets, exact), tokens read, seconds."""

    evaluations: int
    orders: int | None
    tokens: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What each sentence of a document rests on.

    ``prompt`` is what the model was told, as stretches of text with the number of the part that each is of, if any;
    ``notes`` say what is to be known about it.
    """

    domain: str
    model: str | None
    text: str
    parts: tuple[Part, ...]
    sentences: tuple[Sentence, ...]
    prompt: tuple[tuple[str, int | None], ...]
    cost: Cost
    notes: tuple[str, ...] = ()
    document: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def faithfulness(self) -> float | None:
        """The share of the written sentences that are faithfully explained, None without any."""
        found = [each.is_faithful for each in self.sentences if each.weights]
        return sum(found) / len(found) if found else None

    def as_text(self) -> str:
        """Return it as plain text: each sentence, and below it what it rests on."""
        from dalle_kit.explain.outline import as_text

        return as_text(self)

    def as_page(self) -> str:
        """Return it as one HTML page with heat maps, which fetches nothing and has no script."""
        from dalle_kit.explain.page import render_page

        return render_page(self)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values; ``document`` is the record of the document that is explained."""
        plain = {name: value for name, value in asdict(self).items() if name != "document"}
        return {**plain, "faithfulness": self.faithfulness, "document": dict(self.document)}
