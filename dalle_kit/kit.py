"""The Python API: one Kit holds settings, plugins, templates and, once it is needed, a model."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, cast

from dalle_kit import pipeline
from dalle_kit.budget import Budget
from dalle_kit.choosing import Work
from dalle_kit.config import Settings, load_settings
from dalle_kit.document_stream import DocumentStream
from dalle_kit.domain import Request
from dalle_kit.engine.opening import open_engine, server_of
from dalle_kit.errors import RequestError, UnknownNameError
from dalle_kit.models.registry import Registry
from dalle_kit.models.spec import Progress, ServerSource, silent
from dalle_kit.plugin_manager.manager import Plugins, load_plugins
from dalle_kit.process_lock import ProcessLock
from dalle_kit.recorded import Record, expect_named_server, read_record
from dalle_kit.records import Document, GenerationOptions, Privacy
from dalle_kit.requesting import Fields, Shaping, is_wanted, make_request, steered, work_of
from dalle_kit.templating.templates import Shaped, Templates

if TYPE_CHECKING:
    from dalle_kit.engine.engine import Engine
    from dalle_kit.explain import Explanation
    from dalle_kit.likeness.finding import ExampleFinder, Like
    from dalle_kit.reproduction import Reproduction


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
        self._computing = {
            "device": device or self.settings.device,
            "dtype": dtype or self.settings.dtype,
            "quant": quant or self.settings.quant,
        }
        self._progress = progress
        self._engines: dict[str, Engine] = {}
        self._of_record: tuple[object, Kit] | None = None
        self._loading = ProcessLock()

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
            if name not in self._engines or self._engines[name].is_left_behind:
                self._engines[name] = open_engine(
                    name, self.registry, self.settings, **self._computing, progress=self._progress
                )
            return self._engines[name]

    def server_for(self, domain: str) -> ServerSource | None:
        """Return the server that requests of a domain are sent to, None where the model is on this machine."""
        return server_of(self.model_for(domain), self.registry)

    def request(self, domain: str, fields: Fields, *, like: Like = ()) -> Request:
        """Make a domain's request; what is left out the habits of the examples and the identity in the settings fill.

        Each field says whether it asks for that. ``like`` names sets of examples. Raises RequestError naming the field
        at fault, UnknownNameError for a set there is none of.
        """
        return make_request(self, domain, fields, like=like)

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
        shaping = Shaping(template=template, like=like, steer=steer, name_blind=name_blind)
        return work_of(self, domain, request, fields, shaping).shaped

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
        with self.stream(
            domain,
            request,
            template=template,
            seed=seed,
            candidates=candidates,
            max_tokens=max_tokens,
            temperature=temperature,
            top_p=top_p,
            top_k=top_k,
            min_p=min_p,
            repetition_penalty=repetition_penalty,
            stop=stop,
            like=like,
            steer=steer,
            repair=repair,
            budget=budget,
            privacy=privacy,
            name_blind=name_blind,
            **cast("dict[str, Any]", fields),
        ) as stream:
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
        shaping = Shaping(template=template, like=like, steer=steer, privacy=privacy, name_blind=name_blind)
        work = work_of(self, domain, request, fields, shaping)
        options = _options(work, overrides)
        documents: list[Document] = []
        works = [work]
        engine = self._fitted(works, options)
        pieces = pipeline.write(
            self.plugins, works, engine, options, documents=documents, repair=repair, budget=budget, stopped=stopped
        )
        return DocumentStream((piece.text for piece in pieces), documents, explain=partial(self._explain, works))

    def alternatives(
        self, domain: str, request: Fields | Request | None = None, *, candidates: int = 4, **arguments: Any
    ) -> list[Document]:
        """Write several documents to choose from, the best first; takes what ``generate`` takes.

        Each can be made again by its own record. Texts that are the same are one: there may be fewer.
        """
        from dalle_kit.alternatives import alternatives

        stream = partial(self.stream, domain, request, **arguments)
        return alternatives(stream, count=candidates, progress=self._progress)

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
        stopped: Callable[[], bool] | None = None,
        **options: Any,
    ) -> list[Document]:
        """Write a document for each request, computed together; ``options`` as in GenerationOptions.

        ``like``, ``steer``, ``repair``, ``budget``, ``privacy`` and ``name_blind`` as in ``generate``, ``stopped`` as
        in ``stream``; the budget is for all of them. Where one fails, the error's ``documents`` are those written;
        a KeyboardInterrupt has them too.
        """
        from dalle_kit.writing_many import write_many

        Budget(budget)
        shaping = Shaping(template=template, like=like, steer=steer, privacy=privacy, name_blind=name_blind)
        works = self._works(domain, requests, shaping)
        if not works:
            return []
        merged = _options(works[0], options)
        engine = self._fitted(works, merged)
        return write_many(
            self.plugins,
            works,
            engine,
            merged,
            repair=repair,
            budget=budget,
            stopped=stopped,
            at_once=self.settings.remote_together,
        )

    def _works(self, domain: str, requests: Iterable[Fields | Request], shaping: Shaping) -> list[Work]:
        """Shape the requests of a batch; raises RequestError with the number of one that is wrong."""
        if isinstance(requests, Mapping | Request):
            raise RequestError("this is one request; give a list of them, or use generate")
        works = []
        for number, request in enumerate(requests):
            try:
                works.append(work_of(self, domain, request, {}, shaping))
            except RequestError as error:
                raise RequestError(f"requests[{number}]: {error}", field=error.field) from error
        return works

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
        from dalle_kit.reproduction import reproduce
        from dalle_kit.revising import revised_again

        read = record if isinstance(record, Record) else read_record(record)
        pools = self.examples.open(like) if is_wanted(like) else ()
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
        Raises RevisionError, as for a sentence or a point there is none of, UnknownNameError for an instruction
        that the domain does not know, RequestError, ConfigError for what is no record, and what ``generate`` raises.
        """
        from dalle_kit.reproduction import recorded_likeness
        from dalle_kit.revising import Revision, revise, texts_of

        read = document if isinstance(document, Record) else read_record(document)
        asked = Revision(instructions, *map(texts_of, (redo, add, drop)))
        kit = self._as_recorded(read)
        likeness = recorded_likeness(read, kit, like=self.examples.open(like) if is_wanted(like) else ())
        return revise(read, asked, kit, likeness=likeness, seed=seed, budget=budget, privacy=privacy)

    def _as_recorded(self, record: Record) -> Kit:
        """Return a Kit of a record's model, which has this one's where it is the same."""
        made = record.provenance
        expect_named_server(made, [self.model, *self.settings.aliases.values()])
        chosen = {"device": made.device, "dtype": made.dtype, "quant": made.quant}
        key, found = (made.model, *chosen.values()), self._of_record
        if found is None or found[0] != key:
            found = (key, Kit(model=made.model, **chosen, settings=self.settings, progress=self._progress))
            self._of_record = found  # several records in a row are of one model most often: it is loaded once
        kit = found[1]
        loaded = self._engines.get(kit.model)
        if loaded and chosen == {name: getattr(loaded, name) for name in chosen}:
            kit._engines[kit.model] = loaded
        return kit

    def _fitted(self, works: list[Work], options: GenerationOptions) -> Engine | None:
        """Load the model if any document has a slot, and fit the requests, changing ``works``."""
        if not any(work.shaped.skeleton.slots for work in works):
            return None
        engine = self.load(works[0].domain.name)
        works[:] = [steered(self, work, engine) for work in works]
        works[:] = [pipeline.fit(self.plugins, self.templates, work, engine, options) for work in works]
        return engine


def _options(work: Work, overrides: Mapping[str, Any]) -> GenerationOptions:
    """Return the options of a document; where words are drawn, with a seed."""
    given = {name: value for name, value in overrides.items() if value is not None}
    options = work.domain.options.merge(given)
    if "seed" in given or not options.temperature:
        return options  # what is greedy is the same each time, further drafts included
    return options.merge({"seed": secrets.randbelow(2**31)})
