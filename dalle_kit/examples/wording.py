"""Counting the marks and words that tell how a text is written."""

from __future__ import annotations

import re
from collections import Counter

_WORD = re.compile(r"\w+(?:['\u2019]\w+)*")

_MARKS = {
    "exclamation marks": re.compile(r"!"),
    "question marks": re.compile(r"\?"),
    "commas": re.compile(r",(?!\d)"),
    "semicolons": re.compile(r";(?![-)])"),
    "colons": re.compile(r":(?=\s|\Z)"),
    "dashes": re.compile(r"[\u2013\u2014]|(?<=\s)--?(?=\s)"),
    "ellipses": re.compile(r"\.{3,}|\u2026"),
    "parentheses": re.compile(r"\((?=\w)"),
    "emoticons": re.compile(r"(?<!\w)[:;=8]-?[)(DPp/|](?!\w)|[\U0001F300-\U0001FAFF\u2600-\u27BF]"),
}

#: What is counted of any prose, and what of messages besides.
PUNCTUATION = tuple(name for name in _MARKS if name != "emoticons")
ADDRESS = ("emoticons", "contractions", "first person", "second person", "polite formulas")

_FIRST = frozenset("i me my mine myself we us our ours ourselves".split())
_SECOND = frozenset("you your yours yourself yourselves".split())
_CONTRACTED = ("n't", "'re", "'ve", "'ll", "'d", "'m")
_CONTRACTED_IS = frozenset("it's that's he's she's what's there's here's let's who's where's how's".split())

_POLITE = frozenset("please kindly apologize apologise apologies".split())
_POLITE_PHRASES = (
    "would you", "could you", "would appreciate", "be grateful", "thank you", "look forward",
    "looking forward", "not hesitate", "feel free", "convenience",
)  # fmt: skip

_FORMAL = frozenset(
    "dear sincerely respectfully regards kindly apologize apologise enclosed herewith hereby furthermore moreover "
    "therefore however nevertheless regarding concerning pursuant accordingly additionally cannot".split()
)
_FORMAL_PHRASES = (
    "would appreciate", "be grateful", "please find", "in accordance", "with respect to", "do not", "will not",
    "is not", "are not", "would not", "did not", "have not",
)  # fmt: skip
_INFORMAL = frozenset(
    "hi hey hiya yeah yep yup nope ok okay thanks thx cheers btw lol imho fyi asap gonna wanna gotta kinda stuff guys "
    "folks cool awesome great pretty really maybe anyway oops wow hmm".split()
)


class Wording:
    """Counts over texts: words, marks, and how formal the words are."""

    def __init__(self) -> None:
        self.words = self.formal = self.informal = 0
        self.counts = Counter[str]()

    def add(self, text: str) -> int:
        """Count what is in a text; return the number of its words."""
        words = [word.replace("\u2019", "'") for word in _WORD.findall(text.lower())]
        counts, lowered = Counter(words), " ".join(words)
        marks = Counter({name: len(pattern.findall(text)) for name, pattern in _MARKS.items()})
        marks["polite formulas"] = _sum(counts, _POLITE) + sum(map(lowered.count, _POLITE_PHRASES))
        marks["first person"], marks["second person"] = _sum(counts, _FIRST), _sum(counts, _SECOND)
        for word, count in counts.items():
            if "'" in word:  # "I'm" is a contraction and the first person, too
                marks["first person"] += count * (word.partition("'")[0] in _FIRST)
                marks["second person"] += count * (word.partition("'")[0] in _SECOND)
                marks["contractions"] += count * (word.endswith(_CONTRACTED) or word in _CONTRACTED_IS)
        self.formal += _sum(counts, _FORMAL) + sum(map(lowered.count, _FORMAL_PHRASES))
        self.informal += _sum(counts, _INFORMAL)
        self.informal += marks["contractions"] + marks["exclamation marks"] + marks["emoticons"]
        self.words += len(words)
        self.counts.update(marks)
        return len(words)

    def per_100_words(self, names: tuple[str, ...]) -> dict[str, float]:
        """Return how often marks and words occur in 100 words; nothing where there are no words."""
        return {name: round(100 * self.counts[name] / self.words, 2) for name in names} if self.words else {}

    @property
    def formality(self) -> float | None:
        """The share of what is formal among what is formal or informal, None where nothing is."""
        markers = self.formal + self.informal
        return round(self.formal / markers, 2) if markers else None


def _sum(counts: Counter[str], words: frozenset[str]) -> int:
    return sum(counts[word] for word in words if word in counts)


def count_words(text: str) -> int:
    """Return the number of words of a text."""
    return len(_WORD.findall(text))
