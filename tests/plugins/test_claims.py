"""Two plugins that claim one name lose it, with an error naming both; the built-in one keeps it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dalle_kit.cli.root import CORE
from dalle_kit.config import Settings
from dalle_kit.errors import PluginError, UnknownNameError
from dalle_kit.plugin_manager.manager import Plugins, load_plugins
from dalle_kit.plugin_manager.rules import RESERVED_COMMANDS

REGISTER = {
    "domain": "def dalle_kit_register_domains(register): register(domain('poem'))",
    "model": "def dalle_kit_register_models(register): register(ModelSpec(name='tiny', source=LocalSource(path='.')))",
    "template loader": ("def dalle_kit_register_template_loaders(register): register('shelf', jinja2.DictLoader({}))"),
    "format": "def dalle_kit_register_formats(register): register('base', Format('rtf', str))",
    "command": "def dalle_kit_register_commands(cli): cli.add_command(click.Command('greet'))",
}
BASE = "@hookimpl\ndef dalle_kit_register_domains(register): register(domain('base'))"
NAMES = {"domain": "poem", "model": "tiny", "template loader": "shelf", "format": "base:rtf", "command": "greet"}


def source(kind: str) -> str:
    return f"import click, jinja2\nfrom dalle_kit import Format, LocalSource, ModelSpec\n@hookimpl\n{REGISTER[kind]}\n"


def names(plugins: Plugins) -> list[str]:
    return [
        *plugins.domains,
        *plugins.commands,
        *(spec.name for spec in plugins.models),
        *plugins.template_loaders,
        *(f"{domain}:{format}" for domain in plugins.domains for format in plugins.formats(domain)),
    ]


@pytest.mark.parametrize("kind", REGISTER)
def test_a_name_that_two_plugins_claim_is_disabled_and_both_are_named(kind: str, install: Callable[..., Path]) -> None:
    install("base", BASE)
    install("first", source(kind), version="1.0")
    assert NAMES[kind] in names(load_plugins(Settings()))
    install("second", source(kind), version="2.0")
    plugins = load_plugins(Settings())
    assert NAMES[kind] not in names(plugins)
    for info in plugins.infos:
        if info.name in ("first", "second"):
            assert info.status == "loaded"
            assert f"{kind} {NAMES[kind]!r}" in (info.problem or "")
            assert "'first' (first-kit 1.0) and plugin 'second' (second-kit 2.0)" in (info.problem or "")
    with pytest.raises(PluginError, match=NAMES[kind]):
        load_plugins(Settings(), strict=True)


def test_asking_for_a_disputed_domain_names_both_plugins(install: Callable[..., Path]) -> None:
    install("first", source("domain"))
    install("second", source("domain"))
    with pytest.raises(PluginError, match=r"first-kit.*second-kit"):
        load_plugins(Settings()).domain("poem")


def test_a_domain_and_a_group_of_its_name_dispute_it(install: Callable[..., Path]) -> None:
    install("first", source("domain"))
    install("second", "@hookimpl\ndef dalle_kit_register_domains(register): register(domain('poem short'))")
    assert {"poem", "poem short"}.isdisjoint(load_plugins(Settings()).domains)


def test_a_domain_and_a_command_of_one_name_dispute_it(install: Callable[..., Path]) -> None:
    install("first", source("command"))
    install("second", source("domain").replace("poem", "greet"))
    assert "greet" not in names(load_plugins(Settings()))


def test_two_plugins_may_share_a_group(install: Callable[..., Path]) -> None:
    install("first", source("domain").replace("poem", "verse long"))
    install("second", source("domain").replace("poem", "verse short"))
    assert {"verse long", "verse short"} <= set(load_plugins(Settings()).domains)


def test_a_built_in_domain_wins(install: Callable[..., Path]) -> None:
    install("thief", source("domain").replace("poem", "email"), version="6.6")
    plugins = load_plugins(Settings())
    assert plugins.plugin_of("email") == "email"
    problems = {info.name: info.problem for info in plugins.infos}
    assert problems["email"] is None
    assert "the built-in one is used" in (problems["thief"] or "") and "thief-kit 6.6" in (problems["thief"] or "")


def test_a_built_in_plugin_keeps_its_plugin_name(install: Callable[..., Path]) -> None:
    install("email", source("domain"), distribution="false-email")
    plugins = load_plugins(Settings())
    assert [info.status for info in plugins.infos if info.name == "email"] == ["loaded", "failed"]
    assert "poem" not in plugins.domains


def test_two_plugins_of_one_plugin_name_both_fail(install: Callable[..., Path]) -> None:
    install("same", source("domain"), distribution="left")
    install("same", source("model"), distribution="right")
    plugins = load_plugins(Settings())
    problems = [info.problem or "" for info in plugins.infos if info.name == "same"]
    assert "right 1.0" in problems[0] and "left 1.0" in problems[1]
    assert "poem" not in plugins.domains


def test_an_unknown_domain_is_answered_with_the_nearest_name_and_the_failed_plugins(
    install: Callable[..., Path],
) -> None:
    install("broken", "1 / 0")
    install("first", source("domain"))
    with pytest.raises(UnknownNameError, match=r"did you mean 'poem'.*broken failed to load"):
        load_plugins(Settings()).domain("pome")


def test_the_name_of_each_core_command_is_reserved() -> None:
    assert set(CORE) <= set(RESERVED_COMMANDS)
