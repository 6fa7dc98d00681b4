"""The frozen records passed from one step of the pipeline to the next."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from os.path import commonprefix
from typing import TYPE_CHECKING, Any, Literal, get_args

from dalle_kit.errors import OptionError, OutputError, TemplateError, UnknownNameError
from dalle_kit.slot_rules import check_slot

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Role = Literal["system", "user", "assistant", "context", "prefix", "suffix"]
Severity = Literal["note", "warning", "error"]
Steer = Literal["auto", "prompt", "vector", "memory"]
#: What becomes of personal data that a text has and its request has not.
Privacy = Literal["off", "report", "redact", "refuse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationOptions:
    """How text is sampled. Values out of range raise OptionError.

    ``temperature`` 0 is greedy decoding. ``top_p`` keeps the smallest set of tokens whose probabilities sum to it,
    ``top_k`` the k most likely (0: all), ``min_p`` those at least that fraction of the likeliest. ``max_tokens`` bounds
    each slot. Of up to ``candidates`` drafts the best is kept: further ones are written where the first leaves
    something to be desired. The same ``seed`` gives the same text.
    """

    max_tokens: int = 256
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    stop: tuple[str, ...] = ()
    seed: int = 0
    candidates: int = 1

    def __post_init__(self) -> None:
        _whole("max_tokens", self.max_tokens, 1, 1_000_000)
        _number("temperature", self.temperature, 0.0, 5.0)
        _number("top_p", self.top_p, 0.0, 1.0, above=True)
        _whole("top_k", self.top_k, 0, 1_000_000)
        _number("min_p", self.min_p, 0.0, 1.0)
        _number("repetition_penalty", self.repetition_penalty, 0.01, 10.0)
        _whole("seed", self.seed, 0, 2**63 - 1)
        _whole("candidates", self.candidates, 1, 64)
        listed = isinstance(self.stop, (tuple, list))
        if not listed or not all(isinstance(text, str) and text for text in self.stop):
            raise OptionError("stop", self.stop, "a tuple of texts, none of them empty")

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the options' names."""
        return tuple(option.name for option in fields(cls))

    def merge(self, overrides: Mapping[str, Any]) -> GenerationOptions:
        """Return a copy with ``overrides`` in force; those that are None leave the value as it is."""
        unknown = [name for name in overrides if name not in self.names()]
        if unknown:
            raise UnknownNameError("generation option", unknown[0], self.names())
        return replace(self, **{name: value for name, value in overrides.items() if value is not None})


#: The turns of a text with a gap: other texts that bear on it, what stands before the gap, and what stands after it.
INFILLING_ROLES = frozenset({"context", "prefix", "suffix"})


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of the prompt; ``name`` is the path of the file that a context or a prefix is from."""

    role: Role
    content: str
    name: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Steering:
    """What is added to the decoder's states while it reads and writes: ``vectors`` (L, D), one after each block.

    Raises OptionError for numbers of another kind than float32, one after another.
    """

    vectors: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.vectors.ndim != 2 or self.vectors.dtype.name != "float32" or not self.vectors.flags.c_contiguous:
            kind = f"{self.vectors.dtype} {self.vectors.shape}"
            raise OptionError("steering", kind, "a contiguous array (blocks, width) of float32")


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model is told: turns of a conversation, or a text with a gap to fill in.

    A model without a chat template reads a conversation as plain text. A text with a gap has any contexts, one prefix
    and at most one suffix, in this order, each exactly as it is. Raises TemplateError for turns of both kinds.
    ``beginning`` are the turns with which a template's text begins, before the first that comes from a request.
    ``examples`` are texts that a model with an encoder reads as its examples, in place of the prompt itself;
    ``steering`` is what the states of any decoder are moved by. Whoever changes a prompt keeps both
    (``dataclasses.replace``).
    """

    messages: tuple[Message, ...]
    beginning: tuple[Message, ...] = field(default=(), compare=False, repr=False)
    examples: tuple[str, ...] = field(default=(), repr=False)
    steering: Steering | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if problem := turns_problem(self.messages):
            raise TemplateError(problem)

    @property
    def infills(self) -> bool:
        """Whether it is a text with a gap to fill in."""
        return bool(self.messages) and self.messages[0].role in INFILLING_ROLES

    @property
    def without_request(self) -> Prompt:
        """The same turns with nothing in them but what they have in common with the beginning, up to where that ends.

        Whoever has changed the turns since they were rendered, nothing of a request is in it.
        """
        kept: list[Message] = []
        goes_on = True
        for place, message in enumerate(self.messages):
            fixed = self.beginning[place] if goes_on and place < len(self.beginning) else Message(message.role, "")
            common = commonprefix([message.content, fixed.content])  # noqa: RUF071 - by characters
            content = common if fixed.role == message.role else ""
            goes_on = goes_on and content == message.content
            kept.append(Message(message.role, content))
        return Prompt(tuple(kept))

    @property
    def text(self) -> str:
        """The turns as plain text: a conversation's with a blank line between them, else what is before the gap."""
        if not self.infills:
            return "\n\n".join(message.content for message in self.messages)
        return "".join(_before_gap(message) for message in self.messages)


def turns_problem(messages: tuple[Message, ...]) -> str | None:
    """Say what is wrong with the order of turns, None if nothing is."""
    roles = [message.role for message in messages]
    if INFILLING_ROLES.isdisjoint(roles):
        return None
    talk = next((role for role in roles if role not in INFILLING_ROLES), None)
    if talk is not None:
        return f"turn {talk!r} beside turn 'prefix': a prompt is a conversation or a text with a gap, not both"
    if roles[roles.count("context") :] not in (["prefix"], ["prefix", "suffix"]):
        return f"turns {', '.join(roles)}: give any contexts first, then one prefix, then at most one suffix"
    return None


def _before_gap(message: Message) -> str:
    if message.role == "suffix":
        return ""
    # A context is a text of its own: what comes next must not go on in its last line.
    open_line = message.role == "context" and message.content and not message.content.endswith("\n")
    return f"{message.content}\n" if open_line else message.content


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in the document that the model fills.

    ``stop`` are texts that end it (they are not part of it). At most one of ``regex``, ``grammar`` (Lark),
    ``schema`` (JSON Schema; the text is JSON) and ``choices`` says what its whole text has to match; ``sentences``
    and ``words`` bound the length of prose (least, most), ``forbid`` are texts or character classes (``"[...]"``)
    it may not hold, ``starts_with`` is how it begins. ``known`` are the texts that a grounded slot takes its names
    and numbers from; in a template ``grounded`` gives them. ``mentions`` are words that its first sentence holds,
    in their order (``delay*`` is any that begins so). ``examples`` are shown to the model. ``when`` fills the slot
    only if an earlier one's text is among the given ones. ``about`` are the points it has to express, ``otherwise``
    plain sentences that say the same, used where the model fails to. ``options`` override the generation options in
    it. With more than one of ``beams`` its likeliest text is searched for, so many beginnings at once, instead of
    choosing token by token. A ``verbatim`` text keeps the blanks and line ends at its start and end, and goes on
    behind ``starts_with``, which is no part of it: what code needs.
    """

    name: str
    stop: tuple[str, ...] = ()
    regex: str | None = None
    grammar: str | None = None
    schema: Mapping[str, Any] | None = None
    choices: tuple[str, ...] = ()
    sentences: tuple[int, int] | None = None
    words: tuple[int, int] | None = None
    forbid: tuple[str, ...] = ()
    starts_with: str = ""
    known: tuple[str, ...] | None = None
    mentions: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    when: tuple[str, tuple[str, ...]] | None = None
    about: tuple[str, ...] = ()
    otherwise: tuple[str, ...] = ()
    beams: int = 1
    verbatim: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _whole("beams", self.beams, 1, 16)
        check_slot(self)


@dataclass(frozen=True, slots=True)
class Gap:
    """What stands next to a gap, for a model that is not shown what follows it.

    ``before`` is the end of the text before the gap, as far as the prompt leaves it out; ``after`` the beginning of
    what follows, in whose light drafts are compared. ``guesses`` are regular expressions: what follows suggests a text
    that matches one of them.
    """

    before: str
    after: str
    guesses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Skeleton:
    """The document with its slots still open: literal texts (certain) and slots (to be generated), in order."""

    parts: tuple[str | Slot, ...]

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The slots, in the order in which they are filled."""
        return tuple(part for part in self.parts if isinstance(part, Slot))

    def fill(self, texts: Mapping[str, str]) -> str:
        """Return the document's text with each slot replaced by its text.

        A slot without text takes the blank line, or the space, before it with it.
        """
        return self._filled(texts)[0]

    def starts(self, texts: Mapping[str, str]) -> dict[str, int]:
        """Return where in the filled document each slot's text begins, in characters."""
        return self._filled(texts)[1]

    def _filled(self, texts: Mapping[str, str]) -> tuple[str, dict[str, int]]:
        text, starts, empty = "", {}, ""
        for part in self.parts:
            if isinstance(part, Slot):
                starts[part.name] = len(text)
                text += texts[part.name]
                empty = "" if texts[part.name] else part.name
            else:
                if empty and part.startswith("\n\n"):
                    text = text.removesuffix("\n\n").removesuffix(" ")
                    starts[empty] = len(text)
                elif empty and part.startswith(" "):
                    part = part[1:] if text[-1:] in ("", " ", "\n") else part
                text += part
                empty = ""
        return text, starts

    def stating(self, texts: Mapping[str, str]) -> Skeleton:
        """Return the skeleton with the texts of some slots certain, by the slots' names."""
        parts: list[str | Slot] = []
        for part in self.parts:
            text = part if isinstance(part, str) else texts.get(part.name)
            if text is not None and parts and isinstance(parts[-1], str):
                parts[-1] += text
            else:
                parts.append(part if text is None else text)
        return Skeleton(tuple(parts))

    def outline(self) -> str:
        """Return the document with each slot shown as ``...``, for a prompt or a preview."""
        return self.fill({slot.name: "..." for slot in self.slots})


@dataclass(frozen=True, slots=True)
class Draft:
    """A skeleton and the texts of its slots, on the way from the engine to the document."""

    skeleton: Skeleton
    texts: Mapping[str, str]

    @property
    def text(self) -> str:
        """The whole document as it stands."""
        return self.skeleton.fill(self.texts)

    def replace(self, name: str, text: str) -> Draft:
        """Return a draft whose slot ``name`` has another text."""
        if name not in self.texts:
            raise UnknownNameError("slot", name, self.texts)
        return Draft(self.skeleton, {**self.texts, name: text})


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a check has to say about a text.

    ``check`` names the check; ``slot`` and ``span`` (start, end in characters of the slot's text) say where. ``place``
    is the same in characters of the document, once that is finished. An "error" with a slot is repaired; what remains,
    and a "warning", is shown, and ``--strict`` exits with 3. A "note" is in the document's findings only: no command
    shows it but with ``--json``.
    """

    check: str
    severity: Severity
    message: str
    slot: str | None = None
    span: tuple[int, int] | None = None
    place: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if self.severity not in get_args(Severity):
            allowed = ", ".join(get_args(Severity))
            raise ValueError(f"the finding {self.check!r} has the severity {self.severity!r}; give one of {allowed}")


@dataclass(frozen=True, slots=True)
class ExampleUse:
    """An example that a document was written after: its set, the beginning of its text's hash, and where it was found.

    ``similarity`` is the cosine of its vector and that of the request, None where it was not chosen for a request:
    vectors that steer are made of many. ``characters`` is how much of its beginning was used, None for all.
    """

    set: str
    id: str
    origin: str
    similarity: float | None
    characters: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """How a document came about, enough to make it again. Times are in seconds.

    ``model``, ``device``, ``dtype``, ``quant`` and ``runner`` are None for a document without slots, which no model
    wrote; a model on a server, ``openai:URL#NAME``, has no device that is known. ``constrained`` says whether the text
    was held to what is known while it was written, as that of every model on this machine is. ``model_parts`` are the
    hashes of what the model was made from, its memory map included, ``templates`` those of the template's files by
    name, ``plugins`` and ``libraries`` have the versions of what had a part in it. ``repair``, ``budget`` and
    ``privacy`` are as given; where the time was not enough, ``budget_spent``, the same request may give another text.
    ``name_blind`` says that the model saw stand-ins for people's names. ``repairs`` has a line for each change made to
    what was written, because a check had found something, and for each point that stands as typed. ``examples`` are
    those that the document was written after, ``steer`` says how, ``strength`` what vectors were multiplied by.
    """

    version: str
    created: str
    domain: str
    model: str | None
    model_sha256: str | None
    device: str | None
    dtype: str | None
    template: str
    options: GenerationOptions
    candidate: int
    prompt_tokens: int
    generated_tokens: int
    finish_reasons: Mapping[str, str]
    dropped: tuple[str, ...]
    plugins: Mapping[str, str]
    timings: Mapping[str, float]
    repairs: tuple[str, ...] = ()
    quant: str | None = None
    runner: str | None = None
    constrained: bool = True
    model_parts: Mapping[str, str] = field(default_factory=dict)
    libraries: Mapping[str, str] = field(default_factory=dict)
    templates: Mapping[str, str] = field(default_factory=dict)
    repair: bool = True
    budget: float | None = None
    budget_spent: bool = False
    name_blind: bool = False
    privacy: Privacy = "off"
    steer: str | None = None
    strength: float | None = None
    examples: tuple[ExampleUse, ...] = ()


def _nothing_required(request: Any) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Format:
    """A way to write a document: ``render`` returns text, or bytes where the format fixes line ends or encoding.

    ``suffix`` is the file ending by which ``--output`` recognises the format. ``require`` raises RequestError for a
    request that lacks what the format needs; it is called before anything is generated.
    """

    name: str
    render: Callable[[Document], str | bytes]
    summary: str = ""
    suffix: str = ".txt"
    media_type: str = "text/plain; charset=utf-8"
    require: Callable[[Any], None] = _nothing_required


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A finished text: what was asked, what was written, what the checks found, and how it came about.

    ``asked`` are the fields of the request as it was asked, as JSON-ready values; ``request`` may have been shortened.
    ``revision`` says how the text was made from another, as JSON-ready values; it is empty where it was not.
    """

    domain: str
    request: Any
    text: str
    slots: Mapping[str, str]
    findings: tuple[Finding, ...]
    provenance: Provenance
    formats: Mapping[str, Format] = field(repr=False)
    asked: Mapping[str, Any] = field(default_factory=dict, repr=False)
    revision: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def render(self, format: str = "text") -> str | bytes:
        """Return the document in one of the domain's formats.

        Raises UnknownNameError for a format the domain does not have, RequestError where the format needs a field
        that the request lacks.
        """
        if format not in self.formats:
            raise UnknownNameError("format", format, self.formats)
        return self.formats[format].render(self)

    def value(self, slot: str) -> Any:
        """Return the object that a slot with a ``schema`` holds.

        Raises UnknownNameError for a slot there is none of, OutputError where its text is no JSON: it was cut short by
        ``max_tokens``, or has no schema.
        """
        if slot not in self.slots:
            raise UnknownNameError("slot", slot, self.slots)
        return json_value(self.slots[slot])

    def as_dict(self) -> dict[str, Any]:
        """Return request, text, slots, findings and provenance as JSON-ready values, and the revision if it is one."""
        return {
            "domain": self.domain,
            "request": _plain(self.asked),
            "text": self.text,
            "slots": dict(self.slots),
            "findings": [_plain_finding(finding) for finding in self.findings],
            "provenance": _plain(self.provenance),
            **({"revision": _plain(self.revision)} if self.revision else {}),
        }


def json_value(text: str) -> Any:
    """Return what the text of a slot says as JSON; raises OutputError where it is none."""
    try:
        return json.loads(text)
    except ValueError as error:
        fix = "give the slot a schema, or more max_tokens"
        raise OutputError(f"the slot holds no JSON ({error}), in {text!r:.80}; {fix}") from error


def _plain_finding(finding: Finding) -> dict[str, Any]:
    """Return a finding with its place in the document as ``start`` and ``end``."""
    plain: dict[str, Any] = _plain(finding)
    start, end = plain.pop("place") or (None, None)
    return {**plain, "start": start, "end": end}


def _plain(value: Any) -> Any:
    """Return dataclasses, mappings and tuples as dicts and lists."""
    if hasattr(value, "__dataclass_fields__"):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return value


def _whole(name: str, value: object, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise OptionError(name, value, f"a whole number from {low} to {high}")


def _number(name: str, value: object, low: float, high: float, *, above: bool = False) -> None:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or not low <= value <= high or (above and value == low):  # type: ignore
        allowed = f"above {low:g} up to {high:g}" if above else f"from {low:g} to {high:g}"
        raise OptionError(name, value, f"a number {allowed}")
