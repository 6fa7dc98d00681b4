"""Every hook, called on real plugins; each test is named after its hook."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dalle_kit import hookspecs
from dalle_kit.cli.main import main
from dalle_kit.config import PluginSettings, Settings
from dalle_kit.errors import PluginError
from dalle_kit.plugin_manager.manager import Plugins, load_plugins
from dalle_kit.records import Draft, Message, Prompt, Skeleton, Slot

DRAFT = Draft(Skeleton((Slot("body"),)), {"body": "x"})
PROMPT = Prompt((Message("user", "x"),))
DOMAIN = "@hookimpl\ndef dalle_kit_register_domains(register): register(domain())\n"

REFERENCE = Path(__file__).parents[2] / "docs/hooks.md"

APPENDER = """
@hookimpl{mark}
def dalle_kit_postprocess(draft):
    return draft.replace("body", draft.texts["body"] + "{letter}")
"""


def test_each_hook_is_in_the_reference_with_all_its_arguments() -> None:
    reference = REFERENCE.read_text(encoding="utf-8")
    hooks = {name: hook for name, hook in vars(hookspecs).items() if name.startswith("dalle_kit_")}
    assert re.findall(r"^### (.*)$", reference, flags=re.MULTILINE) == list(hooks)
    for name, hook in hooks.items():
        signature = reference.partition(f"def {name}(")[2].partition("\n")[0]
        assert all(f"{argument}: " in signature for argument in inspect.signature(hook).parameters)


def request(plugins: Plugins) -> Any:
    return plugins.domain("note").parse({"to": "Ana"})


def test_dalle_kit_register_domains(install: Callable[..., Path]) -> None:
    install(
        "many",
        DOMAIN.replace("register(domain())", "[register(domain(name)) for name in ('note', 'code a', 'code b')]"),
    )
    plugins = load_plugins(Settings())
    assert {"note", "code a", "code b"} <= set(plugins.domains)
    assert plugins.domain("note").parse({"to": "Ana"}).model_dump() == {"to": "Ana"}


def test_dalle_kit_register_models(install: Callable[..., Path]) -> None:
    install(
        "models",
        "from dalle_kit import HubSource, ModelSpec\n@hookimpl\ndef dalle_kit_register_models(register):\n"
        "    register(ModelSpec(name='big', source=HubSource(repo='a/b')))\n",
    )
    assert [spec.name for spec in load_plugins(Settings()).models] == ["big"]


def test_dalle_kit_register_commands(install: Callable[..., Path]) -> None:
    install(
        "commands",
        "import click\n@hookimpl\ndef dalle_kit_register_commands(cli):\n"
        "    @cli.command()\n    def wave():\n        'Wave.'\n        click.echo('o/')\n",
    )
    from click.testing import CliRunner

    result = CliRunner().invoke(load_plugins(Settings()).commands["wave"], [])
    assert result.output == "o/\n"


def test_what_fails_in_a_plugins_command_is_told_with_its_name_and_place(
    install: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    install(
        "commands",
        "import click\n@hookimpl\ndef dalle_kit_register_commands(cli):\n"
        "    @cli.command()\n    def wave(): raise ValueError('no hand')\n"
        "    @cli.command()\n    def nod(): raise click.UsageError('no head')\n"
        "    @cli.command()\n    def leave(): raise SystemExit(7)\n",
    )
    assert main(["wave"]) == 2
    told = capsys.readouterr().err
    assert "plugin 'commands' failed in its command 'wave': ValueError: no hand [" in told and "__init__.py:" in told
    assert main(["nod"]) == 2 and "plugin" not in capsys.readouterr().err
    with pytest.raises(SystemExit, match="7"):
        main(["leave"])


def test_dalle_kit_register_template_loaders(install: Callable[..., Path]) -> None:
    install(
        "shelf",
        "import jinja2\n@hookimpl\ndef dalle_kit_register_template_loaders(register):\n"
        "    register('shelf', jinja2.DictLoader({'a.j2': 'A'}))\n",
    )
    assert load_plugins(Settings()).template_loaders["shelf"].list_templates() == ["a.j2"]


def test_dalle_kit_register_formats(install: Callable[..., Path]) -> None:
    install(
        "notes", DOMAIN.replace("domain()", "domain(formats=(Format('md', str),))") + "\nfrom dalle_kit import Format"
    )
    install(
        "rtf",
        "from dalle_kit import Format\n@hookimpl\ndef dalle_kit_register_formats(register):\n"
        "    register('note', Format('rtf', str, suffix='.rtf'))\n",
    )
    formats = load_plugins(Settings()).formats("note")
    assert list(formats) == ["md", "text", "json", "rtf"] and formats["rtf"].suffix == ".rtf"


def test_dalle_kit_register_checks(install: Callable[..., Path]) -> None:
    install("notes", DOMAIN)
    install(
        "checks",
        "from dalle_kit import Finding\n@hookimpl\ndef dalle_kit_register_checks(register):\n"
        "    register('note', lambda request, draft: [Finding('size', 'note', request.to + draft.text)])\n"
        "    register('note', lambda request, draft: 1 / 0)\n",
    )
    plugins = load_plugins(Settings())
    good, bad = [finding for check in plugins.checks("note") for finding in check(request(plugins), DRAFT)]
    assert (good.check, good.message) == ("size", "Anax")
    assert (bad.check, bad.severity) == ("plugin:checks", "error") and "ZeroDivisionError" in bad.message
    assert "email" not in plugins.domains or plugins.checks("email") == ()


def test_dalle_kit_shape_prompt(install: Callable[..., Path]) -> None:
    install("notes", DOMAIN)
    install(
        "shaper",
        "from dalle_kit import Message, Prompt\n@hookimpl\ndef dalle_kit_shape_prompt(domain, request, prompt):\n"
        "    return Prompt((*prompt.messages, Message('user', f'{domain} for {request.to}')))\n",
    )
    plugins = load_plugins(Settings())
    prompt, findings = plugins.shape_prompt("note", request(plugins), PROMPT)
    assert prompt.text == "x\n\nnote for Ana" and findings == []


def test_dalle_kit_postprocess(install: Callable[..., Path]) -> None:
    for name, letter, mark in [
        ("z", "1", "(tryfirst=True)"),
        ("b", "3", ""),
        ("a", "2", ""),
        ("c", "4", "(trylast=True)"),
    ]:
        install(name, APPENDER.format(letter=letter, mark=mark))
    install("quiet", "@hookimpl\ndef dalle_kit_postprocess(domain): return None")
    draft, findings = load_plugins(Settings()).postprocess("note", None, DRAFT)  # type: ignore[arg-type]
    assert draft.text == "x1234" and findings == []
    assert DRAFT.text == "x"


def test_dalle_kit_check(install: Callable[..., Path]) -> None:
    install(
        "a",
        "from dalle_kit import Finding\n@hookimpl\ndef dalle_kit_check(domain, draft):\n"
        "    yield Finding('mine', 'warning', domain + draft.text)\n    raise OSError('gone')\n",
    )
    install(
        "b", "from dalle_kit import Finding\n@hookimpl\ndef dalle_kit_check(): return [Finding('b', 'note', 'hm')]\n"
    )
    install("c", "@hookimpl\ndef dalle_kit_check(): return None\n")
    install("d", "@hookimpl\ndef dalle_kit_check(): return ['text']\n")
    findings = load_plugins(Settings()).check("note", None, DRAFT)  # type: ignore[arg-type]
    assert [finding.check for finding in findings] == ["plugin:a", "b", "plugin:d"]
    assert "OSError: gone" in findings[0].message and "'text'" in findings[2].message


BAD_RESULTS = {
    "raises": ("raise ValueError('two\\nlines')", "two lines"),
    "exits": ("raise SystemExit(1)", "sys.exit"),
    "returns text": ("return 'text'", "return a Draft or None"),
    "drops a slot": ("return Draft(draft.skeleton, {})", "body"),
    "spoils a slot": ("return draft.replace('body', None)", "NoneType"),
    "changes its argument": ("draft.texts['body'] = 'changed'", "return draft.replace"),
}


@pytest.mark.parametrize("case", BAD_RESULTS)
def test_a_failing_hook_becomes_an_error_finding_and_the_others_still_run(
    case: str, install: Callable[..., Path]
) -> None:
    body, cause = BAD_RESULTS[case]
    install("a", APPENDER.format(letter="1", mark=""))
    install("b", f"from dalle_kit import Draft\n@hookimpl\ndef dalle_kit_postprocess(draft): {body}\n")
    install("c", APPENDER.format(letter="2", mark=""))
    draft, findings = load_plugins(Settings()).postprocess("note", None, DRAFT)  # type: ignore[arg-type]
    assert draft.text == "x12"
    assert [(finding.check, finding.severity) for finding in findings] == [("plugin:b", "error")]
    assert cause in findings[0].message and "\n" not in findings[0].message


def test_a_check_that_changes_the_draft_is_told_so_and_changes_nothing(install: Callable[..., Path]) -> None:
    body = "    yield Finding('mine', 'note', 'first')\n    draft.texts['body'] = 'changed'\n"
    install("a", f"from dalle_kit import Finding\n@hookimpl\ndef dalle_kit_check(draft):\n{body}")
    (finding,) = load_plugins(Settings()).check("note", None, DRAFT)  # type: ignore[arg-type]
    assert (finding.check, finding.severity) == ("plugin:a", "error")
    assert "it changed the draft" in finding.message and DRAFT.text == "x"


@pytest.mark.parametrize("hook", ["dalle_kit_postprocess", "dalle_kit_shape_prompt", "dalle_kit_check"])
def test_a_failing_hook_of_a_required_plugin_stops_the_work(hook: str, install: Callable[..., Path]) -> None:
    install("redactor", f"@hookimpl\ndef {hook}(): raise ValueError('cannot redact')\n")
    plugins = load_plugins(Settings(plugins=PluginSettings(require=("redactor",))))
    calls: dict[str, Callable[[], object]] = {
        "dalle_kit_postprocess": lambda: plugins.postprocess("note", None, DRAFT),  # type: ignore[arg-type]
        "dalle_kit_shape_prompt": lambda: plugins.shape_prompt("note", None, PROMPT),  # type: ignore[arg-type]
        "dalle_kit_check": lambda: plugins.check("note", None, DRAFT),  # type: ignore[arg-type]
    }
    with pytest.raises(PluginError, match=r"redactor.*cannot redact.*nothing was written") as caught:
        calls[hook]()
    assert isinstance(caught.value.__cause__, ValueError)


def test_ctrl_c_in_a_hook_is_not_swallowed(install: Callable[..., Path]) -> None:
    install("slow", "@hookimpl\ndef dalle_kit_postprocess(): raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        load_plugins(Settings()).postprocess("note", None, DRAFT)  # type: ignore[arg-type]
