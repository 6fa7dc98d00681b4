"""Verbs: whether a sentence has a finite one, judged by closed lists of English words."""

from __future__ import annotations

import re
from itertools import pairwise

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
    "that not only just even the a an this these those my your his her its our their if when because while back home "
    "away".split()
)

#: Base forms of common verbs: they begin orders ("Bring the cost sheet") and follow a plural or a name in forms of
#: their own, which are made below.
BASES = frozenset(
    "accept act add adjust aim advise agree allow announce answer apologise apologize apply appear appreciate "
    "approve argue arrange arrive ask assume attach attend avoid back become begin believe belong book bring "
    "build buy call cancel carry cause change charge check choose claim close collect come complete confirm "
    "consider contact contain continue cost cover create cut deal decide decline delay deliver demand deny depart "
    "describe discuss drip drive drop earn email end enjoy ensure estimate expect explain extend face fail fall feel "
    "fill find finish fix fly follow forget forward gain get give go grow guess handle happen have hear help hit "
    "hold hope include increase inform insist invite join keep kill know last lead leak learn leave let like live look "
    "lose love make manage matter mean meet mention miss move must name need note notice occur offer open operate "
    "order organise organize own pay pick plan play post prefer prepare present prevent print produce promise "
    "propose prove provide publish put raise rattle reach read receive recommend reduce refer refuse regret reject "
    "release remain remember remind remove rent repair replace reply report request require reserve resign return "
    "review rise rule run save say schedule see seem sell send serve set share show sign sit sound speak spend "
    "split squeak stand start state stay stop submit suggest suit support suppose take talk tell thank think try turn "
    "understand update use visit wait wake want warn watch wear welcome win wish wonder work worry write".split()
)
_PAST = frozenset(
    "became began brought built bought came chose cost cut dealt drove fell felt found flew forgot got gave went grew "
    "heard held hit kept knew led left let lost made meant met paid put ran read rose said saw sold sent set shot "
    "showed sat spoke spent stood stole struck took told thought threw understood wore won wrote".split()
)
_PARTICIPLES = frozenset("been given taken known seen shown thrown born held done gone written".split())
_NOT_PAST = frozenset("need feed seed speed indeed hundred weed breed bleed shed exceed proceed".split())
#: The forms that follow a single thing or person.
THIRD = frozenset(
    base[:-1] + "ies"
    if base.endswith("y") and base[-2] not in "aeou"
    else base + ("es" if base.endswith(("s", "sh", "ch", "x", "z", "o")) else "s")
    for base in BASES
)
#: After these a word is a noun or a participle, whatever it looks like.
_BEFORE_NOUN = frozenset(
    "a an the this that these those my your his her its our their no any some of in on at for from with by as newly "
    "recently already".split()
)
_LEADS_ORDER = frozenset("please kindly do don't never just also then always so and but".split())


def has_finite_verb(sentence: str) -> bool:
    """Say whether a sentence seems to have a finite verb, judged by closed lists of English words."""
    plain = sentence.casefold().replace("\u2019", "'")
    words = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)*", plain)
    if any(word in _FINITE for word in words) or _CONTRACTED.search(plain):
        return True
    if _is_order(words):
        return True
    for before, word in pairwise(words):
        if before in _SUBJECT and word not in _NOT_VERB:
            return True
        if before not in _BEFORE_NOUN and (word in THIRD or is_past(word)):
            return True
        if before.endswith("s") and before not in _BEFORE_NOUN and word in BASES:
            return True
    return bool(words) and words[0] in {"thanks", "sorry", "congratulations", "welcome"} and len(words) <= 6


def begins_with_verb(note: str) -> bool:
    """Say whether a note begins with a verb that lacks its subject, such as "opened" or "accepts"."""
    first = "".join(note.casefold().split(maxsplit=1)[:1]).removeprefix("re-")
    return first in THIRD or first in _PARTICIPLES or is_past(first)


def is_past(word: str) -> bool:
    """Say whether a word has the form of a past tense or a regular participle."""
    return word in _PAST or (word.endswith("ed") and len(word) > 3 and word not in _NOT_PAST)


def _is_order(words: list[str]) -> bool:
    rest = list(words)
    while rest and rest[0] in _LEADS_ORDER:
        rest.pop(0)
    return bool(rest) and rest[0] in BASES
