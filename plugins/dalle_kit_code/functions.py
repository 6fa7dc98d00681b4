"""What is certain of a function: its signature and description, and what stands round its body."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import indent

from dalle_kit_code.languages import FunctionStyle, Language, with_functions
from dalle_kit_code.parsing import faults


@dataclass(frozen=True, slots=True)
class Frame:
    """A function without its body: what stands before and after that. Neither is indented as a whole."""

    header: str
    footer: str

    def indented(self, blanks: str) -> Frame:
        """Return it indented, the first line aside, which stands where the cursor is."""
        return Frame(indent(self.header, blanks).removeprefix(blanks), indent(self.footer, blanks))


def style_of(language: Language) -> FunctionStyle:
    """Return how a language's functions are written; raises ValueError for one of which that is not known."""
    if language.function is None:
        raise ValueError(f"functions in {language.name} are not known; choose from {', '.join(with_functions())}")
    return language.function


def frame_of(signature: str, doc: str, language: Language, *, unit: str) -> Frame:
    """Return a function's frame in a language; ``unit`` is what its body is indented by.

    Raises ValueError for a signature that the language's parser does not take.
    """
    style = style_of(language)
    head = signature.strip().removesuffix(style.opens.strip()).rstrip()
    if not head.startswith(tuple(f"{word} " for word in style.keywords)):
        head = style.keyword + head
    bare = "\n" + unit + "pass" if style.inside else ""
    if faults(f"{head}{style.opens}{bare}\n{style.closes}", language):
        raise ValueError(f"{signature!r:.80} is no signature in {language.name}; give one such as {style.example!r}")
    described = _described(doc, style)
    if style.inside:
        header = head + style.opens + ("\n" + indent(described, unit) if described else "")
    else:
        header = (f"{described}\n" if described else "") + head + style.opens
    return Frame(header, f"\n{style.closes}" if style.closes else "")


def _described(doc: str, style: FunctionStyle) -> str:
    for sign, instead in style.escapes:
        doc = doc.replace(sign, instead)
    lines = doc.strip().split("\n")
    first, each, last = style.documentation
    if lines == [""]:
        return ""
    if style.inside:
        # A quotation mark at its end would run into those that close it.
        fits = len(lines) == 1 and not doc.rstrip().endswith(last[0])
        return f"{first}{lines[0]}{last}" if fits else "\n".join((first + lines[0], *lines[1:], last))
    body = [(each + line).rstrip() for line in lines]
    return "\n".join((*([first] if first else ()), *body, *([last] if last else ())))
