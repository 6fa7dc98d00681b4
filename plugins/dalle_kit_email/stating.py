"""A point as a sentence of its own words: what is said where the model finds no good words for it."""

from __future__ import annotations

from dalle_kit.checks import asks_reader, plain_sentence, split_sentences

#: Words whose subject, who writes, was left out.
_WITHOUT_SUBJECT = frozenset("am need want hope".split())
#: What "Need" with a capital letter, as in a second sentence, has behind it where it is no noun and no name.
_BEHIND = frozenset("it them to the a an".split())
#: Words like those before, but only before what a person does: a parcel cannot be found, and a printer cannot print.
_CANNOT, _BY_PERSONS = frozenset(["cannot", "can't"]), frozenset("come attend make join wait pay accept meet".split())


def stated(point: str, *, subject: str = "I") -> str:
    """Return the sentence that says a point and nothing more: "call me" is asked for, "need it" has its subject.

    ``subject`` is who writes, "I" or "We". What may be meant in two ways stays as it is.
    """
    sentences = [] if "\n" in point else split_sentences(point)
    if len(sentences) > 1:
        return " ".join(stated(sentence, subject=subject) for sentence in sentences)
    words = point.split()
    first = words[0].casefold() if words else ""
    telegraphic = len(words) > 1 and first.isalpha() == words[0].isalpha() and point[-1] not in ".?!"
    if "\n" in point or not telegraphic or not (words[0].islower() or words[0].istitle()):
        return plain_sentence(point)
    rest = point[:1].lower() + point[1:]
    is_to_you = words[1].casefold() == "you"  # "see you at Easter" is no request
    if asks_reader(point) and not is_to_you and "please" not in point.casefold():
        return plain_sentence(f"Please {rest}")
    unsaid = first in _WITHOUT_SUBJECT or (first in _CANNOT and words[1].casefold() in _BY_PERSONS)
    if unsaid and (words[0].islower() or words[1] in _BEHIND):
        verb = "are" if first == "am" and subject == "We" else first
        return plain_sentence(f"{subject} {verb} {' '.join(words[1:])}")
    return plain_sentence(point)
