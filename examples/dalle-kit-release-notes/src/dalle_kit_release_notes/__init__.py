"""Release notes for dalle-kit, and a house style for everything it writes."""

from collections.abc import Callable

from dalle_kit import Domain, Draft, hookimpl

from dalle_kit_release_notes.style import in_house_style

dalle_kit_api = ">=1,<2"


@hookimpl
def dalle_kit_register_domains(register: Callable[[Domain], None]) -> None:
    """Register the domain ``release-notes``."""
    from dalle_kit_release_notes.domain import DOMAIN

    register(DOMAIN)


@hookimpl
def dalle_kit_postprocess(domain: str, draft: Draft) -> Draft | None:
    """Put the prose of any domain into the house style; code is left alone."""
    if domain.split()[0] == "code":
        return None
    for name, text in draft.texts.items():
        draft = draft.replace(name, in_house_style(text))
    return draft
