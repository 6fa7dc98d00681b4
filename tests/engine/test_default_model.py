"""The default model itself, held against transformers on the same float32 weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch

from dalle_kit.engine.decoding import Batch
from dalle_kit.engine.engine import Engine
from dalle_kit.engine.native.model import NativeLlama
from dalle_kit.engine.results import Generation
from dalle_kit.engine.transformers_model import TransformersModel
from dalle_kit.models.spec import StoredModel
from dalle_kit.models.weights import read_weights
from dalle_kit.records import GenerationOptions, Message, Prompt, Skeleton, Slot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dalle_kit.engine.results import SlotResult

PROMPTS = [
    Prompt((Message("system", "You write e-mails."), Message("user", "Tell Ana the meeting is at 14:00 in room B12."))),
    Prompt((Message("user", "Write two sentences about the sea."),)),
]


@pytest.fixture(scope="module")
def engine(default_model_path: Path) -> Engine:
    return Engine.load(StoredModel(name="smollm2-135m", path=str(default_model_path)), device="cpu")


def test_greedy_text_equals_transformers_token_for_token(engine: Engine, default_model_path: Path) -> None:
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(str(default_model_path))
    weights = dict(read_weights(default_model_path))
    model = TransformersModel.load(str(default_model_path), device="cpu", dtype=torch.float32, weights=weights).network
    for prompt, ours in zip(PROMPTS, engine.generate(PROMPTS, GenerationOptions(max_tokens=24)), strict=True):
        turns = [{"role": each.role, "content": each.content} for each in prompt.messages]
        source = tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_tensors="pt", return_dict=True)
        assert engine.tokenizer.encode_prompt(prompt) == source["input_ids"][0].tolist()
        made = model.generate(**source, max_new_tokens=24, do_sample=False)[0, source["input_ids"].shape[1] :].tolist()
        expected = made[: made.index(2)] if 2 in made else made
        assert list(ours.slots["text"].tokens) == expected
        assert len(expected) > 10


def test_what_was_read_for_texts_together_is_not_read_again_for_what_goes_on_from_each(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [Prompt((Message("user", f"Write to {name} about the boat trip."),)) for name in ("Ana", "Bo", "Cem", "Di")]
    options = GenerationOptions(max_tokens=4)
    for _ in engine.fill([(prompt, Skeleton(("Hello ", Slot("a")))) for prompt in asked], options, results=[]):
        pass
    computed: list[int] = []
    compute = NativeLlama._compute

    def counted(self: NativeLlama, part: Sequence[Any], *rest: Any) -> None:
        computed.append(len(part))
        compute(self, part, *rest)

    monkeypatch.setattr(NativeLlama, "_compute", counted)
    for _ in engine.fill([(prompt, Skeleton(("Hello there, ", Slot("a")))) for prompt in asked], options, results=[]):
        pass
    assert sum(computed) < len(asked) * 10


def test_digits_are_tokens_of_their_own_as_the_model_was_trained_with(engine: Engine) -> None:
    assert len(engine.tokenizer.encode_text("14:00")) == 5


def test_the_model_prefers_sense_to_nonsense(engine: Engine) -> None:
    sense = engine.score("The capital of France is", " Paris.")
    nonsense = engine.score("The capital of France is", " bananas.")
    assert sense.log_likelihood > nonsense.log_likelihood + 5


def test_sampling_with_a_seed_repeats_itself_alone_and_in_a_crowd(engine: Engine) -> None:
    options = GenerationOptions(max_tokens=24, temperature=0.8, top_p=0.95, seed=42)
    alone = engine.generate(PROMPTS[:1], options)[0].text
    assert engine.generate([*PROMPTS, PROMPTS[0]], options)[2].text == alone
    assert engine.generate(PROMPTS[:1], GenerationOptions(max_tokens=24, temperature=0.8, seed=43))[0].text != alone


def test_a_document_that_is_finished_first_leaves_the_others_as_they_are(engine: Engine) -> None:
    options = GenerationOptions(max_tokens=12)
    short = Skeleton((Slot("text", options={"max_tokens": 2}),))
    together: list[list[Generation]] = []
    for _ in engine.fill([(PROMPTS[0], short), (PROMPTS[1], Skeleton((Slot("text"),)))], options, results=together):
        pass
    assert together[0][0].tokens == 2
    assert together[1][0].text == engine.generate([PROMPTS[1]], options)[0].text


FACTS = ("the meeting is at 14:00 in room B12", "bring the cost sheet")
SLOTS = {"free": Slot("a"), "grounded": Slot("a", sentences=(2, 3), known=("Ana", *FACTS))}


def filled(engine: Engine, slot: Slot, names: Sequence[str], **options: Any) -> list[SlotResult]:
    works = [
        (
            Prompt((Message("user", f"Tell {name}: {'; '.join(FACTS)}."),)),
            Skeleton((f"Dear {name},\n\n", slot, "\n\nTom")),
        )
        for name in names
    ]
    results: list[list[Generation]] = []
    for _ in engine.fill(works, GenerationOptions(max_tokens=20, **options), results=results):
        pass
    return [candidates[0].slots["a"] for candidates in results]


@pytest.mark.parametrize("kind", SLOTS)
@pytest.mark.parametrize(
    "options", [{}, {"temperature": 0.7, "seed": 4}, {"temperature": 0.5, "top_p": 0.9, "repetition_penalty": 1.1}]
)
def test_texts_and_likelihoods_are_the_same_alone_in_a_crowd_and_with_drafts(
    engine: Engine, kind: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["Ana", "Tom", "Eva", "Li", "Ana"]
    together = filled(engine, SLOTS[kind], names, **options)
    drafted = [filled(engine, SLOTS[kind], [name], **options)[0] for name in names[:2]]
    monkeypatch.setattr(Batch, "drafts", False)
    alone = [filled(engine, SLOTS[kind], [name], **options)[0] for name in names[:2]]
    assert alone[0].tokens
    if engine.dtype == "float32" and isinstance(engine.generative(), NativeLlama):
        assert together[:2] == alone and drafted == alone
    else:
        assert [each.tokens for each in together[:2]] == [each.tokens for each in alone]
        assert [each.tokens for each in drafted] == [each.tokens for each in alone]
    assert together[4] == together[0]


def test_the_encoder_tells_near_texts_from_far_ones(default_model_home: Path) -> None:
    from dalle_kit.models.registry import Registry
    from dalle_kit.paths import Paths

    paths = Paths(config=default_model_home, data=default_model_home, cache=default_model_home / "cache")
    encoder = Engine.load(Registry(paths=paths).ensure("minilm-l6"), device="cpu")
    vectors = encoder.encode(["The meeting is on Thursday.", "We meet Thursday.", "Bananas are yellow."])
    assert vectors.shape == (3, 384)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.3
