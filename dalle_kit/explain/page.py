"""An explanation as one HTML page with heat maps: no scripts, nothing fetched, fit for screen readers and for print."""

from __future__ import annotations

from html import escape

from dalle_kit.explain.outline import about, excerpt, heaviest, named
from dalle_kit.explain.records import Explanation, Sentence

_STYLE = """
:root { color-scheme: light; font: 100%/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; }
body { max-width: 75rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; }
table { border-collapse: collapse; margin: .6rem 0; }
caption { text-align: left; font-weight: bold; padding: .3rem 0; }
th, td { border: 1px solid #8a8a8a; padding: .2rem .5rem; text-align: left; vertical-align: top; font-weight: normal; }
td { font-variant-numeric: tabular-nums; }
.heat td { text-align: right; } .heat th[scope="row"] { min-width: 14rem; }
.scroll { overflow-x: auto; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; padding: .6rem; border: 1px solid #8a8a8a; }
.certain { color: #595959; } .stated { text-decoration: underline dotted; }
.written { border-bottom: 2px solid #2166ac; }
details { border: 1px solid #8a8a8a; margin: .6rem 0; padding: .4rem .7rem; } summary { font-weight: bold; }
"""

#: What the style of the page may be, and that nothing else is loaded.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"

#: The colours of what makes a sentence likelier, of what makes it less likely, and of what is unlikely.
_FOR, _AGAINST, _UNLIKELY = "33,102,172", "178,24,43", "224,130,20"


def render_page(explanation: Explanation) -> str:
    """Return an explanation as a whole HTML page."""
    title = f"What the {explanation.domain} rests on"
    written = [each for each in explanation.sentences if each.source == "written"]
    body = [
        f"<h1>{escape(title)}</h1>",
        *(f"<p>{escape(line)}</p>" for line in about(explanation)),
        "<h2>Text</h2>",
        f'<div class="text">{_document(explanation)}</div>',
        "<p>Underlined in blue: written by the model. Dotted: in plain words. Grey: the template's.</p>",
    ]
    if written:
        body += ["<h2>Sentences and parts</h2>", _heat_map(explanation, written)]
        body += ["<h2>Sentence by sentence</h2>", *(_details(explanation, each) for each in written)]
    body.append(_others(explanation))
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>",
            *body,
            "</main>\n</body>\n</html>\n",
        ]
    )


def _document(explanation: Explanation) -> str:
    """Return the text with each sentence marked by who wrote it."""
    found, place = [], 0
    for each in explanation.sentences:
        found.append(escape(explanation.text[place : each.start]))
        found.append(f'<span class="{each.source}">{escape(explanation.text[each.start : each.end])}</span>')
        place = each.end
    return "".join([*found, escape(explanation.text[place:])])


def _heat_map(explanation: Explanation, written: list[Sentence]) -> str:
    """Return the table of the weight of each part in each sentence."""
    numbers = sorted({weight.part for each in written for weight in each.weights})
    rows = []
    for each in written:
        weights = {weight.part: weight.value for weight in each.weights}
        largest = max((abs(value) for value in weights.values()), default=0.0)
        cells = "".join(_cell(weights.get(number, 0.0), largest) for number in numbers)
        rows.append(f'<tr><th scope="row">{escape(excerpt(each.text, 90))}</th>{cells}</tr>')
    heads = "".join(
        f'<th scope="col">{escape(named(explanation.parts[number]))}<br>'
        f"<small>{escape(excerpt(explanation.parts[number].text, 40))}</small></th>"
        for number in numbers
    )
    return (
        '<div class="scroll"><table class="heat">\n<caption>Nats by which a part makes a sentence likelier (blue) or '
        f'less likely (red)</caption>\n<thead><tr><th scope="col">sentence</th>{heads}</tr></thead>\n<tbody>'
        + "\n".join(rows)
        + "</tbody>\n</table></div>"
    )


def _cell(value: float, largest: float) -> str:
    return f'<td style="background:{_shade(value, largest)}">{value:+.1f}</td>'


def _shade(value: float, largest: float) -> str:
    """Return a colour that is the stronger the more of the largest a value is; text on it stays readable."""
    share = 0.55 * abs(value) / largest if largest else 0.0
    return f"rgba({_FOR if value > 0 else _AGAINST},{share:.2f})"


def _details(explanation: Explanation, sentence: Sentence) -> str:
    """Return what one sentence rests on: the prompt shaded by it, the weights, the tokens."""
    rows = "".join(
        f'<tr><th scope="row">{escape(named(explanation.parts[weight.part]))}</th>'
        f"<td>{weight.value:+.2f}</td><td>{_error(weight.error)}</td>"
        f"<td>{escape(excerpt(explanation.parts[weight.part].text, 100))}</td></tr>"
        for weight in heaviest(sentence)
    )
    return "\n".join(
        [
            f"<details open><summary>{escape(sentence.text)}</summary>",
            f"<p>Written {escape(sentence.note)}. Log-likelihood {sentence.likelihood:.1f} nats, with no part "
            f"{sentence.likelihood_without:.1f}. Without the heaviest part it falls by {sentence.drop:.1f}, without "
            f"another one by {sentence.drop_of_others:.1f} on average.</p>",
            f'<p>What the model was told:</p>\n<div class="text">{_prompt(explanation, sentence)}</div>',
            '<table>\n<thead><tr><th scope="col">part</th><th scope="col">nats</th><th scope="col">standard error</th>'
            f'<th scope="col">its text</th></tr></thead>\n<tbody>{rows}</tbody>\n</table>',
            f"<p>Words, shaded where they were unlikely:</p>\n<p>{_words(sentence)}</p>",
            f"<details><summary>Words and what else was likely</summary>{_runners_up(sentence)}</details>",
            "</details>",
        ]
    )


def _error(error: float) -> str:
    return f"{error:.2f}" if error else "exact"


def _prompt(explanation: Explanation, sentence: Sentence) -> str:
    weights = {weight.part: weight.value for weight in sentence.weights}
    largest = max((abs(value) for value in weights.values()), default=0.0)
    found = []
    for text, part in explanation.prompt:
        value = weights.get(part, 0.0) if part is not None else 0.0
        found.append(f'<span style="background:{_shade(value, largest)}">{escape(text)}</span>')
    return "".join(found)


def _words(sentence: Sentence) -> str:
    return "".join(
        f'<span title="{each.probability:.0%}" style="background:rgba({_UNLIKELY},{0.6 * (1 - each.probability):.2f})">'
        f"{escape(each.text)}</span>"
        for each in sentence.tokens
    )


def _runners_up(sentence: Sentence) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(repr(each.text))}</th><td>{each.probability:.1%}</td><td>'
        + escape(", ".join(f"{text!r} {share:.1%}" for text, share in each.others if text != each.text))
        + "</td></tr>"
        for each in sentence.tokens
    )
    return (
        '<table>\n<thead><tr><th scope="col">word or piece</th><th scope="col">probability</th>'
        f'<th scope="col">others</th></tr></thead>\n<tbody>{rows}</tbody>\n</table>'
    )


def _others(explanation: Explanation) -> str:
    """Return the sentences that the model did not write, with those whose words they are."""
    rows = "".join(
        f'<tr><th scope="row">{escape(each.text)}</th><td>{escape(each.note)}</td><td>'
        + escape(", ".join(named(explanation.parts[number]) for number in each.parts))
        + "</td></tr>"
        for each in explanation.sentences
        if each.source != "written"
    )
    if not rows:
        return ""
    return (
        '<h2>Not written by the model</h2>\n<table>\n<thead><tr><th scope="col">text</th><th scope="col">whose</th>'
        f'<th scope="col">from</th></tr></thead>\n<tbody>{rows}</tbody>\n</table>'
    )
