"""The Python API: one Kit holds settings, plugins, templates and, once it is needed, a model."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

from dalle_kit import pipeline
from dalle_kit.budget import Budget
from dalle_kit.choosing import Work
from dalle_kit.config import Settings, load_settings
from dalle_kit.domain import Domain, Request, option_of
from dalle_kit.engine.devices import check_quant, choose_device, choose_dtype
from dalle_kit.engine.results import Piece
from dalle_kit.engine.threads import wait_politely
from dalle_kit.errors import ConfigError, OptionError, RequestError, UnknownNameError
from dalle_kit.guarding import Guard
from dalle_kit.likeness import Likeness, check_steer, resolve_steer
from dalle_kit.models.registry import Registry
from dalle_kit.models.servers import SCHEME, parse_server, server_name
from dalle_kit.models.spec import Progress, ServerSource, silent
from dalle_kit.plugin_manager.manager import Plugins, load_plugins
from dalle_kit.records import Document, Finding, GenerationOptions, Privacy
from dalle_kit.templating.templates import Shaped, Templates

if TYPE_CHECKING:
    from dalle_kit.engine.engine import Engine
    from dalle_kit.explain import Explanation
    from dalle_kit.likeness.finding import ExampleFinder, Like
    from dalle_kit.reproduction import Record, Reproduction

Fields = Mapping[str, object]

#: What a Kit is made with, and a call does not take.
_OF_THE_KIT = {"model", "device", "dtype", "quant"}


class Kit:
    """Write documents with models on this machine, or with one of a server that is named (``openai:URL#NAME``).

    ``model``, ``device``, ``dtype`` and ``quant`` override the settings; a model is fetched and loaded when it is first
    needed, and ``progress`` hears of it. A model that is chosen, here or in the settings, writes for every domain; if
    none is, a domain that names one has its own. One Kit may be used by several threads at once.
    """

    def __init__(
        self,
        *,
        model: str | None = None,
        device: str | None = None,
        dtype: str | None = None,
        quant: str | None = None,
        settings: Settings | None = None,
        progress: Progress = silent,
    ) -> None:
        self.settings = settings if settings is not None else load_settings()
        self.model = model or self.settings.model
        self._is_chosen = bool(model) or "model" in self.settings.model_fields_set
        self._device = device or self.settings.device
        self._dtype = dtype or self.settings.dtype
        self._quant = quant or self.settings.quant
        self._progress = progress
        self._engines: dict[str, Engine] = {}
        self._guards: dict[str, Guard] = {}
        self._loading = threading.Lock()

    @cached_property
    def plugins(self) -> Plugins:
        """The plugins in force."""
        return load_plugins(self.settings)

    @cached_property
    def templates(self) -> Templates:
        """The templates of all domains."""
        return Templates(self.plugins)

    @cached_property
    def examples(self) -> ExampleFinder:
        """What opens example sets and chooses from them."""
        from dalle_kit.likeness.finding import ExampleFinder

        return ExampleFinder(self.registry, progress=self._progress)

    @cached_property
    def registry(self) -> Registry:
        """The models known by name."""
        return Registry(self.plugins.models, aliases=self.settings.aliases)

    def model_for(self, domain: str) -> str:
        """Return the name of the model that writes for a domain."""
        own = None if self._is_chosen else self.plugins.domain(domain).model
        return own or self.model

    def load(self, domain: str | None = None) -> Engine:
        """Fetch the model if it is not on this machine, load it, and return the engine; later calls return the same.

        ``domain`` says for which domain, where these have models of their own. Raises ModelError and its subclasses.
        """
        name = self.model if domain is None else self.model_for(domain)
        with self._loading:
            if name not in self._engines and (source := self._server(name)) is not None:
                self._engines[name] = self._connected(source)
            if name not in self._engines:
                wait_politely()
                # Checked first: a wrong device must not cost a download.
                device = choose_device(self._device)
                dtype = choose_dtype(self._dtype, device=device)
                quant = check_quant(self._quant)
                stored = self.registry.ensure(name, progress=self._progress)
                self._progress(f"loading {stored.name}", 0, None)
                from dalle_kit.engine.engine import Engine

                self._engines[name] = Engine.load(
                    stored,
                    device=device,
                    dtype=dtype,
                    quant=quant,
                    threads=self.settings.threads,
                    progress=self._progress,
                )
            return self._engines[name]

    def server_for(self, domain: str) -> ServerSource | None:
        """Return the server that requests of a domain are sent to, None where the model is on this machine."""
        return self._server(self.model_for(domain))

    def _server(self, name: str) -> ServerSource | None:
        source = self.registry.resolve(name).source
        return source if isinstance(source, ServerSource) else None

    def _connected(self, source: ServerSource) -> Engine:
        """Return the engine of a model on a server, which can what the pipeline needs of one."""
        from dalle_kit.engine.remote.engine import RemoteEngine

        self._progress(f"asking {source.url}", 0, None)
        chosen = self.settings
        engine = RemoteEngine.connect(
            source,
            key=chosen.remote_key,
            together=chosen.remote_together,
            per_minute=chosen.remote_per_minute,
        )
        return cast("Engine", engine)

    def request(self, domain: str, fields: Fields, *, like: Like = ()) -> Request:
        """Make a domain's request; what is left out the habits of the examples and the identity in the settings fill.

        Each field says whether it asks for that. ``like`` names sets of examples. Raises RequestError naming the field
        at fault, UnknownNameError for a set there is none of.
        """
        described = self.plugins.domain(domain)
        given = {name: value for name, value in fields.items() if value is not None}
        if _is_wanted(like):
            given = {**self._habits(described, like), **given}
        filled: set[str] = set()
        for name, info in described.request.model_fields.items():
            if option_of(info).get("identity") and name in self.settings.identity:
                if name not in given:
                    given[name] = self.settings.identity[name]
                    filled.add(name)
        try:
            return described.parse(given)
        except RequestError as error:
            if error.field not in filled:
                raise
            message = f"{error}; it is the setting identity.{error.field}: see 'dalle-kit config'"
            raise RequestError(message, field=error.field) from error

    def _habits(self, domain: Domain, like: Like) -> dict[str, object]:
        """Return what the author of examples would say in the fields of a request that ask for it."""
        voice = self.examples.voice(self.examples.open(like))
        habits = {"greeting": voice.greeting("{name}"), "sign_off": voice.sign_off}
        asked = {name: option_of(info).get("habit") for name, info in domain.request.model_fields.items()}
        return {name: habits[habit] for name, habit in asked.items() if habit and habits.get(habit)}

    def check_format(self, domain: str, request: Request, format: str) -> None:
        """Raise UnknownNameError or RequestError if the request's document could not be written in a format."""
        formats = self.plugins.formats(domain)
        if format not in formats:
            raise UnknownNameError("format", format, formats)
        formats[format].require(request)

    def shape(
        self,
        domain: str,
        request: Fields | Request | None = None,
        *,
        template: str | None = None,
        like: Like = (),
        steer: str = "auto",
        name_blind: bool = False,
        **fields: object,
    ) -> Shaped:
        """Return the prompt and the document's skeleton, as the model sees them, without a model that writes."""
        chosen: dict[str, Any] = {"template": template, "like": like, "steer": steer, "name_blind": name_blind}
        return self._work(domain, request, fields, **chosen).shaped

    def prompt_text(self, shaped: Shaped) -> str:
        """Return the exact text the model reads, in its own format if the model is on this machine."""
        stored = self.registry.find(self.model_for(shaped.domain))
        if stored is None:
            return shaped.prompt.text
        from dalle_kit.engine.tokenization import Tokenizer

        return Tokenizer.load(stored.path).prompt_text(shaped.prompt)

    def generate(
        self,
        domain: str,
        request: Fields | Request | None = None,
        *,
        template: str | None = None,
        seed: int | None = None,
        candidates: int | None = None,
        max_tokens: int | None = None,
        temperature: float | None = None,
        top_p: float | None = None,
        top_k: int | None = None,
        min_p: float | None = None,
        repetition_penalty: float | None = None,
        stop: tuple[str, ...] | None = None,
        like: Like = (),
        steer: str = "auto",
        repair: bool = True,
        budget: float | None = None,
        privacy: Privacy | None = None,
        name_blind: bool = False,
        **fields: object,
    ) -> Document:
        """Write one document; ``fields`` are the request's, the others as in GenerationOptions.

        ``like`` names sets of examples, or holds what ``make_examples`` and ``read_examples`` return: the text is to be
        like those nearest to the request. ``steer`` is how: ``prompt``, ``vector``, ``memory`` or ``auto``.
        ``repair`` writes again, drops or states in plain words what the checks find wrong or missing. ``budget`` is
        the time it may take, in seconds, without loading the model; what is not written by then is stated plainly.
        ``privacy`` says what becomes of personal data that is not in the request, instead of the settings.
        ``name_blind`` shows the model other names of people than the request's, which the document has.
        Raises UnknownNameError for an unknown domain, template or set, RequestError, OptionError, ModelError,
        ExampleError, ContextOverflowError, PrivacyError.
        """
        options = _given(
            seed=seed,
            candidates=candidates,
            max_tokens=max_tokens,
            temperature=temperature,
            top_p=top_p,
            top_k=top_k,
            min_p=min_p,
            repetition_penalty=repetition_penalty,
            stop=stop,
        )
        arguments: dict[str, Any] = {"template": template, "like": like, "steer": steer, "repair": repair}
        arguments |= {"budget": budget, "privacy": privacy, "name_blind": name_blind, **options, **fields}
        with self.stream(domain, request, **arguments) as stream:
            return stream.finish()

    def stream(
        self,
        domain: str,
        request: Fields | Request | None = None,
        *,
        template: str | None = None,
        like: Like = (),
        steer: str = "auto",
        repair: bool = True,
        budget: float | None = None,
        privacy: Privacy | None = None,
        name_blind: bool = False,
        stopped: Callable[[], bool] | None = None,
        **fields: Any,
    ) -> DocumentStream:
        """Write one document piece by piece; takes what ``generate`` takes.

        The request is checked, and the model loaded, before this returns. A document without slots needs no model. Once
        ``stopped`` says so, no more is written than if the budget were spent: another thread may have it say that.
        """
        overrides = {name: fields.pop(name) for name in GenerationOptions.names() if name in fields}
        Budget(budget)  # a wrong one is refused before anything is loaded
        chosen: dict[str, Any] = {"template": template, "like": like, "steer": steer, "privacy": privacy}
        chosen["name_blind"] = name_blind
        work = self._work(domain, request, fields, **chosen)
        options = self._options(work, overrides)
        documents: list[Document] = []
        works = [work]
        pieces = self._write(works, options, documents, repair=repair, budget=budget, stopped=stopped)
        return DocumentStream((piece.text for piece in pieces), documents, explain=partial(self._explain, works))

    def alternatives(
        self, domain: str, request: Fields | Request | None = None, *, candidates: int = 4, **arguments: Any
    ) -> list[Document]:
        """Write several documents to choose from, the best first; takes what ``generate`` takes.

        Each can be made again by its own record. Texts that are the same are one: there may be fewer.
        """
        from dalle_kit.alternatives import alternatives

        self.load(domain)
        stream = partial(self.stream, domain, request)
        return alternatives(
            lambda **options: stream(**{**arguments, **options}), count=candidates, progress=self._progress
        )

    def batch(
        self,
        domain: str,
        requests: Iterable[Fields | Request],
        *,
        template: str | None = None,
        like: Like = (),
        steer: str = "auto",
        repair: bool = True,
        budget: float | None = None,
        privacy: Privacy | None = None,
        name_blind: bool = False,
        **options: Any,
    ) -> list[Document]:
        """Write a document for each request, computed together; ``options`` as in GenerationOptions.

        ``like``, ``steer``, ``repair``, ``budget``, ``privacy`` and ``name_blind`` as in ``generate``; the budget is
        for all of them.
        """
        Budget(budget)
        chosen: dict[str, Any] = {"template": template, "like": like, "steer": steer, "privacy": privacy}
        chosen["name_blind"] = name_blind
        works = []
        for number, request in enumerate(requests):
            try:
                works.append(self._work(domain, request, {}, **chosen))
            except RequestError as error:
                raise RequestError(f"requests[{number}]: {error}", field=error.field) from error
        if not works:
            return []
        merged = self._options(works[0], options)
        documents: list[Document] = []
        for _ in self._write(works, merged, documents, repair=repair, budget=budget):
            pass
        return documents

    def explain(
        self,
        domain: str,
        request: Fields | Request | None = None,
        *,
        orders: int | None = None,
        **arguments: Any,
    ) -> Explanation:
        """Write a document and say what each of its sentences rests on; takes what ``generate`` takes.

        ``orders`` is how many orders of the parts are sampled where these are many, by default as many as take about
        half a minute. Raises ModelError for a model that tells no likelihoods.
        """
        from dalle_kit.explain import check_orders

        check_orders(orders)
        with self.stream(domain, request, **arguments) as stream:
            stream.finish()
            return stream.explain(orders=orders, progress=self._progress)

    def _explain(
        self, works: Sequence[Work], document: Document, *, orders: int | None, progress: Progress
    ) -> Explanation:
        from dalle_kit.explain import explain

        (work,) = works
        engine = self.load(work.domain.name) if work.shaped.skeleton.slots else None
        return explain(work, document, engine, self.templates, orders=orders, progress=progress)

    def reproduce(self, record: Document | Record | Mapping[str, Any], *, like: Like = ()) -> Reproduction:
        """Make a text again from its document, or from the record of it that ``--json`` writes; say what differs.

        It is made with the model, the settings and the very examples that the record names; ``like`` has examples that
        are in no set. Raises ConfigError for what is no record.
        """
        from dalle_kit.reproduction import Record, read_record, reproduce
        from dalle_kit.revising import revised_again

        read = record if isinstance(record, Record) else read_record(record)
        pools = self.examples.open(like) if _is_wanted(like) else ()
        return reproduce(read, self._as_recorded(read), like=pools, write=revised_again if read.revision else None)

    def revise(
        self,
        document: Document | Record | Mapping[str, Any],
        *instructions: str,
        redo: Sequence[int | str] = (),
        add: Sequence[str] = (),
        drop: Sequence[int | str] = (),
        like: Like = (),
        seed: int = 0,
        budget: float | None = None,
        privacy: Privacy | None = None,
    ) -> Document:
        """Revise a document, or the record of it that ``--json`` writes; what is not to change stays to the letter.

        ``instructions`` are plain words of the domain, such as "shorter" or "more formal". ``redo`` names sentences
        that are to be written anew, by number (from 1) or by words of theirs, ``add`` has points to say in addition,
        ``drop`` those to say no more. It is written with the model, the settings and the examples of the record;
        ``like`` has examples that are in no set, ``seed`` gives other sentences, ``budget`` and ``privacy`` are as in
        ``generate``. What cannot be done is a finding "revision" of the new document.
        Raises RevisionError, UnknownNameError for an instruction, a sentence or a point there is none of, RequestError,
        ConfigError for what is no record, and what ``generate`` raises.
        """
        from dalle_kit.reproduction import Record, read_record, recorded_likeness
        from dalle_kit.revising import Revision, revise

        read = document if isinstance(document, Record) else read_record(document)
        asked = Revision(instructions, tuple(map(str, redo)), tuple(add), tuple(map(str, drop)))
        kit = self._as_recorded(read)
        likeness = recorded_likeness(read, kit, like=self.examples.open(like) if _is_wanted(like) else ())
        return revise(read, asked, kit, likeness=likeness, seed=seed, budget=budget, privacy=privacy)

    def _as_recorded(self, record: Record) -> Kit:
        """Return a Kit of a record's model, which has this one's where it is the same."""
        made = record.provenance
        if made.model is not None and made.model.startswith(SCHEME):
            self._expect_named(parse_server(made.model))
        chosen = {"device": made.device, "dtype": made.dtype, "quant": made.quant}
        kit = Kit(model=made.model, **chosen, settings=self.settings, progress=self._progress)
        loaded = self._engines.get(kit.model)
        if loaded and chosen == {name: getattr(loaded, name) for name in chosen}:
            kit._engines[kit.model] = loaded
        return kit

    def _expect_named(self, server: ServerSource) -> None:
        """Raise ConfigError for a server that a record names and nobody here does: it would be sent text and key."""
        names = [self.model, *self.settings.aliases.values()]
        if server.url not in [parse_server(name).url for name in names if name.startswith(SCHEME)]:
            name = server_name(server)
            raise ConfigError(
                f"the record was written by the model of a server, {server.url}, which nothing is sent to because a "
                f"record says so: name it yourself, with DALLE_KIT_MODEL={name} or 'dalle-kit models alias set'"
            )

    def _write(
        self,
        works: list[Work],
        options: GenerationOptions,
        documents: list[Document],
        *,
        repair: bool,
        budget: float | None,
        stopped: Callable[[], bool] | None = None,
    ) -> Iterator[Piece]:
        """Load the model if any document has a slot, fit the requests, changing ``works``, and begin to write."""
        engine = None
        if any(work.shaped.skeleton.slots for work in works):
            engine = self.load(works[0].domain.name)
            works[:] = [self._steered(work, engine) for work in works]
            works[:] = [pipeline.fit(self.plugins, self.templates, work, engine, options) for work in works]
        arguments: dict[str, Any] = {"documents": documents, "repair": repair, "budget": budget, "stopped": stopped}
        return pipeline.write(self.plugins, works, engine, options, **arguments)

    def _steered(self, work: Work, engine: Engine) -> Work:
        """Return the work with the vectors that steer it, where it is steered by vectors."""
        if work.likeness is None or work.likeness.steer != "vector":
            return work
        likeness = self.examples.steered(work.likeness, work.domain, engine)
        shaped = replace(work.shaped, prompt=likeness.shown_in(work.shaped.prompt))
        steered = replace(work, shaped=shaped, likeness=likeness)
        if likeness.strength:
            return steered
        note = "no strength of vectors made the examples that were held out likelier: it is written as without vectors"
        return replace(steered, findings=(*steered.findings, Finding("examples", "note", note)))

    def _work(
        self,
        domain: str,
        request: Fields | Request | None,
        fields: Fields,
        *,
        template: str | None,
        like: Like,
        steer: str,
        privacy: Privacy | None = None,
        name_blind: bool = False,
    ) -> Work:
        described = self.plugins.domain(domain)
        guard = self._guard(self.settings.privacy if privacy is None else privacy)
        check_steer(steer)
        if isinstance(request, Request):
            if fields:
                raise RequestError(f"{next(iter(fields))}: give a request or its fields, not both")
            if not isinstance(request, described.request):
                raise RequestError(f"{domain} takes a {described.request.__name__}, got a {type(request).__name__}")
        else:
            given = {**(request or {}), **fields}
            strays = _OF_THE_KIT & given.keys() - described.request.model_fields.keys()
            if strays:
                name = min(strays)
                raise RequestError(f"{name}: is chosen for a whole Kit; make one with Kit({name}=...)", field=name)
            request = self.request(domain, given, like=like)
        find = partial(self._likeness, described, like, steer)
        shaping: dict[str, Any] = {"template": template, "guard": guard}
        if name_blind:
            if not described.prose:
                raise OptionError("name_blind", name_blind, f"False for {domain}: names are hidden in prose only")
            return pipeline.shape_blind(self.plugins, self.templates, described, request, find=find, **shaping)
        return pipeline.shape(self.plugins, self.templates, described, request, likeness=find(request), **shaping)

    def _likeness(self, domain: Domain, like: Like, steer: str, request: Request) -> Likeness | None:
        """Return what a text is to be like, None where nothing is asked for."""
        if not _is_wanted(like):
            return None
        model = self.model_for(domain.name)
        way = resolve_steer(steer, has_encoder=lambda: self.registry.reads_examples(model), model=model)
        return self.examples.find(self.examples.open(like), domain, request, steer=way)

    def _guard(self, policy: Privacy) -> Guard:
        """Return the guard of a policy; what it finds personal data with is loaded once."""
        if policy not in self._guards:
            self._guards[policy] = Guard(policy)
        return self._guards[policy]

    def _options(self, work: Work, overrides: Mapping[str, Any]) -> GenerationOptions:
        given = _given(**overrides)
        options = work.domain.options.merge(given)
        if "seed" in given or not options.temperature:
            return options  # what is greedy is the same each time, further drafts included
        return options.merge({"seed": secrets.randbelow(2**31)})


class DocumentStream:
    """A document while it is written: iterate for the provisional text's pieces, then read ``document``.

    Closing it early (or leaving its ``with`` block) stops the generation.
    """

    def __init__(
        self, pieces: Iterator[str], documents: list[Document], *, explain: Callable[..., Explanation]
    ) -> None:
        self._pieces = pieces
        self._documents = documents
        self._explain = explain

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        return next(self._pieces)

    def __enter__(self) -> DocumentStream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def finish(self) -> Document:
        """Take all remaining pieces and return the document."""
        for _ in self._pieces:
            pass
        return self.document

    @property
    def is_finished(self) -> bool:
        """Whether the document is there; after an interruption it can be, as far as it had come."""
        return bool(self._documents)

    @property
    def document(self) -> Document:
        """The finished document; raises RuntimeError while pieces are left or when the stream was closed early."""
        if not self._documents:
            raise RuntimeError("the document is not finished: take all pieces of the stream first")
        return self._documents[0]

    def explain(self, *, orders: int | None = None, progress: Progress = silent) -> Explanation:
        """Say what each sentence of the finished document rests on; ``orders`` as in ``Kit.explain``."""
        return self._explain(self.document, orders=orders, progress=progress)

    def close(self) -> None:
        """Stop the generation."""
        close = getattr(self._pieces, "close", None)
        if close is not None:
            close()


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _is_wanted(like: Like) -> bool:
    """Say whether there are to be examples; an empty set is one that is wanted, and an error."""
    return not isinstance(like, Sequence) or len(like) > 0
