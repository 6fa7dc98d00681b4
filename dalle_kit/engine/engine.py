"""The engine: one loaded model that generates, streams, scores and encodes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from dalle_kit.engine.constraints import Constraints, is_free
from dalle_kit.engine.decoding import Batch, SteerableModel
from dalle_kit.engine.devices import memory_errors
from dalle_kit.engine.guidance import UNGUIDED, Guidance
from dalle_kit.engine.loading import Loaded, load
from dalle_kit.engine.logits import Array, as_tensor, fetch
from dalle_kit.engine.native.model import NativeLlama
from dalle_kit.engine.results import NOTHING_YET, Generation, Piece
from dalle_kit.engine.rows import Job, Row, agreeing, slot_options
from dalle_kit.engine.sampling import candidate_seed
from dalle_kit.engine.scheduler import Scheduler
from dalle_kit.engine.scoring import Likelihoods, Score, Scored, TokenScore, score
from dalle_kit.errors import ContextOverflowError, ModelError
from dalle_kit.models.spec import Progress, StoredModel, silent
from dalle_kit.records import GenerationOptions, Prompt, Skeleton, Slot

if TYPE_CHECKING:
    from torch import Tensor

#: Places computed together, one for each row or beam; more wait for their turn, so that memory stays bounded.
ROWS = 16

#: The temperature at which further candidates are sampled where the first is greedy: equal drafts would be no choice.
CANDIDATE_TEMPERATURE = 0.7

#: Tokens by which a text may grow where it is cut and encoded again, or framed by the model's own.
_FRAME = 2

_WHOLE = Skeleton((Slot("text"),))

#: What a model is told: a prompt, a text to go on with as it stands, or the tokens of one.
Told = str | Prompt | tuple[int, ...]


class Engine:
    """One loaded model. Calls are independent of each other; those of several threads are computed together."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self.tokenizer = loaded.tokenizer
        self._schedulers: dict[int, Scheduler] = {}

    @classmethod
    def load(
        cls,
        stored: StoredModel,
        *,
        device: str = "auto",
        dtype: str = "auto",
        quant: str = "auto",
        threads: int = 0,
        progress: Progress = silent,
    ) -> Engine:
        """Load a model from this machine; raises ModelError and DeviceError as ``loading.load`` does."""
        return cls(load(stored, device=device, dtype=dtype, quant=quant, threads=threads, progress=progress))

    @property
    def model(self) -> str:
        """The model's name."""
        return self._loaded.name

    @property
    def path(self) -> str:
        """The folder it was loaded from."""
        return self._loaded.path

    @property
    def sha256(self) -> str | None:
        """The hash of the model's weights as fetched, where it is known."""
        return self._loaded.sha256

    @property
    def device(self) -> str:
        """The device computed on."""
        return self._loaded.device

    @property
    def dtype(self) -> str:
        """The number type computed with."""
        return self._loaded.dtype

    @property
    def quant(self) -> str:
        """What the weights are kept in: ``int4``, ``int8``, or ``none`` for numbers of the dtype."""
        return self._loaded.quant

    @property
    def runner(self) -> str:
        """What computes it: ``native`` (in C), ``torch`` or ``transformers``."""
        return self._loaded.runner

    @property
    def is_left_behind(self) -> bool:
        """Whether it cannot be used in this process, which was forked from the one that loaded it."""
        return False

    @property
    def constrained(self) -> bool:
        """Whether texts are held to their slots while they are written."""
        return True

    @property
    def tells_likelihoods(self) -> bool:
        """Whether it says how likely texts are."""
        return True

    @property
    def trusted_from(self) -> float | None:
        """How likely, in nats, a sentence for a note has to be to be trusted; None where nobody measured it."""
        return self._loaded.trusted_from

    @property
    def family(self) -> str:
        """``causal``, ``seq2seq``, ``dalle`` or ``encoder``."""
        return self._loaded.model.family

    @property
    def context(self) -> int | None:
        """How many tokens the model can read, None where its positions are not limited."""
        return self._loaded.model.context

    @property
    def infills(self) -> bool:
        """Whether the model is shown what stands after a gap; one that is not goes on from what is before it."""
        return self.tokenizer.infills

    @cached_property
    def _constraints(self) -> Constraints:
        return Constraints(self.tokenizer, self._loaded.ends)

    def generate(self, prompts: Sequence[Told], options: GenerationOptions) -> list[Generation]:
        """Write a text for each prompt, all of them together; a string is continued as it stands, not as a chat."""
        jobs = [self._job(prompt, _WHOLE, options) for prompt in prompts]
        rows = self._rows(jobs)
        for _ in self._run(rows):
            pass
        return [self._result(row, candidate=0) for row in rows]

    def stream(self, prompt: Told, options: GenerationOptions) -> Iterator[str]:
        """Write one text, yielding its pieces as they become certain."""
        rows = self._rows([self._job(prompt, _WHOLE, options)])
        return (piece.text for piece in self._run(rows) if piece is not NOTHING_YET)

    def fill(
        self,
        works: Sequence[tuple[Told, Skeleton]],
        options: GenerationOptions,
        *,
        results: list[list[Generation]],
        first: int = 0,
    ) -> Iterator[Piece]:
        """Fill the skeletons, ``options.candidates`` times each, yielding pieces of text as they become certain.

        Between them, as while a prompt is read, comes ``NOTHING_YET``, so that whoever wants no more can go.
        ``Piece.row`` counts candidates within works. At the end ``results`` has a list of candidates for each work.
        The candidates before ``first`` are left out.
        The first candidate has the options as given; if these are greedy the others are sampled at a temperature of
        ``CANDIDATE_TEMPERATURE``. Raises ContextOverflowError, and TemplateError for what no slot can be held to,
        before anything is computed.
        """
        indices = range(first, options.candidates)
        variants = [self._variant(options, index) for index in indices]
        jobs = [self._job(prompt, skeleton, variant) for prompt, skeleton in works for variant in variants]
        rows = self._rows(jobs)
        yield from self._run(rows)
        for start in range(0, len(rows), len(variants)):
            of_work = rows[start : start + len(variants)]
            results.append([self._result(row, candidate=index) for index, row in zip(indices, of_work, strict=True)])

    def check_fits(self, prompt: Told, skeleton: Skeleton, options: GenerationOptions) -> None:
        """Raise ContextOverflowError if prompt and document together are longer than the model's context."""
        self._check_job(self._job(prompt, skeleton, options))

    def score(self, prompt: Told, continuation: str) -> Score:
        """Return how likely ``continuation`` is after ``prompt``.

        Raises ContextOverflowError where the two are longer than the model reads, ModelError for an encoder.
        """
        (found,) = self.log_likelihoods([(prompt, continuation)])
        return Score(float(found.sum(dtype=np.float64)), len(found))

    def log_likelihoods(self, texts: Sequence[tuple[Told, str | Sequence[int]]]) -> list[Array]:
        """Return how likely each token (T,) of texts is after the prompt of each, in nats; computed together.

        Raises ContextOverflowError where a prompt and its text are longer than the model reads, ModelError for an
        encoder.
        """
        return [each.array for each in self.scored([self.to_score(*text) for text in texts])]

    def token_scores(self, prompt: Told, text: str | Sequence[int], *, top: int = 0) -> list[TokenScore]:
        """Return how likely each token of a text, or each of its tokens, is after ``prompt``.

        ``top`` is how many of the likeliest at each place are told. Raises as ``log_likelihoods`` does.
        """
        (scored,) = self.scored([self.to_score(prompt, text)], top=top)
        stream, found = self.tokenizer.stream(), []
        for token, likely, best in zip(scored.tokens, scored.values, scored.best, strict=True):
            others = tuple((self.tokenizer.decode([other]), value) for other, value in best)
            found.append(TokenScore(token, stream.push(token) or "", likely, others))
        return found

    def to_score(self, prompt: Told, text: str | Sequence[int], *, is_ended: bool = False) -> Scored:
        """Return a text, or its tokens, after a prompt, for ``scored``; after one that ``is_ended`` its end as well."""
        target = self.tokenizer.encode_text(text) if isinstance(text, str) else text
        ends = frozenset(token for token in self._loaded.ends if token < self.vocabulary) if is_ended else frozenset()
        source, start = tuple(self._encode(prompt)), tuple(self._start(prompt))
        return Scored(source, start, tuple(target), self._guidance(prompt), ends)

    def scored(
        self, rows: Sequence[Scored], *, top: int = 0, between: Callable[[], None] = lambda: None
    ) -> list[Likelihoods]:
        """Return how likely the tokens of texts are, as ``scoring.score`` does; raises as ``log_likelihoods`` does."""
        writer = self.generative()
        for row in rows:
            self._check_lengths(len(row.source), len(row.start) + len(row.target) + _FRAME)
        with memory_errors(self.device):
            return score(writer, rows, top=top, between=between)

    @cached_property
    def vocabulary(self) -> int:
        """How many tokens the model tells apart; raises ModelError for an encoder."""
        return int(self.generative().open([[0]], [[]], room=1).logits.shape[-1])

    def mean_states(self, pairs: Sequence[tuple[str | Prompt, str]]) -> Array:
        """Return the mean of the states after each of the decoder's blocks (L, D), float32, over texts after prompts.

        It is made of the texts' tokens alone, and each text counts the same; one without tokens does not. Raises
        ContextOverflowError for a pair that is longer than the model reads, and ModelError where no text is left, for
        an encoder, and for a model whose blocks are not known.
        """
        writer = self.generative()
        total, count = np.zeros(writer.blocks), 0
        for prompt, text in pairs:
            source, start, target = self._encode(prompt), self._start(prompt), self.tokenizer.encode_text(text)
            self._check_lengths(len(source), len(start) + len(target) + _FRAME)
            if not target:
                continue
            with memory_errors(self.device):
                states = writer.states(source, [*start, *target], self._guidance(prompt))
                total += fetch(states[len(start) :].mean(0))
            count += 1
        if not count:
            raise ModelError("no states can be made of no text; give at least one that has a token")
        return (total / count).astype(np.float32)

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Return a vector for each text (N, D), float32 on the CPU, of length 1: the mean of its last hidden states.

        Raises ContextOverflowError for a text longer than the model reads.
        """
        import torch

        vectors = []
        for text in texts:
            tokens = self.tokenizer.encode_text(text, special=True) or [self._first()]
            self._check_lengths(len(tokens), 0)
            with memory_errors(self.device):
                hidden = as_tensor(self._loaded.model.hidden(tokens))
                vectors.append(torch.nn.functional.normalize(hidden.mean(0), dim=0).cpu())
        return torch.stack(vectors) if vectors else torch.empty(0, 0)

    def _variant(self, options: GenerationOptions, index: int) -> GenerationOptions:
        if index == 0:
            return options
        temperature = options.temperature or CANDIDATE_TEMPERATURE
        return replace(options, seed=candidate_seed(options.seed, index), temperature=temperature)

    def _job(self, prompt: Told, skeleton: Skeleton, options: GenerationOptions) -> Job:
        source = tuple(self._encode(prompt))
        self._expect_beginning(prompt, source)
        return Job(source, skeleton, options, start=tuple(self._start(prompt)), guidance=self._guidance(prompt))

    def _guidance(self, prompt: Told) -> Guidance:
        """Return what a prompt gives beside its text; raises ModelError for steering that is of another model."""
        if not isinstance(prompt, Prompt):
            return UNGUIDED
        steering = prompt.steering
        if steering is not None and steering.vectors.shape != self.generative().blocks:
            blocks, width = self.generative().blocks
            raise ModelError(
                f"the steering has vectors of the shape {steering.vectors.shape}, and {self.model} {blocks} blocks of "
                f"{width}; give vectors that were made with this model"
            )
        return Guidance(prompt.examples if self.family == "dalle" else (), steering)

    def _expect_beginning(self, prompt: Told, source: Sequence[int]) -> None:
        """Tell a model that keeps what it has read which of a prompt's tokens are its template's, not the request's.

        Where the template's text ends, a token may be made of both; it differs then, and is not among them.
        """
        model = self._loaded.model
        if isinstance(model, NativeLlama) and isinstance(prompt, Prompt) and prompt.beginning and not prompt.infills:
            model.prefixes.expect(source[: agreeing(source, self._encode(prompt.without_request))])

    def _start(self, prompt: Told) -> list[int]:
        return self.tokenizer.encode_output(prompt) if isinstance(prompt, Prompt) else []

    def _encode(self, prompt: Told) -> list[int]:
        if isinstance(prompt, tuple):
            return list(prompt) or [self._first()]
        if isinstance(prompt, str):
            return self.tokenizer.encode_text(prompt, special=True) or [self._first()]
        return self.tokenizer.encode_prompt(prompt) or [self._first()]

    def _first(self) -> int:
        if self._loaded.first is None:
            raise ModelError(f"{self.model} names no token to begin an empty text with; give it a prompt")
        return self._loaded.first

    def _rows(self, jobs: Sequence[Job]) -> list[Row]:
        self.generative()
        for job in jobs:
            self._check_job(job)
        # A constraint that cannot be used is told before anything is computed.
        for skeleton in {id(job.skeleton): job.skeleton for job in jobs}.values():
            self._check_constraints(skeleton)
        return [self.row(job, index=index, ends=self._loaded.ends) for index, job in enumerate(jobs)]

    def row(self, job: Job, *, index: int, ends: frozenset[int]) -> Row:
        """Return the row that will write a job's document, for ``decode``; ``ends`` are the tokens that end a slot."""
        return Row(job, index=index, tokenizer=self.tokenizer, ends=ends, constraints=lambda: self._constraints)

    def _run(self, rows: Sequence[Row]) -> Iterator[Piece]:
        room = max((len(row.job.source) + self._target_size(row.job) for row in rows), default=0)
        # What another process was computing when this one was forked from it, no thread goes on with here.
        process = os.getpid()
        if process not in self._schedulers:
            batch = Batch(self.generative(), places=ROWS, device=self._loaded.device)
            self._schedulers.setdefault(process, Scheduler(batch))
        return self._schedulers[process].run(rows, room=room)

    def generative(self) -> SteerableModel:
        """Return the model that writes; raises ModelError for an encoder."""
        if self._loaded.writer is None:
            raise ModelError(f"{self.model} is an encoder: it makes vectors and writes no text; choose a decoder")
        return self._loaded.writer

    def _check_job(self, job: Job) -> None:
        self._check_lengths(len(job.source), self._target_size(job))

    def _check_constraints(self, skeleton: Skeleton) -> None:
        after = ""
        for part in skeleton.parts:
            if isinstance(part, str):
                after = part
            elif not is_free(part):
                self._constraints.start(part, after=after)

    def _check_lengths(self, source: int, target: int) -> None:
        # An encoder-decoder reads the prompt and the document each from its own first position.
        needed = max(source, target) if self.family == "seq2seq" else source + target
        if self.context is not None and needed > self.context:
            raise ContextOverflowError(needed=needed, text=target, available=self.context, model=self.model)

    def _target_size(self, job: Job) -> int:
        """Return how many tokens a document may grow to: each slot's limit, and the certain text before the last."""
        parts = list(job.skeleton.parts)
        while parts and isinstance(parts[-1], str):
            parts.pop()
        certain = sum(len(self.tokenizer.encode_text(part)) for part in parts if isinstance(part, str))
        slots = job.skeleton.slots
        return (
            len(job.start)
            + certain
            + sum(slot_options(slot, job.options).max_tokens + _FRAME for slot in slots)
            + _FRAME
        )

    def _result(self, row: Row, *, candidate: int) -> Generation:
        return Generation(row.results, row.job.options, candidate, len(row.job.source))
