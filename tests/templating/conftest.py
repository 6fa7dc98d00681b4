"""A domain whose templates are a real importable package, and the plugins that hold it."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import pytest
from pydantic import Field

from dalle_kit.domain import Domain, Request
from dalle_kit.templating.templates import Shaped, Templates

_numbers = itertools.count()


class NoteRequest(Request):
    subject: str = Field(description="What it is about.")
    points: tuple[str, ...] = Field((), description="What to say.")
    sender: str | None = Field(None, description="Who writes.")


@dataclass
class Setup:
    """Templates of one domain ``note``: what is written into ``package`` and ``user`` is what they hold."""

    domain: Domain
    package: Path
    user: Path
    loaders: dict[str, jinja2.BaseLoader] = field(default_factory=dict)

    @property
    def templates(self) -> Templates:
        plugins = SimpleNamespace(domains={self.domain.name: self.domain}, template_loaders=self.loaders)
        return Templates(plugins, user_folder=self.user)

    def write(self, name: str, text: str, *, user: bool = False) -> Path:
        path = (self.user / "note" / name) if user else self.package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8"))
        return path

    def shape(self, template: str | None = None, /, **fields: object) -> Shaped:
        request = self.domain.parse({"subject": "Tea", **fields})
        return self.templates.shape(self.domain, request, template=template)

    def document(self, text: str, **fields: object) -> Shaped:
        self.write("document.j2", text)
        return self.shape(**fields)

    def prompt(self, text: str, **fields: object) -> list[tuple[str, str]]:
        self.write("prompt.j2", text)
        return [(message.role, message.content) for message in self.shape(**fields).prompt.messages]


MakeSetup = Callable[..., Setup]


@pytest.fixture
def make_setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeSetup:
    def make(context: Mapping[str, object] | Callable[[Any], Mapping[str, object]] | None = None) -> Setup:
        name = f"note_templates_{next(_numbers)}"
        package = tmp_path / "path" / name
        package.mkdir(parents=True)
        monkeypatch.syspath_prepend(str(tmp_path / "path"))
        makes = context if callable(context) else (lambda request: context or {})
        domain = Domain(name="note", summary="Notes.", request=NoteRequest, templates=name, context=makes)
        setup = Setup(domain, package, tmp_path / "user")
        setup.write("document.j2", 'About {{ request.subject }}\n{{ slot("body") }}\n')
        setup.write("prompt.j2", "Write about {{ request.subject }}.\n{{ outline }}")
        return setup

    return make


@pytest.fixture
def setup(make_setup: MakeSetup) -> Setup:
    return make_setup()
