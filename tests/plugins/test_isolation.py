"""A plugin that fails is reported and skipped whole; the others go on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dalle_kit.config import PluginSettings, Settings
from dalle_kit.errors import PluginError
from dalle_kit.plugin_manager.loading import PluginInfo
from dalle_kit.plugin_manager.manager import Plugins, load_plugins, survey_plugins

GOOD = """
@hookimpl
def dalle_kit_register_domains(register):
    register(domain())
"""

BROKEN = {
    "import error": ("import no_such_library", "no_such_library"),
    "syntax error": ("def f(:", "SyntaxError"),
    "exit at import": ("raise SystemExit(3)", "sys.exit(3)"),
    "misspelt hook": ("@hookimpl\ndef dalle_kit_register_domain(register): ...", "dalle_kit_register_domain"),
    "unprefixed hook": ("@hookimpl\ndef postprocess(draft): ...", "did you mean 'dalle_kit_postprocess'"),
    "unknown argument": ("@hookimpl\ndef dalle_kit_check(domain, drafts): ...", "did you mean 'draft'?"),
    "request that is none": (
        "@hookimpl\ndef dalle_kit_register_domains(register):"
        "\n    register(Domain(name='note', summary='A note', request=dict, templates=__name__))",
        "derive it from dalle_kit.Request",
    ),
    "command of two words": (
        "import click\n@hookimpl\ndef dalle_kit_register_commands(cli): cli.add_command(click.Command('wave twice'))",
        "command name 'wave twice': use one word",
    ),
    "no hook": ("def dalle_kit_register_domains(register): ...", "hookimpl"),
    "wrapper": ("@hookimpl(wrapper=True)\ndef dalle_kit_check(domain): yield", "wrapper"),
    "raises": ("@hookimpl\ndef dalle_kit_register_models(register): 1 / 0", "ZeroDivisionError"),
    "exit in a hook": ("@hookimpl\ndef dalle_kit_register_models(register): raise SystemExit('no')", "sys.exit(no)"),
    "not a model": ("@hookimpl\ndef dalle_kit_register_models(register): register('gpt')", "ModelSpec"),
    "not a domain": ("@hookimpl\ndef dalle_kit_register_domains(register): register('gpt')", "Domain"),
    "not a loader": (
        "@hookimpl\ndef dalle_kit_register_template_loaders(register): register('mine', {})",
        "BaseLoader",
    ),
    "loader's name": ("@hookimpl\ndef dalle_kit_register_template_loaders(register): register('a b', 1)", "'a b'"),
    "reserved loader": (
        "import jinja2\n@hookimpl\ndef dalle_kit_register_template_loaders(register):"
        "\n    register('bundled', jinja2.DictLoader({}))",
        "'bundled'",
    ),
    "built-in model": (
        "from dalle_kit import HubSource, ModelSpec\n@hookimpl\ndef dalle_kit_register_models(register):"
        "\n    register(ModelSpec(name='smollm2-135m', source=HubSource(repo='a/b')))",
        "is built in",
    ),
    "not a check": (GOOD + "@hookimpl\ndef dalle_kit_register_checks(register): register('note', 'x')", "'x'"),
    "no templates": (
        "@hookimpl\ndef dalle_kit_register_domains(register): register(domain(templates='no_such_templates'))",
        "no_such_templates",
    ),
    "a template missing": (
        "@hookimpl\ndef dalle_kit_register_domains(register): register(domain(templates=__name__))",
        "has no document.j2; write it, and have it packaged",
    ),
    "reserved domain": (
        "@hookimpl\ndef dalle_kit_register_domains(register): register(domain('models local'))",
        "core command",
    ),
    "reserved command": (
        "import click\n@hookimpl\ndef dalle_kit_register_commands(cli): cli.add_command(click.Command('doctor'))",
        "'doctor'",
    ),
    "a domain on a server": (
        "@hookimpl\ndef dalle_kit_register_domains(register): register(domain(model='openai:https://a.example/v1'))",
        "only a user names",
    ),
    "domain within domain": (
        "@hookimpl\ndef dalle_kit_register_domains(register):\n    register(domain('a'))\n    register(domain('a b'))",
        "cannot both be commands",
    ),
    "format of nobody": (
        "from dalle_kit import Format\n@hookimpl\ndef dalle_kit_register_formats(register):"
        "\n    register('poem', Format('x', str))",
        "'poem'",
    ),
    "format of every domain": (
        GOOD + "from dalle_kit import Format\n@hookimpl\ndef dalle_kit_register_formats(register):"
        "\n    register('note', Format('json', str))",
        "'json'",
    ),
    "options of another kind": (
        "@hookimpl\ndef dalle_kit_register_domains(register):\n    register(domain(options=7))",
        "domain 'note': options is 7; give GenerationOptions",
    ),
    "a check that is no function": (
        "@hookimpl\ndef dalle_kit_register_domains(register):\n    register(domain(check=None))",
        "domain 'note': check is None; give a function",
    ),
    "undescribed request": (
        "class Odd(Request):\n    model_config = dict(arbitrary_types_allowed=True)\n"
        "    thing: memoryview = pydantic.Field(description='A thing.')\n"
        "@hookimpl\ndef dalle_kit_register_domains(register):\n"
        "    register(Domain(name='odd', summary='', request=Odd, templates=__name__ + '.texts'))",
        "memoryview",
    ),
    "later API": ("dalle_kit_api = '>=2'\n" + GOOD, ">=2"),
    "odd API": ("dalle_kit_api = 'new'\n" + GOOD, "'new'"),
}


def info_of(name: str, plugins: Plugins) -> PluginInfo:
    return next(info for info in plugins.infos if info.name == name)


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_plugin_is_reported_with_its_cause_and_skipped_whole(case: str, install: Callable[..., Path]) -> None:
    source, cause = BROKEN[case]
    install("broken", source, version="2.1", distribution="broken-kit")
    install("good", GOOD.replace("domain()", "domain('memo')"))
    plugins = load_plugins(Settings())
    broken = info_of("broken", plugins)
    assert broken.status == "failed"
    assert (broken.distribution, broken.version) == ("broken-kit", "2.1")
    assert cause in (broken.problem or "")
    assert "\n" not in broken.report and broken.report.startswith("plugin 'broken' (broken-kit 2.1): ")
    assert not broken.domains and "note" not in plugins.domains
    assert info_of("good", plugins).status == "loaded"
    assert plugins.plugin_of("memo") == "good"


def test_a_report_says_where_it_happened(install: Callable[..., Path]) -> None:
    file = install("broken", "\n\n@hookimpl\ndef dalle_kit_register_models(register):\n    1 / 0\n")
    broken = info_of("broken", load_plugins(Settings()))
    line = file.read_text(encoding="utf-8").splitlines().index("    1 / 0") + 1
    assert broken.where == f"{file}:{line}"


def test_a_syntax_error_is_located(install: Callable[..., Path]) -> None:
    file = install("broken", "def f(:\n")
    where = info_of("broken", load_plugins(Settings())).where
    assert where is not None and where.startswith(f"{file}:")


def test_what_the_toolkit_refuses_is_located_in_the_plugin(install: Callable[..., Path]) -> None:
    file = install(
        "broken",
        "class Bare(Note):\n    extra: str = ''\n\n"
        "@hookimpl\ndef dalle_kit_register_domains(register):\n"
        "    register(Domain(name='bare', summary='A note', request=Bare, templates='none'))\n",
    )
    broken = info_of("broken", load_plugins(Settings()))
    assert "the field 'extra' has no description; give it one" in (broken.problem or "")
    assert broken.where is not None and broken.where.startswith(f"{file}:")


def test_a_plugin_that_fails_late_takes_what_it_registered_with_it(install: Callable[..., Path]) -> None:
    install(
        "half",
        GOOD + "@hookimpl\ndef dalle_kit_register_models(register): 1 / 0\n@hookimpl\ndef dalle_kit_check(): 1/0",
    )
    install(
        "leaning",
        "from dalle_kit import Format\n@hookimpl\ndef dalle_kit_register_formats(register):\n"
        "    register('note', Format('x', str))",
    )
    plugins = load_plugins(Settings())
    assert "note" not in plugins.domains
    assert "'note'" in (info_of("leaning", plugins).problem or "")
    assert info_of("leaning", plugins).status == "failed"
    assert plugins.check("note", None, None) == []  # type: ignore[arg-type]


def test_strict_loading_raises_the_first_problem(install: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    install("broken", "import no_such_library")
    monkeypatch.setenv("DALLE_KIT_STRICT_PLUGINS", "1")
    with pytest.raises(PluginError, match="no_such_library") as caught:
        load_plugins(Settings())
    assert caught.value.plugin == "broken"
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)
    assert info_of("broken", survey_plugins(Settings())).status == "failed"
    monkeypatch.setenv("DALLE_KIT_STRICT_PLUGINS", "0")
    assert info_of("broken", load_plugins(Settings())).status == "failed"


def test_a_required_plugin_must_load(install: Callable[..., Path]) -> None:
    install("guard", "import no_such_library")
    with pytest.raises(PluginError, match="no_such_library"):
        load_plugins(Settings(plugins=PluginSettings(require=("guard",))))


def test_a_required_plugin_must_be_installed(install: Callable[..., Path]) -> None:
    with pytest.raises(PluginError, match="'guard' is not installed"):
        load_plugins(Settings(plugins=PluginSettings(require=("guard",))))


def test_a_required_plugin_must_not_be_disabled(install: Callable[..., Path]) -> None:
    install("guard", GOOD)
    with pytest.raises(PluginError, match=r"plugins\.disabled"):
        load_plugins(Settings(plugins=PluginSettings(require=("guard",), disabled=("guard",))))


def test_a_disabled_plugin_is_not_even_imported(install: Callable[..., Path], tmp_path: Path) -> None:
    trace = tmp_path / "imported"
    install("heavy", f"import pathlib\npathlib.Path({str(trace)!r}).touch()\n" + GOOD)
    plugins = load_plugins(Settings(plugins=PluginSettings(disabled=("heavy",))))
    assert info_of("heavy", plugins).status == "disabled"
    assert "note" not in plugins.domains and not trace.exists()


def test_an_api_range_that_fits_is_accepted(install: Callable[..., Path]) -> None:
    install("fitting", "dalle_kit_api = '>=1,<2'\n" + GOOD)
    assert info_of("fitting", load_plugins(Settings())).status == "loaded"


def test_a_plugin_may_be_an_object_in_a_module(install: Callable[..., Path]) -> None:
    source = """
    class Plugin:
        @hookimpl
        def dalle_kit_register_domains(self, register):
            register(domain())

    plugin = Plugin()
    """
    install("object", source, entry="plugin_object_kit:plugin")
    assert load_plugins(Settings()).plugin_of("note") == "object"


def test_each_call_builds_its_own_manager(install: Callable[..., Path]) -> None:
    install("one", GOOD)
    first, second = load_plugins(Settings()), load_plugins(Settings())
    assert first is not second and first.domains["note"] is not second.domains["note"]
