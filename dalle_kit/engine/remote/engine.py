"""The engine of a model on a server: it fills slots as ``Engine`` does; what needs the model itself it refuses."""

from __future__ import annotations

import os
import queue
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NoReturn

import numpy as np

from dalle_kit.engine.engine import CANDIDATE_TEMPERATURE
from dalle_kit.engine.logits import Array
from dalle_kit.engine.remote.asking import Way
from dalle_kit.engine.remote.client import Client, Listed, unknown_model
from dalle_kit.engine.remote.likelihoods import ToldToken, pieces_of, size_of, tokens_of
from dalle_kit.engine.remote.loop import Loop, together
from dalle_kit.engine.remote.pace import Again, Pace, Patience, Retries
from dalle_kit.engine.remote.writing import CHARACTERS, Speaker, write_document
from dalle_kit.engine.results import Generation, Piece
from dalle_kit.engine.rows import slot_options
from dalle_kit.engine.sampling import candidate_seed
from dalle_kit.engine.scoring import Score, TokenScore
from dalle_kit.errors import ContextOverflowError, ModelError
from dalle_kit.models.servers import is_this_machine, server_name
from dalle_kit.models.spec import ServerSource
from dalle_kit.records import GenerationOptions, Prompt, Skeleton, Slot

#: Seconds after which whoever waits for a text looks whether it is still wanted.
_NEWS = 0.25

#: Whose models go on with the beginning of an answer, by how a server names their owner; TGI names the model itself.
_CONTINUING = frozenset({"vllm", "sglang", "llamacpp"})

#: How a server of our own names itself.
_OURS = "dalle-kit"

_WHOLE = Skeleton((Slot("text", verbatim=True),))


class RemoteEngine:
    """One model of a server. Calls are independent of each other; those of several threads share its limits.

    ``device``, ``dtype``, ``quant`` and ``sha256`` are None: nobody tells. Of what is written ``log_likelihood`` is not
    known, but where the server is one of ours. ``tells_likelihoods`` says that the server says how likely texts are, as
    one of ours does; others are asked, and may refuse it.
    """

    path = ""
    sha256 = device = dtype = quant = None
    runner = "server"
    family = "causal"
    infills = False

    def __init__(self, source: ServerSource, listed: Listed, client: Client, loop: Loop, patience: Patience) -> None:
        self.model, self.name = server_name(replace(source, model=listed.name)), listed.name
        self.context = listed.context
        self.tokenizer = _Counter()
        self._loop, self._process = loop, os.getpid()
        self._speaker = Speaker(client, listed.name, _way(listed), patience)
        self.tells_likelihoods = listed.tells_likelihoods and self._speaker.way.takes_slots
        self.trusted_from = listed.trusted_from if self.tells_likelihoods else None

    @classmethod
    def connect(
        cls,
        source: ServerSource,
        *,
        key: str = "",
        together: int = 16,
        per_minute: int = 0,
        patience: Patience | None = None,
    ) -> RemoteEngine:
        """Ask a server for its models and choose the one that is named, or the only one.

        ``key`` is sent with each request, ``together`` may be open at once, and ``per_minute`` begin in one. Raises
        ServerError, UnknownNameError for a model that it has not, and ModelError for a key that anybody could read.
        """
        check_key(source, key)
        patience = patience or Patience()
        loop = Loop()
        client = Client(source, key=key, pace=Pace(together=together, per_minute=per_minute), patience=patience)
        loop.at_end.append(client.close)
        try:
            listed = loop.run(_listed(client, replace(patience, tries=min(3, patience.tries))))
            problem = unknown_model(source.model, listed)
            if problem is not None:
                raise problem
        except BaseException:
            loop.close()
            raise
        found = next(each for each in listed if source.model in (None, each.name))
        return cls(source, found, client, loop, patience)

    def close(self) -> None:
        """Close the connections; nothing can be written afterwards."""
        self._loop.close()

    @property
    def is_left_behind(self) -> bool:
        """Whether this process was forked from the one that the connections, and the thread they need, are in."""
        return self._process != os.getpid()

    @property
    def constrained(self) -> bool:
        """Whether its texts are held to their slots while they are written, as those of local models are."""
        return self._speaker.way.takes_slots

    def fill(
        self,
        works: Sequence[tuple[str | Prompt, Skeleton]],
        options: GenerationOptions,
        *,
        results: list[list[Generation]],
        first: int = 0,
    ) -> Iterator[Piece]:
        """Fill the skeletons as ``Engine.fill`` does, all of them at once as far as the limits allow.

        While nothing comes there are pieces without text, so that whoever has waited long enough can go: what is not
        done when this is closed is given up, and its connections are closed. Raises ServerError, RequestError and
        TemplateError as ``write_document`` does.
        """
        indices = range(first, options.candidates)
        news: queue.SimpleQueue[Piece | None] = queue.SimpleQueue()
        rows = [(prompt, skeleton, index) for prompt, skeleton in works for index in indices]
        future = self._loop.start(self._write_all(rows, options, news))
        future.add_done_callback(lambda _: news.put(None))
        last = next((Piece(0, slot.name, "") for _, skeleton in works for slot in skeleton.slots), Piece(0, None, ""))
        try:
            while True:
                try:
                    piece = news.get(timeout=_NEWS)
                except queue.Empty:
                    yield replace(last, text="")
                    continue
                if piece is None:
                    break
                last = piece if piece.slot is not None else last
                yield piece
            written = future.result()
        finally:
            future.cancel()
        for start in range(0, len(written), len(indices)):
            results.append(written[start : start + len(indices)])

    async def _write_all(
        self,
        rows: Sequence[tuple[str | Prompt, Skeleton, int]],
        options: GenerationOptions,
        news: queue.SimpleQueue[Piece | None],
    ) -> list[Generation]:
        async def write(row: int, prompt: str | Prompt, skeleton: Skeleton, index: int) -> Generation:
            def tell(slot: str | None, text: str) -> None:
                if text:
                    news.put(Piece(row, slot, text))

            variant = _variant(options, index)
            return await write_document(self._speaker, prompt, skeleton, variant, candidate=index, tell=tell)

        return await together(write(row, *work) for row, work in enumerate(rows))

    def generate(self, prompts: Sequence[str | Prompt], options: GenerationOptions) -> list[Generation]:
        """Write a text for each prompt; a string is continued as it stands, not as a chat."""
        results: list[list[Generation]] = []
        for _ in self.fill([(prompt, _WHOLE) for prompt in prompts], replace(options, candidates=1), results=results):
            pass
        return [generation for (generation,) in results]

    def stream(self, prompt: str | Prompt, options: GenerationOptions) -> Iterator[str]:
        """Write one text, yielding its pieces."""
        return (piece.text for piece in self.fill([(prompt, _WHOLE)], replace(options, candidates=1), results=[]))

    def check_fits(self, prompt: str | Prompt, skeleton: Skeleton, options: GenerationOptions) -> None:
        """Raise ContextOverflowError if prompt and document are longer than the server says that its model reads.

        Tokens are counted as so many characters each; what does not fit after all the server refuses.
        """
        if self.context is None:
            return
        certain = sum(len(part) for part in skeleton.parts if isinstance(part, str)) // CHARACTERS
        text = certain + sum(slot_options(slot, options).max_tokens for slot in skeleton.slots)
        told = prompt if isinstance(prompt, str) else prompt.text
        needed = len(told) // CHARACTERS + text
        if needed > self.context:
            raise ContextOverflowError(needed=needed, text=text, available=self.context, model=self.model)

    def generative(self) -> NoReturn:
        """Raise ModelError: the model itself is not here."""
        self._not_here("do what takes the model itself")

    def score(self, prompt: str | Prompt, continuation: str) -> Score:
        """Return how likely ``continuation`` is after ``prompt``, a text to go on with.

        A token that begins in the prompt is the prompt's. Raises ServerError for a server that does not tell it,
        RequestError for a text that is too long, ModelError for a prompt that is a conversation.
        """
        (found,) = self.log_likelihoods([(prompt, continuation)])
        return Score(float(found.sum(dtype=np.float64)), len(found))

    def log_likelihoods(self, texts: Sequence[tuple[str | Prompt, str | Sequence[int]]]) -> list[Array]:
        """Return how likely each token (T,) of texts is after the text that each goes on from, in nats.

        Raises as ``score`` does, and ModelError for texts that are tokens: here nobody knows the server's.
        """
        return [np.array([each.likelihood for each in row], dtype=np.float32) for row in self._told(texts)]

    def token_scores(self, prompt: str | Prompt, text: str | Sequence[int], *, top: int = 0) -> list[TokenScore]:
        """Return how likely each token of a text is after the text ``prompt``; its number is not known.

        ``top`` is how many of the likeliest at each place are told, 5 at most. Raises as ``log_likelihoods`` does.
        """
        (row,) = self._told([(prompt, text)], top=top)
        return [
            TokenScore(None, piece, float(each.likelihood or 0.0), each.others[:top])
            for piece, each in zip(pieces_of(row), row, strict=True)
        ]

    def _told(
        self, texts: Sequence[tuple[str | Prompt, str | Sequence[int]]], *, top: int = 0
    ) -> list[list[ToldToken]]:
        """Return the tokens of texts after those that they go on from."""
        pairs = [(prompt, text) for prompt, text in texts if isinstance(prompt, str) and isinstance(text, str)]
        if len(pairs) < len(texts):
            self._not_here("say how likely texts are in a conversation, which explanations and audits are made of")
        if not all(prompt for prompt, _ in pairs):
            self._not_here("say how likely texts are without anything before them")
        rows = self._loop.run(tokens_of(self._speaker, [prompt + text for prompt, text in pairs], top=top))
        return [
            [token for token in row if token.start >= size_of(prompt)]
            for row, (prompt, _) in zip(rows, pairs, strict=True)
        ]

    def mean_states(self, pairs: Sequence[Any]) -> NoReturn:
        """Raise ModelError: a server tells no states."""
        self._not_here("tell its states, which --steer vector is made of")

    def encode(self, texts: Sequence[str]) -> NoReturn:
        """Raise ModelError: a server makes no vectors here."""
        self._not_here("make vectors")

    def _not_here(self, what: str) -> NoReturn:
        raise ModelError(f"{self.model} is on a server and cannot {what}; give a model on this machine")


class _Counter:
    """What little of a tokenizer the pipeline asks for: about how long texts are."""

    def encode_text(self, text: str, *, special: bool = False, joined: bool = False) -> list[int]:
        return list(range(-(-len(text) // CHARACTERS)))

    encode_context = encode_text

    def encode_prompt(self, prompt: Prompt) -> list[int]:
        return self.encode_text(prompt.text)

    def prompt_text(self, prompt: Prompt) -> str:
        return prompt.text


def check_key(source: ServerSource, key: str) -> None:
    """Raise ModelError for a key that would be sent so that anybody on the way could read it, or that cannot be."""
    if key and not (key.isascii() and key.isprintable()):
        raise ModelError("the setting remote_key holds characters that no key has; set it anew")
    if key and source.url.startswith("http:") and not is_this_machine(source):
        raise ModelError(
            f"the key would go to {source.url} unencrypted; give an https address, or a tunnel to this machine "
            "(ssh -L), or unset remote_key if the server wants none"
        )


async def _listed(client: Client, patience: Patience) -> list[Listed]:
    retries = Retries(patience)
    while True:
        try:
            return await client.models()
        except Again as failure:
            await retries.pause(failure)


def _way(listed: Listed) -> Way:
    ours = listed.owner == _OURS
    return Way(continues=ours or listed.owner in _CONTINUING or listed.owner == listed.name, takes_slots=ours)


def _variant(options: GenerationOptions, index: int) -> GenerationOptions:
    """Return the options of a candidate, as ``Engine.fill`` has them."""
    if index == 0:
        return options
    temperature = options.temperature or CANDIDATE_TEMPERATURE
    return replace(options, seed=candidate_seed(options.seed, index), temperature=temperature)
