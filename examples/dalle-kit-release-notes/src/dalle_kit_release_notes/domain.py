"""The domain as it is registered."""

from collections.abc import Iterable

from dalle_kit import Document, Domain, Draft, Finding, Format, GenerationOptions
from dalle_kit.checks import plain_sentence

from dalle_kit_release_notes.commits import TITLES, Change, news, read_changes, sections
from dalle_kit_release_notes.request import ReleaseNotesRequest

#: So many changes are told in sentences; all of them are listed.
HIGHLIGHTS = 3


def context(request: ReleaseNotesRequest) -> dict[str, object]:
    """Return the lists of changes, the highlights, and what the end of an e-mail needs."""
    changes = visible(request)
    ranked = sorted(changes, key=lambda change: list(TITLES).index(change.kind))
    told = [found for change in ranked if (found := news(change, request.project))][:HIGHLIGHTS]
    highlights = [{"start": start, "text": text, "plain": plain_sentence(start + text)} for start, text in told]
    return {
        "sections": sections(changes),
        "highlights": highlights,
        "points": [text for _, text in told],
        "closing": "",
        "sign_off": "Best regards" if request.sender else "",
        "sender_name": request.sender or "",
        "signature": "",
        "quoted": "",
    }


def visible(request: ReleaseNotesRequest) -> list[Change]:
    """Return the changes that users notice."""
    return [change for change in read_changes(request.commits) if change.kind != "internal"]


def finish(request: ReleaseNotesRequest, draft: Draft) -> Draft:
    """Put each sentence on one line."""
    for name, text in draft.texts.items():
        draft = draft.replace(name, " ".join(text.split()))
    return draft


def check(request: ReleaseNotesRequest, draft: Draft) -> Iterable[Finding]:
    """Warn where there is nothing to tell."""
    if not visible(request):
        yield Finding("no news", "warning", "no commit changes anything for users; is it the right range?")


def write_markdown(document: Document) -> str:
    """Return the text, which is Markdown."""
    return document.text


DOMAIN = Domain(
    name="release-notes",
    summary="Write release notes from git log",
    request=ReleaseNotesRequest,
    templates="dalle_kit_release_notes.templates",
    formats=(Format("markdown", write_markdown, "Markdown", ".md", "text/markdown; charset=utf-8"),),
    context=context,
    finish=finish,
    check=check,
    options=GenerationOptions(max_tokens=60),
)
