"""Starting a template of one's own from one there is."""

from __future__ import annotations

from pathlib import Path

from jinja2 import nodes

from dalle_kit.errors import TemplateError, UnknownNameError
from dalle_kit.templating.slots import Rendering
from dalle_kit.templating.sources import BUNDLED, SUFFIX, TemplateFile, folder_of, is_safe
from dalle_kit.templating.templates import DEFAULT, KINDS, Templates


def plan_override(templates: Templates, name: str, *, start: str | None = None) -> dict[Path, str]:
    """Return the files of the user's folder that ``name`` stands for, with the text each begins with.

    ``name`` is ``DOMAIN`` (to replace the domain's own pair), ``DOMAIN/VARIANT`` (a variant, new or replaced) or a
    full name such as ``DOMAIN/prompt.j2``. ``start`` is what to begin from, as for ``--template``; left out, it is
    what would be replaced. A template with blocks is extended, one without is copied.
    """
    folder, path = _parse(templates, name)
    if path.endswith(SUFFIX):
        wanted = [path]
    else:
        wanted = [f"{path}/{kind}{SUFFIX}" if path else f"{kind}{SUFFIX}" for kind in KINDS]
    return {
        templates.sources.user_path(f"{folder}/{each}"): _beginning(templates, folder, each, start) for each in wanted
    }


def _parse(templates: Templates, name: str) -> tuple[str, str]:
    """Return the domain's folder and the path in it."""
    folder, _, path = name.replace(" ", ".").partition("/")
    if folder not in map(folder_of, templates.domains):
        raise UnknownNameError("domain", folder, templates.domains)
    if path and (not is_safe(path) or (not path.endswith(SUFFIX) and "/" in path)):
        raise TemplateError("give DOMAIN, DOMAIN/VARIANT or DOMAIN/FILE.j2", template=name)
    return folder, path


def _beginning(templates: Templates, folder: str, path: str, start: str | None) -> str:
    base = _base(templates, folder, path, start)
    if base.place == str(templates.sources.user_path(f"{folder}/{path}")):
        raise TemplateError(
            f"cannot begin from itself; name another with --from, e.g. {BUNDLED}:{DEFAULT}", template=path
        )
    environment = templates.environment
    with environment.translated(Rendering("document", frozenset()), base.place):
        tree = environment.parse(base.text, base.name, base.place)
    blocks = dict.fromkeys(block.name for block in tree.find_all(nodes.Block))
    if not blocks:
        return base.text
    lines = [
        f'{{% extends "{base.name}" %}}',
        "{# Change the blocks you want and remove the others; super() is what the block was. #}",
        *(f"{{% block {name} %}}{{{{ super() }}}}{{% endblock %}}" for name in blocks),
    ]
    return "\n".join(lines) + "\n"


def _base(templates: Templates, folder: str, path: str, start: str | None) -> TemplateFile:
    """Return the file to begin from."""
    stem = path.removesuffix(SUFFIX)
    variant, _, kind = stem.rpartition("/")
    if kind not in KINDS or "/" in variant:
        if start is not None:
            raise TemplateError(
                "--from is for document.j2 and prompt.j2; a part begins from what it replaces", template=path
            )
        return templates.find(f"{BUNDLED}:{folder}/{path}")
    domain = next(each for each in templates.domains if folder_of(each) == folder)
    if start is None:
        replaced = templates.sources.find(templates.environment, f"{BUNDLED}:{folder}/{path}")
        if replaced is not None:
            return replaced
    pair = templates.pair(domain, start)
    return templates.find(pair.document if kind == "document" else pair.prompt)
