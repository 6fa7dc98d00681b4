"""An explanation as plain text, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from dalle_kit.explain.records import Explanation, Part, Sentence, Weight

#: Weights of less than this share of the largest are left out, and so many are shown.
_LEAST, _SHOWN = 0.05, 6

#: Of these tokens the least likely are shown, and what was likelier.
_TOKENS, _UNLIKELY = 3, 0.5

_BAR = 20


def as_text(explanation: Explanation) -> str:
    """Return an explanation as plain text: each sentence, and below it what it rests on."""
    lines = []
    for sentence in explanation.sentences:
        lines += [sentence.text.strip(), *(f"    {line}" for line in _below(sentence, explanation)), ""]
    return "\n".join([*lines, *about(explanation)]) + "\n"


def about(explanation: Explanation) -> list[str]:
    """Return what is to be known about an explanation, a sentence a line."""
    cost = explanation.cost
    lines = list(explanation.notes)
    if not cost.evaluations:
        return [*lines, "No sentence was written by a model."]
    errors = [weight.error for each in explanation.sentences for weight in each.weights]
    how = "all sets of the parts" if cost.orders is None else f"{cost.orders} orders of the parts"
    lines.append(
        f"Weights are in nats (Shapley values over {how}); they add up to what all parts together make a sentence "
        "likelier than none."
    )
    if cost.orders is not None:
        lines.append(f"The standard error of sampling is {max(errors):.2f} nats at most.")
    lines.append(
        f"{explanation.model} read {cost.tokens} tokens in {cost.evaluations} texts for it, in {cost.seconds:g} s."
    )
    found = explanation.faithfulness
    if found is not None:
        lines.append(
            f"Leaving out the heaviest part makes {found:.0%} of the written sentences less likely than leaving out "
            "another part does."
        )
    return lines


def heaviest(sentence: Sentence) -> list[Weight]:
    """Return the weights of a sentence that are worth showing, by their size."""
    ordered = sorted(sentence.weights, key=lambda weight: -abs(weight.value))
    largest = abs(ordered[0].value) if ordered else 0.0
    return [weight for weight in ordered[:_SHOWN] if abs(weight.value) >= _LEAST * largest and weight.value]


def named(part: Part) -> str:
    """Return what a part is called: its kind, unless it is a field, and its name."""
    return part.name if part.kind == "field" else f"{part.kind} {part.name}"


def excerpt(text: str, length: int = 60) -> str:
    """Return a text on one line, cut where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 3]}..."


def shown(token: str) -> str:
    """Return a token in quotes, without the white space around it, which is named where nothing is left."""
    if token.strip():
        return repr(token.strip())
    return "a line end" if "\n" in token else "a blank" if token else "the end"


def _below(sentence: Sentence, explanation: Explanation) -> Iterator[str]:
    parts = explanation.parts
    if sentence.source != "written":
        names = ", ".join(named(parts[number]) for number in sentence.parts)
        yield f"{sentence.note}{f': {names}' if names else ''}"
        return
    yield f"{sentence.note}:"
    found = heaviest(sentence)
    width = max((len(named(parts[weight.part])) for weight in found), default=0)
    for weight in found:
        part = parts[weight.part]
        bar = ("#" if weight.value > 0 else "-") * max(1, round(_BAR * abs(weight.value) / abs(found[0].value)))
        yield f'{weight.value:+6.1f} {bar:<{_BAR}}  {named(part):<{width}}  "{excerpt(part.text)}"'
    for token in sorted(sentence.tokens, key=lambda each: each.probability)[:_TOKENS]:
        if token.probability < _UNLIKELY:
            others = ", ".join(f"{shown(text)} {share:.0%}" for text, share in token.others if text != token.text)
            yield f"{shown(token.text)} had {token.probability:.0%}; others: {others}"
