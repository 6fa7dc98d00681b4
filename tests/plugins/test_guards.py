"""What a domain's own functions raise names the plugin; a plugin's refusal of a request passes as it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dalle_kit.config import Settings
from dalle_kit.errors import PluginError, RequestError
from dalle_kit.plugin_manager.manager import Plugins, load_plugins
from dalle_kit.records import Draft, Skeleton, Slot

DRAFT = Draft(Skeleton((Slot("body"),)), {"body": "x"})


def plugins_with(install: Callable[..., Path], **functions: str) -> tuple[Plugins, Any]:
    given = ", ".join(f"{name}={code}" for name, code in functions.items())
    install(
        "notes",
        "from dalle_kit import Draft, Finding, Format, RequestError\n"
        "def refuse(message):\n    raise RequestError(message)\n"
        f"@hookimpl\ndef dalle_kit_register_domains(register): register(domain({given}))\n",
    )
    plugins = load_plugins(Settings())
    return plugins, plugins.domain("note").parse({"to": "Ana"})


@pytest.mark.parametrize(
    ("function", "code", "arguments", "cause"),
    [
        ("context", "lambda request: 1 / 0", (), "to prepare the templates of the domain 'note': ZeroDivisionError"),
        ("finish", "lambda request, draft: 1 / 0", (DRAFT,), "to finish the text of the domain 'note'"),
        ("finish", "lambda request, draft: None", (DRAFT,), "it returned None"),
        ("finish", r"""lambda request, draft: exec("raise OSError('a\x1b[1mb')")""", (DRAFT,), "OSError: a [1mb"),
        ("finish", "lambda request, draft: type(draft)(draft.skeleton, {})", (DRAFT,), "KeyError"),
        ("shorten", "lambda request: exit(3)", (), "sys.exit(3)"),
        ("gap", "lambda request: 'x'", (), "to say what stands next to a text of the domain 'note': TypeError"),
        ("people", "lambda request: iter([1 / 0])", (), "to name the people of a request of the domain 'note'"),
        ("people", "lambda request: ['Ana', None]", (), "it gave None; give texts"),
        ("people", "lambda request: 'Ana'", (), "it gave 'Ana'; give a list of texts"),
        ("sources", "lambda request: 'Ana'", (), "it gave 'Ana'; give a list of texts"),
        ("shorten", "lambda request: request", (), "return a request and what was dropped, or None"),
    ],
)
def test_a_domain_function_that_fails_names_its_plugin(
    function: str, code: str, arguments: tuple[object, ...], cause: str, install: Callable[..., Path]
) -> None:
    plugins, request = plugins_with(install, **{function: code})
    with pytest.raises(PluginError) as caught:
        getattr(plugins.domain("note"), function)(request, *arguments)
    assert caught.value.plugin == "notes"
    assert str(caught.value).startswith("plugin 'notes' failed ") and cause in str(caught.value)


def test_a_domain_check_that_fails_is_an_error_finding(install: Callable[..., Path]) -> None:
    plugins, request = plugins_with(install, check="lambda request, draft: 1 / 0")
    (finding,) = plugins.domain("note").check(request, DRAFT)
    assert (finding.check, finding.severity) == ("plugin:notes", "error")
    assert finding.message.startswith("plugin 'notes' failed: ZeroDivisionError: division by zero [")


def test_a_format_that_fails_names_its_plugin(install: Callable[..., Path]) -> None:
    plugins, _ = plugins_with(install, formats="(Format('bad', lambda document: 7), Format('text', lambda d: 'T'))")
    with pytest.raises(PluginError, match="'notes' failed to write the format 'bad': TypeError: it returned 7"):
        plugins.formats("note")["bad"].render(None)  # type: ignore[arg-type]
    assert plugins.formats("note")["text"].render(None) == "T"  # type: ignore[arg-type]


def test_a_refusal_passes_unchanged(install: Callable[..., Path]) -> None:
    plugins, request = plugins_with(install, context="lambda request: refuse('no such day')")
    with pytest.raises(RequestError, match=r"^no such day$"):
        plugins.domain("note").context(request)
