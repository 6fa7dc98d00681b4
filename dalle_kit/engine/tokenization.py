"""Text to tokens and back: prompts, chat templates, and decoding piece by piece. Needs no torch."""

from __future__ import annotations

import itertools
import json
import secrets
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dalle_kit.engine.infilling import Control, Text, family_of, infilling_parts
from dalle_kit.engine.token_bytes import SPACE, TokenBytes, token_bytes
from dalle_kit.errors import ModelError
from dalle_kit.models.manifest import way_to_mend
from dalle_kit.records import Message, Prompt

if TYPE_CHECKING:
    from tokenizers import Tokenizer as Backend
    from tokenizers.decoders import DecodeStream

_ANCHOR = "\u263a"  # a character that merges with no other

#: The files that families keep their vocabularies in.
_VOCABULARIES = ("tokenizer.*", "vocab*", "merges.txt", "*.model", "*.spm", "*.tiktoken")


class Tokenizer:
    """A model's tokenizer together with its chat template, if it has one.

    ``seq2seq`` says that it belongs to an encoder-decoder.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        chat_template: str | None = None,
        names: Mapping[str, str] | None = None,
        seq2seq: bool = False,
    ):
        # A checkpoint's file may say to cut and pad every text; here what does not fit is an error, never cut silently.
        backend.no_truncation()
        backend.no_padding()
        self._backend = backend
        self._chat_template = chat_template
        self._names = dict(names or {})
        self._seq2seq = seq2seq
        self._family = family_of(self._has, seq2seq=seq2seq)
        special = {id: token.content for id, token in backend.get_added_tokens_decoder().items() if token.special}
        # Some families do not mark their tokens for infilling as special ones; they are no text all the same.
        for token in filter(self._has, self._family.controls if self._family else ()):
            special[self._id(token)] = token
        self.control_ids = frozenset(special)
        # A tokenizer that writes a blank as a low line may find the token in either spelling.
        spellings = {each for text in special.values() for each in (text, text.replace(SPACE, " "))}
        self._control_texts = tuple(sorted(spellings))

    @classmethod
    def load(cls, folder: str | Path) -> Tokenizer:
        """Load the tokenizer of a checkpoint folder; raises ModelError if it has none that can be read."""
        folder = Path(folder)
        file = folder / "tokenizer_config.json"
        settings = read_json(file) if file.exists() else {}
        names = {
            name: text
            for name, value in settings.items()
            if isinstance(text := value.get("content") if isinstance(value, dict) else value, str)
            if name.endswith("_token")
        }
        config = read_json(folder / "config.json") if (folder / "config.json").exists() else {}
        seq2seq = bool(config.get("is_encoder_decoder"))
        return cls(_load_backend(folder), chat_template=_chat_template(folder, settings), names=names, seq2seq=seq2seq)

    @property
    def has_chat_template(self) -> bool:
        """Whether prompts are wrapped into the model's chat format."""
        return self._chat_template is not None

    @property
    def infills(self) -> bool:
        """Whether the model is shown what stands after a gap."""
        return self._family is not None

    def prompt_text(self, prompt: Prompt) -> str:
        """Return the exact text the model reads for a prompt; a tokenizer may frame it with control tokens."""
        if prompt.infills:
            parts = infilling_parts(prompt, self._family, self._has)
            return "".join(part.shown if isinstance(part, Control) else part.content for part in parts)
        fixed, messages = self._frame(prompt)
        contents = [message.content for message in messages]
        return "".join(text for pair in zip(fixed, [*contents, ""], strict=True) for text in pair)

    def encode_prompt(self, prompt: Prompt) -> list[int]:
        """Return the tokens of a prompt.

        What stands in the messages can never become a control token, also if it is spelled like one.
        """
        if prompt.infills:
            return self._encode_infilling(prompt)
        if not self.has_chat_template:
            return self.encode_text(prompt.text + "\n\n", special=True)
        fixed, messages = self._frame(prompt)
        tokens: list[int] = []
        for text, message in zip(fixed, [*messages, None], strict=True):
            tokens += self._backend.encode(text, add_special_tokens=False).ids
            if message is not None:
                tokens += self.encode_text(message.content)
        return tokens

    def encode_output(self, prompt: Prompt) -> list[int]:
        """Return the tokens that the model's output begins with, before any text."""
        start = self._family.start if self._family and prompt.infills else ""
        return [self._id(start)] if start else []

    def encode_text(self, text: str, *, special: bool = False, joined: bool = False) -> list[int]:
        """Return the tokens of a text, none of them a control token; ``special`` adds those that frame every text.

        ``joined`` text goes on where another ends, without the blank that some tokenizers put before a text.
        """
        pieces = _cut(text, self._control_texts)
        if len(pieces) == 1 and not joined:
            return list(self._backend.encode(text, add_special_tokens=special).ids)
        tokens = [id for number, piece in enumerate(pieces) for id in self._piece(piece, joined=joined or number > 0)]
        before, after = self.around if special else ([], [])
        return [*before, *tokens, *after]

    def _piece(self, text: str, *, joined: bool) -> list[int]:
        def encode(text: str) -> list[int]:
            return list(self._backend.encode(text, add_special_tokens=False).ids)

        if joined and self._puts_blank:
            anchor, tokens = encode(_ANCHOR), encode(_ANCHOR + text)
            if tokens[: len(anchor)] == anchor:
                return tokens[len(anchor) :]
        return encode(text)

    @cached_property
    def _puts_blank(self) -> bool:
        """Whether a blank is put before each text, as SentencePiece does."""
        first = self._backend.encode("a", add_special_tokens=False).ids[:1]
        return any((self._backend.id_to_token(id) or "").startswith(SPACE) for id in first)

    @cached_property
    def around(self) -> tuple[list[int], list[int]]:
        """The control tokens before and after every text."""
        empty = list(self._backend.encode("", add_special_tokens=True).ids)
        # What a tokenizer adds to the empty text it adds around any text; all families put at most one token after.
        after = empty[-1:] if empty and self._backend.encode("a", add_special_tokens=True).ids[-1] == empty[-1] else []
        return empty[: len(empty) - len(after)], after

    def _encode_infilling(self, prompt: Prompt) -> list[int]:
        before, after = self.around
        tokens = list(before)
        for part in infilling_parts(prompt, self._family, self._has):
            match part:
                case Control(token):
                    tokens.append(self._id(token))
                case Text(content, joined):
                    tokens += self.encode_text(content, joined=joined)
        # A decoder goes on where the prompt ends; an encoder reads a whole text.
        return tokens + after if self._seq2seq else tokens

    def _has(self, token: str) -> bool:
        return self._backend.token_to_id(token) is not None

    def _id(self, token: str) -> int:
        id: int | None = self._backend.token_to_id(token)
        assert id is not None
        return id

    def encode_context(self, text: str) -> list[int]:
        """Return the tokens of a text that the model is to continue with a word.

        A tokenizer may write a line's end one way before a word and another way at the end of a text, which a model
        has then seen only at the end of texts; so the text is encoded with a word after it.
        """
        if not text or not text[-1].isspace():
            return self.encode_text(text)
        tokens = self.encode_text(text + "A")
        for count in range(1, 4):  # the word is one token, with what a tokenizer puts around it
            if self.decode(tokens[:-count]) == text:
                return tokens[:-count]
        return self.encode_text(text)

    def as_json(self) -> str:
        """Return the tokenizer's definition, as in ``tokenizer.json``, with control tokens that no text can spell."""
        definition = json.loads(self._backend.to_str())
        vocabulary = definition["model"]["vocab"]
        for token in definition["added_tokens"]:
            if token["id"] in self.control_ids:
                spelling, token["content"] = token["content"], f"<{secrets.token_hex(16)}>"
                if isinstance(vocabulary, dict) and spelling in vocabulary:
                    vocabulary[token["content"]] = vocabulary.pop(spelling)
        return json.dumps(definition)

    def token_bytes(self) -> TokenBytes | None:
        """Return the text of each token, None for a tokenizer that does not keep spaces in its tokens."""
        return token_bytes(self._backend)

    def spelling(self, token: int) -> bytes:
        """Return the text of one token as UTF-8, which may be a part of a character only.

        It is empty for what only fills up a table of vectors.
        """
        if self._spellings is None:
            return str(self._backend.decode([token], skip_special_tokens=False)).encode("utf-8")
        return self._spellings.texts[token] if token < len(self._spellings.texts) else b""

    @cached_property
    def _spellings(self) -> TokenBytes | None:
        return self.token_bytes()

    def decode(self, tokens: Iterable[int]) -> str:
        """Return the text of tokens, control tokens left out."""
        return str(self._backend.decode(list(tokens), skip_special_tokens=True))

    def stream(self, context: Iterable[int] = ()) -> TextStream:
        """Return a decoder that takes tokens one by one and continues the text of ``context``."""
        from tokenizers.decoders import DecodeStream

        # A few tokens are enough to know whether the text so far ends in the middle of a word.
        return TextStream(self._backend, DecodeStream(list(context)[-8:], skip_special_tokens=True))

    @property
    def size(self) -> int:
        """Number of tokens in the vocabulary."""
        return int(self._backend.get_vocab_size())

    def check_fits(self, vectors: int, folder: str | Path, *, counted: bool = False) -> None:
        """Raise ModelError if text can have tokens for which the weights in a folder, of so many, have no vector.

        ``counted`` tokens are not looked at one by one, which takes a while: for a model that does when it reads them.
        """
        if counted and self.size <= vectors:
            return
        # A control token more, which no text has, does no harm.
        last = max((id for id in self._backend.get_vocab().values() if id not in self.control_ids), default=0)
        if last >= vectors:
            raise ModelError(
                f"the tokenizer in {folder} has {self.size} tokens and the model vectors of {vectors}: they do not "
                "belong together; give the tokenizer that the model was trained with"
            )

    def _frame(self, prompt: Prompt) -> tuple[list[str], tuple[Message, ...]]:
        """Return the fixed texts before, between and after the messages' contents, and these messages."""
        from dalle_kit.sandbox import allowance

        if self._chat_template is None:
            count = len(prompt.messages)
            return ["", *["\n\n"] * count] if count else [""], prompt.messages
        for messages in (prompt.messages, _without_system(prompt.messages)):
            marks = [secrets.token_hex(16) for _ in messages]
            shown = [{"role": each.role, "content": mark} for each, mark in zip(messages, marks, strict=True)]
            try:
                with allowance():
                    text = self._compiled.render(messages=shown, add_generation_prompt=True, **self._names)
            except Exception as error:  # the template's own raise_exception, or a fault in it
                problem = error
                continue
            if all(text.count(mark) == 1 for mark in marks):
                return _split(text, marks), messages
            problem = ValueError("a message was dropped or shown twice")
        raise ModelError(f"the model's chat template cannot show this prompt: {problem}") from problem

    @cached_property
    def _compiled(self) -> Any:
        from dalle_kit.sandbox import LimitedSandbox

        environment = LimitedSandbox(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"])
        environment.globals["raise_exception"] = _raise_exception
        environment.filters["tojson"] = lambda value, **options: json.dumps(value, ensure_ascii=False, **options)
        assert self._chat_template is not None
        return environment.from_string(self._chat_template)


class TextStream:
    """Decodes tokens one by one; characters that span tokens come out whole."""

    def __init__(self, backend: Backend, stream: DecodeStream) -> None:
        self._backend = backend
        self._stream = stream

    def push(self, token: int) -> str | None:
        """Return the text that has become complete, None while a character is still in pieces."""
        piece: str | None = self._stream.step(self._backend, token)
        return piece


def _load_backend(folder: Path) -> Backend:
    from tokenizers import Tokenizer as Backend

    file = folder / "tokenizer.json"
    if file.exists():
        try:
            return Backend.from_file(str(file))
        except Exception as error:  # the library raises bare Exception
            raise ModelError(f"the tokenizer {file} cannot be read ({error!s:.200}); {way_to_mend(folder)}") from error
    # Older checkpoints hold a vocabulary in their family's own form; transformers converts it, and makes up an
    # empty one where there is none.
    if not any(any(folder.glob(pattern)) for pattern in _VOCABULARIES):
        raise ModelError(f"{folder} has no tokenizer (tokenizer.json); copy it there from where the model came from")
    from transformers import AutoTokenizer

    try:
        backend: Backend = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False).backend_tokenizer
    except Exception as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ModelError(
            f"{folder} has no tokenizer that can be read ({reason:.200}); {way_to_mend(folder)}, its tokenizer too"
        ) from error
    return backend


def _chat_template(folder: Path, settings: Mapping[str, Any]) -> str | None:
    file = folder / "chat_template.jinja"
    if file.exists():
        try:
            return file.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise ModelError(f"the chat template {file} cannot be read ({error}); {way_to_mend(folder)}") from error
    template = settings.get("chat_template")
    if isinstance(template, list):
        named = (each for each in template if isinstance(each, dict) and each.get("name") == "default")
        template = next((each.get("template") for each in named), None)
    return template if isinstance(template, str) else None


def read_json(file: Path) -> dict[str, Any]:
    """Return what a checkpoint's JSON file holds; raises ModelError for one that is missing, damaged or no object."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"there is no {file}; is {file.parent} a model in the layout of transformers?") from error
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{file} cannot be read ({error}); {way_to_mend(file.parent)}") from error
    if not isinstance(content, dict):
        raise ModelError(f"{file} cannot be read: it holds no JSON object; {way_to_mend(file.parent)}")
    return content


def _cut(text: str, controls: tuple[str, ...]) -> list[str]:
    """Cut a text inside each control token's spelling, so that no piece holds one whole."""
    cuts = set()
    for control in controls:
        position = text.find(control)
        while position >= 0 and len(control) > 1:
            cuts.add(position + 1)
            position = text.find(control, position + 1)
    edges = [0, *sorted(cuts), len(text)]
    return [text[start:end] for start, end in itertools.pairwise(edges)]


def _split(text: str, marks: list[str]) -> list[str]:
    parts = []
    for mark in marks:
        before, _, text = text.partition(mark)
        parts.append(before)
    return [*parts, text]


def _without_system(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """Return the messages with the system's put in front of the first user's, for templates that know no system."""
    system = "\n\n".join(message.content for message in messages if message.role == "system")
    others = [message for message in messages if message.role != "system"]
    if not system or not others:
        return messages
    return (Message(others[0].role, f"{system}\n\n{others[0].content}"), *others[1:])


def _raise_exception(message: str) -> None:
    raise ValueError(message)
