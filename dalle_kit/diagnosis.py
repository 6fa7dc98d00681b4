"""What is in use on this machine, and what is wrong with it; nothing is fetched or changed, and no text is sent.

Where the default model is one of a server, the server is asked which models it has.
"""

from __future__ import annotations

import platform
import shlex
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dalle_kit import __version__
from dalle_kit.config import Settings, load_settings, stray_variables
from dalle_kit.engine.native.cores import usable_cores
from dalle_kit.errors import DalleKitError, nearest
from dalle_kit.models.disk import free_space, tree_size
from dalle_kit.models.registry import Registry
from dalle_kit.models.spec import ServerSource
from dalle_kit.paths import Paths, find_paths

if TYPE_CHECKING:
    from dalle_kit.plugin_manager.manager import Plugins

#: Less than this is not enough to fetch and convert the default model.
_LITTLE_SPACE = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong, and what to do about it."""

    what: str
    fix: str


@dataclass(slots=True)
class Diagnosis:
    """Facts by section and name (JSON-ready), and the problems."""

    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @contextmanager
    def probing(self, section: str, fix: str) -> Iterator[dict[str, Any]]:
        """Collect a section's facts; whatever fails on the way is a problem and the other sections go on."""
        facts = self.facts.setdefault(section, {})
        try:
            yield facts
        except DalleKitError as error:
            self.problems.append(Problem(str(error), fix))
        except Exception as error:
            self.problems.append(Problem(f"{section}: {type(error).__name__}: {' '.join(str(error).split())}", fix))


def diagnose() -> Diagnosis:
    """Look at versions, computing, the model, the plugins, the settings and the folders."""
    found = Diagnosis()
    with found.probing("versions", "install dalle-kit anew, with its dependencies"):
        _versions(found.facts["versions"])
    settings = Settings()
    with found.probing("settings", "mend what it names, or see 'dalle-kit config path'") as facts:
        facts |= {"file": str(find_paths().settings), "exists": find_paths().settings.exists()}
        settings = load_settings()
    with found.probing("computing", "set it anew: dalle-kit config set device auto; dalle-kit config set dtype auto"):
        _computing(found.facts["computing"], settings)
    plugins: Plugins | None = None
    with found.probing("plugins", "see 'dalle-kit plugins check'") as facts:
        plugins = _plugins(facts, settings, found.problems)
    with found.probing("templates", "see 'dalle-kit templates check'") as facts:
        _templates(facts, plugins, found.problems)
    with found.probing("model", "choose another: dalle-kit models list, dalle-kit models default NAME") as facts:
        _model(facts, settings, plugins, found.problems)
    with found.probing("folders", "set DALLE_KIT_HOME to a folder you can write to"):
        _folders(found.facts["folders"], find_paths(), found.problems)
    _misspelt(settings, plugins, found.problems)
    return found


def _versions(facts: dict[str, Any]) -> None:
    facts |= {"dalle-kit": __version__, "python": platform.python_version(), "platform": platform.platform()}
    facts["executable"] = sys.executable
    import torch

    facts["torch"] = torch.__version__


def _computing(facts: dict[str, Any], settings: Settings) -> None:
    import torch

    from dalle_kit.engine.devices import choose_device, choose_dtype
    from dalle_kit.engine.native.compiling import describe_library

    facts |= {"cores": usable_cores(), "threads": settings.threads or torch.get_num_threads()}
    facts["cpu"] = f"{platform.machine()}, {torch.backends.cpu.get_cpu_capability()}"
    facts["device"] = choose_device(settings.device)
    facts["dtype"] = choose_dtype(settings.dtype, device=facts["device"])
    if facts["device"] == "cpu":
        facts["compiled_step"] = describe_library()
    if facts["device"] == "cuda":
        facts["accelerator"] = torch.cuda.get_device_name()


def _plugins(facts: dict[str, Any], settings: Settings, problems: list[Problem]) -> Plugins:
    from dalle_kit.plugin_manager.manager import load_plugins, survey_plugins

    surveyed = survey_plugins(settings)
    for info in surveyed.infos:
        facts[info.name] = f"{info.status}, {info.distribution} {info.version}"
        if info.problem:
            fix = f"update or remove {info.distribution}, or: dalle-kit config set plugins.disabled {info.name}"
            problems.append(Problem(info.report, fix))
    load_plugins(settings)  # raises where the settings require more than is there
    return surveyed


def _templates(facts: dict[str, Any], plugins: Plugins | None, problems: list[Problem]) -> None:
    from dalle_kit.templating.checks import check_templates
    from dalle_kit.templating.templates import Templates

    if plugins is None:
        return
    templates, own = Templates(plugins), str(find_paths().templates)
    for name, domain in plugins.domains.items():
        report = check_templates(templates, domain)
        facts[name] = f"{len(report.files)} files"
        for problem in report.problems:
            mine = own in str(problem)
            fix = "mend the file, or remove it" if mine else "update or remove the plugin it belongs to"
            problems.append(Problem(str(problem), f"{fix}; then: dalle-kit templates check {shlex.quote(name)}"))


def _model(facts: dict[str, Any], settings: Settings, plugins: Plugins | None, problems: list[Problem]) -> None:
    registry = Registry(plugins.models if plugins else (), aliases=settings.aliases)
    facts["name"] = settings.model
    for entry in registry.stored():
        if entry.problem:
            what = f"the stored model {entry.manifest.name!r} is damaged: {entry.problem}"
            problems.append(Problem(what, f"dalle-kit models remove {entry.manifest.name}, then pull it again"))
    server = registry.resolve(settings.model).source
    if isinstance(server, ServerSource):
        facts["state"] = _answer_of(server, settings)
        return
    stored = registry.find(settings.model)
    if stored is None:
        how = f"dalle-kit models pull {settings.model}"
        facts["state"] = f"not ready yet; it is fetched or made on first use, or with: {how}"
        return
    from dalle_kit.engine.tokenization import Tokenizer
    from dalle_kit.models.assembling import check_as_made
    from dalle_kit.models.weights import quant_of, read_shapes, weight_files

    folder = Path(stored.path)
    facts |= {"state": "on this machine", "path": stored.path, "bytes": tree_size(folder)}
    facts["quant"] = quant_of(folder) if settings.quant == "auto" else settings.quant
    if weight_files(folder):
        read_shapes(folder)
    Tokenizer.load(folder)
    check_as_made(folder)


def _answer_of(server: ServerSource, settings: Settings) -> str:
    """Return what a server says of its model; raises ServerError and UnknownNameError."""
    from dalle_kit.engine.remote.engine import RemoteEngine
    from dalle_kit.engine.remote.pace import Patience

    engine = RemoteEngine.connect(
        server, key=settings.remote_key, patience=Patience(connect=3.0, silence=5.0, waiting=0.0, tries=1)
    )
    engine.close()
    reads = "" if engine.context is None else f", which reads {engine.context} tokens"
    held = "held to what is known while they are written" if engine.constrained else "held to what is known afterwards"
    return f"the server answers and has {engine.name}{reads}; its texts are {held}"


def _folders(facts: dict[str, Any], paths: Paths, problems: list[Problem]) -> None:
    folders = {
        "config": paths.config,
        "templates": paths.templates,
        "data": paths.data,
        "models": paths.models,
        "cache": paths.cache,
    }
    for name, folder in folders.items():
        facts[name] = str(folder)
    for folder in dict.fromkeys(folders.values()):  # with DALLE_KIT_HOME some are the same
        reason = _cannot_write(folder)
        if reason:
            what = f"the folder {folder} cannot be written to: {reason}"
            problems.append(Problem(what, "change its permissions, or set DALLE_KIT_HOME to another"))
    facts["free_bytes"] = free_space(paths.models)
    if facts["free_bytes"] < _LITTLE_SPACE:
        what = f"the disk of {paths.models} has {facts['free_bytes'] // 1_000_000} MB free"
        problems.append(Problem(what, "make room, or set DALLE_KIT_HOME to a folder on another disk"))


def _cannot_write(folder: Path) -> str:
    """Return why nothing can be written into ``folder``, or into the nearest one above it that exists."""
    existing = next(each for each in (folder, *folder.parents) if each.exists())
    if not existing.is_dir():
        return f"{existing} is a file"
    try:
        with tempfile.TemporaryFile(dir=existing):
            return ""
    except OSError as error:
        return error.strerror or str(error)


def _misspelt(settings: Settings, plugins: Plugins | None, problems: list[Problem]) -> None:
    """Note settings that nothing will ever read."""
    for name in stray_variables():
        what = f"the environment variable {name} names no setting"
        problems.append(Problem(what, "see 'dalle-kit config' for the settings there are"))
    if plugins is None:
        return
    fields = {name for domain in plugins.domains.values() for name in _identity_fields(domain.request.model_fields)}
    for key in settings.identity:
        if key not in fields and plugins.domains:
            near = nearest(key, fields)
            advice = f"did you mean identity.{near}?" if near else f"domains read {', '.join(sorted(fields)) or 'none'}"
            fix = f"{advice}; dalle-kit config unset identity.{key}"
            problems.append(Problem(f"no domain reads the setting identity.{key}", fix))


def _identity_fields(fields: Mapping[str, Any]) -> Iterator[str]:
    for name, info in fields.items():
        hints = info.json_schema_extra.get("option") if isinstance(info.json_schema_extra, dict) else None
        if isinstance(hints, dict) and hints.get("identity"):
            yield name
