"""The Jinja environment of templates: sandboxed, strict, whitespace as written, errors with file, line and fix."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any

import jinja2
from jinja2.runtime import StrictUndefined
from jinja2.utils import missing

from dalle_kit.errors import DalleKitError, TemplateError, nearest
from dalle_kit.sandbox import LimitedCodeGenerator, LimitedSandbox, allowance, spend
from dalle_kit.templating.slots import Misuse, Rendering, rendering_under_way, slot, turn
from dalle_kit.templating.sources import TemplateSources
from dalle_kit.templating.values import Namespace


class _Undefined(StrictUndefined):
    """A missing variable or field; using it names the nearest one there is."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        name, owner = self._undefined_name, self._undefined_obj
        if self._undefined_hint or not isinstance(name, str):
            return super()._undefined_message
        if owner is missing:
            rendering = rendering_under_way()
            return _no_variable(name, rendering.variables if rendering else ())
        if isinstance(owner, Namespace):
            return _unknown(f"there is no field {name!r}", name, dir(owner))
        if isinstance(owner, Mapping):
            return _unknown(f"there is no key {name!r}", name, [str(key) for key in owner])
        return super()._undefined_message


class _Template(jinja2.Template):
    def make_module(
        self, vars: dict[str, Any] | None = None, shared: bool = False, locals: Mapping[str, Any] | None = None
    ) -> Any:
        """Run an imported file, noting that it is being imported.

        Jinja keeps what a file's top level has computed, a mark of ``slot()`` as well: the next rendering would get it.
        """
        rendering = rendering_under_way()
        if rendering is None:
            return super().make_module(vars, shared, locals)
        rendering.importing += 1
        try:
            return super().make_module(vars, shared, locals)
        finally:
            rendering.importing -= 1


class _OwnText(str):
    """A piece of text that stands in a template; whatever is made of it, by a filter or a macro, is none."""

    __slots__ = ()


class _CodeGenerator(LimitedCodeGenerator):
    """Jinja's, but that a template's own texts can be told from the values between them."""

    def _output_const_repr(self, group: Iterable[Any]) -> str:
        return f"environment.own_text({super()._output_const_repr(group)})"


class TemplateEnvironment(LimitedSandbox):
    """The environment all templates are compiled in; safe to use from several threads."""

    template_class = _Template
    code_generator_class = _CodeGenerator
    own_text = _OwnText

    def __init__(self, sources: TemplateSources) -> None:
        super().__init__(loader=sources, undefined=_Undefined, autoescape=False, keep_trailing_newline=True)
        self.sources = sources
        self.globals.update(slot=slot, turn=turn)

    def join_path(self, template: str, parent: str) -> str:
        """Return the full name of a template named inside another."""
        return self.sources.join(self, template, parent)

    def get_template(
        self,
        name: str | jinja2.Template,
        parent: str | None = None,
        globals: MutableMapping[str, Any] | None = None,
    ) -> jinja2.Template:
        """Return a compiled template, noting that it is used."""
        return _noted(super().get_template(name, parent, globals))

    def select_template(
        self,
        names: Iterable[str | jinja2.Template],
        parent: str | None = None,
        globals: MutableMapping[str, Any] | None = None,
    ) -> jinja2.Template:
        """Return the first template that exists, noting that it is used."""
        return _noted(super().select_template(names, parent, globals))

    def render(self, name: str, rendering: Rendering, variables: Mapping[str, Any]) -> str:
        """Return the text of a template; whatever goes wrong is a TemplateError with file and line.

        The rendering is told how much of it, from its beginning, is the template's own text and its turns.
        """
        with self.translated(rendering, name), allowance():
            pieces = list(_counted(self.get_template(name).generate(variables)))
        rendering.pieces = pieces
        own = itertools.takewhile(lambda piece: isinstance(piece, _OwnText) or piece in rendering.turns, pieces)
        rendering.beginning = "".join(own)
        return "".join(pieces)

    @contextmanager
    def translated(self, rendering: Rendering, name: str) -> Iterator[None]:
        """Turn the errors of Jinja and of template code into TemplateError."""
        try:
            yield
        except DalleKitError:
            raise
        except jinja2.TemplateSyntaxError as error:
            message = _add_nearest(error.message or "syntax error", self)
            raise TemplateError(message, template=error.filename or error.name, line=error.lineno) from error
        except RecursionError as error:
            message = (
                "includes or extends itself without end, or is nested too deeply; to extend the file that yours "
                "replaces, write 'bundled:...'"
            )
            raise TemplateError(message, template=rendering.places[0] if rendering.places else name) from error
        except MemoryError as error:
            raise TemplateError("needs more memory than there is; make it shorter", template=name) from error
        except Exception as error:
            place, line = _where(error, rendering.places)
            raise TemplateError(_add_nearest(_message(error), self), template=place or name, line=line) from error


def _counted(pieces: Iterable[str]) -> Iterator[str]:
    for piece in pieces:
        spend(len(piece))
        yield piece


def _noted(template: jinja2.Template) -> jinja2.Template:
    spend(1)
    rendering = rendering_under_way()
    if rendering is not None and template.filename is not None and template.filename not in rendering.places:
        rendering.places.append(template.filename)
    return template


def _where(error: BaseException, places: list[str]) -> tuple[str | None, int | None]:
    """Return the innermost template's place and line in a traceback (Jinja has put its own lines into it)."""
    found: tuple[str | None, int | None] = (None, None)
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in places:
            found = (trace.tb_frame.f_code.co_filename, trace.tb_lineno)
        trace = trace.tb_next
    return found


def _message(error: Exception) -> str:
    if isinstance(error, jinja2.TemplatesNotFound):
        return f"none of the templates {', '.join(repr(name) for name in error.templates)} exists"
    if isinstance(error, jinja2.TemplateNotFound):
        return f"there is no template {error.name!r}; names are DOMAIN/FILE, bundled:DOMAIN/FILE or PLUGIN:DOMAIN/FILE"
    if isinstance(error, (Misuse, jinja2.TemplateError)):
        return " ".join(str(error).split())
    return " ".join(f"{type(error).__name__}: {error}".split())


def _no_variable(name: str, variables: Iterable[str]) -> str:
    names = [*variables, "slot", "turn"]
    if name in names:
        return f"{name!r} is not defined in an imported file; import it 'with context', or pass it to the macro"
    return _unknown(f"{name!r} is not defined", name, names)


def _unknown(what: str, name: str, choices: Iterable[str]) -> str:
    known = sorted(choices)
    near = nearest(name, known)
    return f"{what}: did you mean {near!r}?" if near else f"{what}: there are {', '.join(known) or 'none'}"


def _add_nearest(message: str, environment: jinja2.Environment) -> str:
    """Add the nearest filter or test to Jinja's complaint about an unknown one."""
    for kind, known in (("filter", environment.filters), ("test", environment.tests)):
        start = f"No {kind} named '"
        if message.startswith(start):
            name = message.removeprefix(start).partition("'")[0]
            near = nearest(name, known)
            return f"there is no {kind} {name!r}" + (f": did you mean {near!r}?" if near else "")
    return " ".join(message.split())
