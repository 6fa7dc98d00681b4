"""The domains as they are registered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dalle_kit import Domain, Draft, Gap, GenerationOptions
from dalle_kit_code.checks import check
from dalle_kit_code.corpus import corpus
from dalle_kit_code.finish import finish_body, finish_insertion
from dalle_kit_code.formats import FORMATS
from dalle_kit_code.request import CodeRequest, CompleteRequest, FunctionRequest, smaller
from dalle_kit_code.snippets import first_lines, view_of

#: It writes code better than the default model, which was trained to write prose.
MODEL = "smollm2-135m"

#: So much of what follows an insertion says whether that fits, in characters: about 40 tokens.
_FOLLOWING = 160


def make_domains() -> tuple[Domain, Domain]:
    """Return the domains ``code complete`` and ``code function``."""
    common: dict[str, Any] = {
        "formats": FORMATS,
        "check": check,
        "shorten": shorten,
        "model": MODEL,
        "prose": False,
        "sources": _no_sources,
    }
    complete = Domain(
        name="code complete",
        summary="Write code at a place in a file",
        request=CompleteRequest,
        templates="dalle_kit_templates.code_complete",
        context=complete_context,
        finish=finish_completion,
        gap=gap_at,
        options=GenerationOptions(max_tokens=128),
        corpus=corpus,
        **common,
    )
    function = Domain(
        name="code function",
        summary="Write a function from its signature",
        request=FunctionRequest,
        templates="dalle_kit_templates.code_function",
        context=function_context,
        finish=finish_function,
        options=GenerationOptions(max_tokens=256),
        **common,
    )
    return complete, function


def complete_context(request: CompleteRequest) -> Mapping[str, object]:
    """Return what the templates show of a file, and what the insertion is held to."""
    spot = request.spot
    view = _view(request, spot.shown_before, spot.after, about=spot.healed)
    return {**view, "begins": spot.healed + spot.lead}


def gap_at(request: CompleteRequest) -> Gap | None:
    """Return what stands round what is inserted; None where nothing follows it that could say what it is to be."""
    spot = request.spot
    if spot.reach == "block" or not spot.after.strip():
        return None
    return Gap(spot.healed, first_lines(spot.after, _FOLLOWING), spot.guesses)


def function_context(request: FunctionRequest) -> Mapping[str, object]:
    """Return what the templates show of a file, the function's frame, and what its body is held to."""
    cursor, frame = request.cursor, request.frame
    return {
        **_view(request, cursor.plain_before, cursor.plain_after, about=frame.header),
        "header": frame.header,
        "footer": frame.footer,
        "begins": f"\n{request.spot.line_before}",
    }


def finish_completion(request: CompleteRequest, draft: Draft) -> Draft:
    """Return a draft that holds what is inserted."""
    return finish_insertion(draft, request.spot)


def finish_function(request: FunctionRequest, draft: Draft) -> Draft:
    """Return a draft that holds the function's body."""
    return finish_body(draft, request.spot)


def shorten(request: CodeRequest) -> tuple[CodeRequest, str] | None:
    """Return a request that shows the model less, and what is left out; None where there is hardly anything left."""
    less = smaller(request.shown)
    return (request.showing(less[0]), less[1]) if less else None


def _view(request: CompleteRequest | FunctionRequest, before: str, after: str, *, about: str) -> dict[str, object]:
    place, language = request.place, request.spot.language
    path = (place.path if place else None) or ""
    nearby = place.nearby if place else ()
    view = view_of(before, after, language, about=about, path=path, nearby=nearby, shown=request.shown)
    snippets = [{"path": each.path, "text": each.text} for each in view.snippets]
    return {
        "path": path,
        "snippets": snippets,
        "before": view.before,
        "after": view.after,
        "pattern": request.spot.pattern,
        "stops": list(request.spot.stops()),
    }


def _no_sources(request: CodeRequest) -> tuple[str, ...]:
    """Code takes its names and numbers from where it likes."""
    return ()
