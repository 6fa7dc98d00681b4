"""From a place in an open file to what a domain writes there."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dalle_kit.domain import Domain, Request, option_of
from dalle_kit.editing.positions import line_end, numbered
from dalle_kit.errors import RequestError, UnknownNameError
from dalle_kit.kit import Kit
from dalle_kit.plugin_manager.manager import Plugins


@dataclass(frozen=True, slots=True)
class Limits:
    """What a completion may take.

    ``seconds`` to be written, ``context`` tokens that the model is shown, and ``file`` characters of the file.
    """

    seconds: float = 4.0
    context: int = 640
    file: int = 512 * 1024


@dataclass(frozen=True, slots=True)
class Place:
    """Where to write: a file's text and language and name as they are, the offset in it, and the files beside it."""

    text: str
    offset: int
    language: str
    path: str | None
    nearby: tuple[Mapping[str, str], ...] = ()


def domains_for_editors(plugins: Plugins) -> list[str]:
    """Return the names of the domains that need nothing but a source."""
    return [name for name, domain in plugins.domains.items() if _required(domain) == [_source(domain)]]


def choose_domain(plugins: Plugins, name: str | None) -> str:
    """Return the domain to write with, the first that can be if none is named; raises UnknownNameError."""
    known = domains_for_editors(plugins)
    if name is None and known:
        return known[0]
    if name not in known:
        raise UnknownNameError("domain that completes a source", name or "", known)
    return name


class Completer:
    """Writes at places in files with one domain. Its methods may run in several threads."""

    def __init__(self, kit: Kit, domain: str, limits: Limits) -> None:
        self.kit, self.domain, self.limits = kit, domain, limits
        self._described = kit.plugins.domain(domain)
        self._source = _source(self._described) or ""
        self._has_language = "language" in self._described.request.model_fields

    def write(self, place: Place, stopped: threading.Event) -> str:
        """Return what is inserted at a place, with its line ends; empty for nothing, and once ``stopped`` is set.

        Raises RequestError where there is nothing that the domain can go on from, and what ``Kit.stream`` raises.
        """
        if len(place.text) > self.limits.file:
            size = f"{len(place.text):,} characters"
            raise RequestError(f"{size} are too many: files of up to {self.limits.file:,} are completed")
        request = self._shortened(self._request(place))
        if stopped.is_set():
            return ""
        # Somebody waits: what is written first is taken.
        arguments: dict[str, Any] = {"budget": self.limits.seconds, "stopped": stopped.is_set, "repair": False}
        with self.kit.stream(self.domain, request, **arguments) as stream:
            for _ in stream:
                if stopped.is_set():
                    return ""
        text = stream.document.text
        return text.replace("\n", line_end(place.text, place.offset)) if text.strip() else ""

    def _request(self, place: Place) -> Request:
        line, column = numbered(place.text, place.offset)
        source = {"text": place.text, "path": place.path, "line": line, "column": column, "nearby": place.nearby}
        fields: dict[str, object] = {self._source: source}
        # The editor's word for the language may be none of the domain's; the file's name may tell it as well.
        for language in [place.language, None] if self._has_language and place.language else [None]:
            try:
                return self.kit.request(self.domain, {**fields, **({"language": language} if language else {})})
            except RequestError as error:
                if error.field != "language":
                    raise
        raise RequestError(f"its language is not known, neither as {place.language!r:.80} nor by its name")

    def _shortened(self, request: Request) -> Request:
        """Return a request of which the model is shown no more than it can read while somebody waits."""
        engine = self.kit.load(self.domain)
        while True:
            prompt = self.kit.shape(self.domain, request).prompt
            if len(engine.tokenizer.encode_prompt(prompt)) <= self.limits.context:
                return request
            shorter = self._described.shorten(request)
            if shorter is None:
                return request
            request = shorter[0]


def _source(domain: Domain) -> str | None:
    fields = domain.request.model_fields.items()
    return next((name for name, info in fields if option_of(info).get("source")), None)


def _required(domain: Domain) -> list[str | None]:
    return [name for name, info in domain.request.model_fields.items() if info.is_required()]
