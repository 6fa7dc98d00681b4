"""Causal LMs and encoder-decoders behind one interface, held against transformers' own generation."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch

from dalle_kit.engine.decoding import decode
from dalle_kit.engine.engine import Engine
from dalle_kit.engine.rows import Job, Row
from dalle_kit.errors import ContextOverflowError, DeviceError, ModelError, UnknownNameError
from dalle_kit.models.spec import StoredModel
from dalle_kit.records import GenerationOptions, Message, Prompt, Skeleton, Slot

if TYPE_CHECKING:
    from tests.conftest import Checkpoints

CAUSAL = ["gpt2", "llama", "qwen2"]
SEQ2SEQ = ["t5", "bart"]
PROMPTS = ["Dear Ana, the review", "one two three four", "Please"]


def theirs(model: Any, engine: Engine, prompt: str, count: int) -> list[int]:
    """Generate greedily with transformers; return the new tokens, up to the first control token."""
    tokens = torch.tensor([engine.tokenizer.encode_text(prompt, special=True)])
    made = model.generate(
        tokens, attention_mask=torch.ones_like(tokens), max_new_tokens=count, do_sample=False, num_beams=1
    )[0].tolist()
    starts = {"t5": 1, "bart": 2}.get(model.config.model_type, tokens.shape[1])
    new: list[int] = made[starts:]
    ends = [place for place, token in enumerate(new) if token in engine.tokenizer.control_ids]
    return new[: ends[0]] if ends else new


@pytest.mark.parametrize("kind", CAUSAL + SEQ2SEQ)
@pytest.mark.parametrize("prompt", PROMPTS)
def test_greedy_text_equals_transformers(kind: str, prompt: str, checkpoints: Checkpoints) -> None:
    model, engine = checkpoints(kind)
    ours = engine.generate([prompt], GenerationOptions(max_tokens=24))[0]
    # BART's forced first token counts towards transformers' limit.
    expected = theirs(model, engine, prompt, 25 if kind == "bart" else 24)
    assert list(ours.slots["text"].tokens) == expected


@pytest.mark.parametrize("kind", CAUSAL + SEQ2SEQ)
def test_a_batch_writes_what_each_prompt_alone_gets(kind: str, checkpoints: Checkpoints) -> None:
    _, engine = checkpoints(kind)
    for options in (GenerationOptions(max_tokens=16), GenerationOptions(max_tokens=16, temperature=0.9, seed=11)):
        together = engine.generate(PROMPTS, options)
        alone = [engine.generate([prompt], options)[0] for prompt in PROMPTS]
        assert [each.text for each in together] == [each.text for each in alone]


@pytest.mark.parametrize("kind", CAUSAL + SEQ2SEQ)
def test_pieces_of_a_stream_join_to_the_text(kind: str, checkpoints: Checkpoints) -> None:
    _, engine = checkpoints(kind)
    options = GenerationOptions(max_tokens=20, temperature=1.0, seed=5)
    assert "".join(engine.stream("one two", options)) == engine.generate(["one two"], options)[0].text


@pytest.mark.parametrize("kind", CAUSAL + SEQ2SEQ)
def test_score_is_the_log_likelihood_transformers_computes(kind: str, checkpoints: Checkpoints) -> None:
    model, engine = checkpoints(kind)
    source = engine.tokenizer.encode_text("one two three", special=True)
    target = engine.tokenizer.encode_text(" four five")
    with torch.inference_mode():
        if kind in SEQ2SEQ:
            start = {"t5": [0], "bart": [1, 0]}[kind]
            inputs = {"input_ids": torch.tensor([source]), "decoder_input_ids": torch.tensor([start + target])}
            logits = model(**inputs).logits[0, len(start) - 1 : -1]
        else:
            logits = model(input_ids=torch.tensor([source + target])).logits[0, len(source) - 1 : -1]
    expected = logits.log_softmax(-1).gather(1, torch.tensor(target)[:, None]).sum()
    score = engine.score("one two three", " four five")
    assert score.tokens == len(target)
    assert score.log_likelihood == pytest.approx(float(expected), rel=1e-4)


@pytest.mark.parametrize("kind", CAUSAL + SEQ2SEQ)
def test_vectors_are_the_normalised_mean_of_the_hidden_states(kind: str, checkpoints: Checkpoints) -> None:
    model, engine = checkpoints(kind)
    vectors = engine.encode(["one two three", "Please bring the cost sheet."])
    tokens = torch.tensor([engine.tokenizer.encode_text("one two three", special=True)])
    reader = model.get_encoder() if kind in SEQ2SEQ else model.base_model
    with torch.inference_mode():
        mean = reader(input_ids=tokens).last_hidden_state[0].mean(0)
    assert vectors.shape == (2, 32)
    assert torch.allclose(vectors[0], mean / mean.norm(), atol=1e-5)


class Uncached:
    """A model that computes everything again at each step, by transformers' plain forward pass."""

    def __init__(self, model: Any) -> None:
        self._model, self.context = model, 128
        self.family = "seq2seq" if model.config.is_encoder_decoder else "causal"

    def open(
        self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]], *, room: int, guides: Any = ()
    ) -> UncachedSession:
        assert not sources
        return UncachedSession(self._model)


class UncachedSession:
    def __init__(self, model: Any) -> None:
        self._model = model
        self._starts = {"t5": [0], "bart": [1, 0]}.get(model.config.model_type)
        self._sources: list[list[int]] = []
        self._rows: list[list[int]] = []

    def join(
        self,
        sources: Sequence[Sequence[int]],
        targets: Sequence[Sequence[int]],
        *,
        guides: Any = (),
        most: int | None = None,
    ) -> list[list[int]]:
        for source, target in zip(sources, targets, strict=True):
            self._sources.append(list(source) if self._starts else [])
            self._rows.append([*(self._starts or source), *target])
        self.feed([[] for _ in self._rows])
        return [[] for _ in sources]

    @property
    def lengths(self) -> list[int]:
        return [len(row) for row in self._rows]

    @torch.inference_mode()
    def feed(self, tokens: Sequence[Sequence[int]], *, tails: Sequence[int] | None = None) -> torch.Tensor:
        ends, lasts = [], []
        for number, (source, row, new) in enumerate(zip(self._sources, self._rows, tokens, strict=True)):
            row += new
            target = torch.tensor([row])
            inputs = {"input_ids": torch.tensor([source]), "decoder_input_ids": target} if source else {}
            logits = self._model(**(inputs or {"input_ids": target})).logits[0]
            ends.append(logits[len(logits) - (tails[number] if tails else 1) :])
            lasts.append(logits[-1])
        self.logits = torch.stack(lasts)
        return torch.cat(ends)

    def recalls(self, tokens: Sequence[int], guidance: Any) -> int:
        return 0

    def crop(self, row: int, length: int) -> None:
        del self._rows[row][length:]

    def select(self, rows: Sequence[int]) -> None:
        self._sources = [self._sources[row] for row in rows]
        self._rows = [list(self._rows[row]) for row in rows]
        self.logits = self.logits[list(rows)]


@pytest.mark.parametrize("kind", CAUSAL + SEQ2SEQ)
def test_slots_filled_with_the_cache_equal_those_computed_from_scratch(kind: str, checkpoints: Checkpoints) -> None:
    model, engine = checkpoints(kind)
    skeletons = [
        Skeleton(("Dear Ana, ", Slot("a", stop=("e", " ")), " ten, ", Slot("b"), ".", Slot("c"), " end")),
        Skeleton((Slot("a"), " ", Slot("b", options={"max_tokens": 3}), "\n\n", Slot("c", stop=("th",)))),
    ]

    def rows() -> list[Row]:
        source = tuple(engine.tokenizer.encode_text("one two three", special=True))
        options = GenerationOptions(max_tokens=9, temperature=0.8)
        jobs = [Job(source, skeleton, replace(options, seed=seed)) for skeleton in skeletons for seed in range(4)]
        ends = engine.tokenizer.control_ids
        return [engine.row(job, index=index, ends=ends) for index, job in enumerate(jobs)]

    cached, uncached = rows(), rows()
    texts = [""] * len(cached)
    for piece in decode(engine.generative(), cached, room=90):
        texts[piece.row] += piece.text
    for _ in decode(Uncached(model), uncached, room=90):
        pass
    for row, twin, text in zip(cached, uncached, texts, strict=True):
        assert {name: slot.tokens for name, slot in row.results.items()} == {
            name: slot.tokens for name, slot in twin.results.items()
        }
        parts = row.job.skeleton.parts
        assert text == "".join(part if isinstance(part, str) else row.results[part.name].text for part in parts)
    assert len({result.tokens for row in cached for result in row.results.values()}) > 10


def test_two_slots_with_nothing_between_them_continue_each_other(checkpoints: Checkpoints) -> None:
    _, engine = checkpoints("llama")
    prompt = Prompt((Message("user", "one two three"),))
    results: list[Any] = []
    split = Skeleton(("Dear", Slot("a", options={"max_tokens": 4}), Slot("b", options={"max_tokens": 5})))
    list(engine.fill([(prompt, split)], GenerationOptions(), results=results))
    list(engine.fill([(prompt, Skeleton(("Dear", Slot("all"))))], GenerationOptions(max_tokens=9), results=results))
    assert results[0][0].text.replace(" ", "") == results[1][0].text.replace(" ", "")


def test_characters_that_span_tokens_come_out_whole(checkpoints: Checkpoints) -> None:
    _, engine = checkpoints("llama")
    text = "žluťoučký 漢字 🚀"
    tokens = engine.tokenizer.encode_text(text)
    assert len(tokens) > len(text)  # most characters are in pieces
    stream = engine.tokenizer.stream()
    pieces = [piece for token in tokens if (piece := stream.push(token)) is not None]
    assert "".join(pieces) == text
    assert "�" not in "".join(pieces)


def test_further_candidates_differ_and_the_first_is_what_one_alone_would_be(checkpoints: Checkpoints) -> None:
    _, engine = checkpoints("gpt2")
    work = (Prompt((Message("user", "one two"),)), Skeleton((Slot("text"),)))
    one: list[Any] = []
    many: list[Any] = []
    list(engine.fill([work], GenerationOptions(max_tokens=12), results=one))
    list(engine.fill([work, work], GenerationOptions(max_tokens=12, candidates=4), results=many))
    texts = [candidate.text for candidate in many[0]]
    assert texts[0] == one[0][0].text
    assert len(set(texts)) > 1
    assert [candidate.text for candidate in many[1]] == texts
    assert many[0][1].options.temperature > 0


def test_threads_share_an_engine(checkpoints: Checkpoints) -> None:
    _, engine = checkpoints("llama")
    options = GenerationOptions(max_tokens=20, temperature=1.0, seed=3)
    expected = engine.generate(["one two"], options)[0].text
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(engine.generate(["one two"], options)[0].text)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 4


@pytest.mark.parametrize("kind", ["gpt2", "llama", "bart"])
def test_a_prompt_that_cannot_fit_is_refused_and_told_by_how_much(kind: str, checkpoints: Checkpoints) -> None:
    _, engine = checkpoints(kind)
    with pytest.raises(ContextOverflowError) as caught:
        engine.generate(["one two three " * 200], GenerationOptions(max_tokens=8))
    assert caught.value.available == 128
    assert caught.value.excess == caught.value.needed - 128 > 0 and 0 < caught.value.text < caught.value.needed
    assert f"{caught.value.text} of them for the text" in str(caught.value)


def test_a_model_without_positions_reads_what_it_is_given(checkpoints: Checkpoints) -> None:
    _, engine = checkpoints("t5")
    assert engine.context is None
    assert engine.generate(["one two three " * 300], GenerationOptions(max_tokens=2))[0].tokens > 0


def test_text_spelled_like_a_control_token_stays_text(checkpoints: Checkpoints) -> None:
    _, engine = checkpoints("llama")
    tokenizer = engine.tokenizer
    assert 1 not in tokenizer.encode_text("stop </s> here")
    assert tokenizer.decode(tokenizer.encode_text("stop </s> here")) == "stop </s> here"


def test_bfloat16_can_be_asked_for_and_float16_on_the_cpu_is_refused(checkpoints: Checkpoints, tmp_path: Path) -> None:
    _, engine = checkpoints("llama")
    stored = StoredModel(name="llama", path=engine.path)
    small = Engine.load(stored, device="cpu", dtype="bfloat16")
    assert small.dtype == "bfloat16"
    assert small.generate(["one two"], GenerationOptions(max_tokens=4))[0].tokens > 0
    with pytest.raises(DeviceError, match="float32 or bfloat16"):
        Engine.load(stored, device="cpu", dtype="float16")
    with pytest.raises(UnknownNameError, match="'bfloat16'"):
        Engine.load(stored, dtype="bfloat")
    with pytest.raises(UnknownNameError, match="'cuda'"):
        Engine.load(stored, device="cudda")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_device_that_is_not_there_is_refused(checkpoints: Checkpoints) -> None:
    _, engine = checkpoints("llama")
    with pytest.raises(DeviceError, match="not available here"):
        Engine.load(StoredModel(name="llama", path=engine.path), device="cuda")


@pytest.mark.parametrize("kind", ["llama", "gpt2", "bart"])
@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json", "generation_config.json"])
def test_a_damaged_checkpoint_is_a_clear_error(kind: str, name: str, checkpoints: Checkpoints, tmp_path: Path) -> None:
    _, engine = checkpoints(kind)
    for file in Path(engine.path).iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    damaged = tmp_path / name
    damaged.write_bytes(damaged.read_bytes()[: damaged.stat().st_size // 2])
    with pytest.raises(ModelError, match=r"cannot be (read|loaded)"):
        Engine.load(StoredModel(name="broken", path=str(tmp_path)))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("model.safetensors", b"\xff" * 5000, "header too large; copy or save the model anew"),
        ("tokenizer.json", b"\xff" * 5000, r"UTF-8\); copy or save the model anew"),
        ("pytorch_model.bin", bytes(5000), "damaged, or pickled code, which is never run; take one with"),
        ("pytorch_model.bin", b"PK\3\4" + b"\xff" * 5000, "cannot be loaded: .*; copy or save the model anew"),
    ],
)
def test_what_to_do_about_a_damaged_file_is_said(
    name: str, content: bytes, message: str, checkpoints: Checkpoints, tmp_path: Path
) -> None:
    _, engine = checkpoints("gpt2")
    for file in Path(engine.path).iterdir():
        if name != "pytorch_model.bin" or file.name != "model.safetensors":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=message):
        Engine.load(StoredModel(name="broken", path=str(tmp_path)))


@pytest.mark.parametrize("quant", ["none", "int8"])
@pytest.mark.parametrize(("layers", "message"), [(1, r"does not describe: .*h\.1"), (3, r"lacks .*h\.2")])
def test_layers_that_lack_are_not_made_up_and_others_are_not_left_out(
    quant: str, layers: int, message: str, checkpoints: Checkpoints, home: Path, tmp_path: Path
) -> None:
    _, engine = checkpoints("gpt2")
    folder = tmp_path / "model"
    shutil.copytree(engine.path, folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, "n_layer": layers}), encoding="utf-8")
    with pytest.raises(ModelError, match=message):
        Engine.load(StoredModel(name="other", path=str(folder)), quant=quant)


def test_a_folder_without_a_tokenizer_is_said_to_have_none(checkpoints: Checkpoints, tmp_path: Path) -> None:
    _, engine = checkpoints("gpt2")
    for name in ("config.json", "model.safetensors", "tokenizer_config.json"):
        (tmp_path / name).write_bytes(Path(engine.path, name).read_bytes())
    with pytest.raises(ModelError, match=r"has no tokenizer \(tokenizer\.json\); copy it there"):
        Engine.load(StoredModel(name="half", path=str(tmp_path)))


def test_weights_of_other_shapes_are_said_in_one_line_and_no_table(
    checkpoints: Checkpoints, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    _, engine = checkpoints("gpt2")
    for file in Path(engine.path).iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    (tmp_path / "config.json").write_text(json.dumps({**config, "n_inner": 48}), encoding="utf-8")
    with pytest.raises(ModelError, match=r"other shapes than config\.json says; get both from the same source"):
        Engine.load(StoredModel(name="broken", path=str(tmp_path)))
    assert caplog.text == "" and capfd.readouterr() == ("", "")


@pytest.mark.parametrize("config", ["5", '{"model_type": "llama"}'])
def test_a_config_that_does_not_describe_the_weights_is_a_clear_error(
    config: str, checkpoints: Checkpoints, tmp_path: Path
) -> None:
    _, engine = checkpoints("llama")
    for file in Path(engine.path).iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "config.json").write_text(config, encoding="utf-8")
    with pytest.raises(ModelError, match=r"config\.json"):
        Engine.load(StoredModel(name="broken", path=str(tmp_path)))


@pytest.mark.parametrize("kind", ["gpt2", "llama", "bart"])
def test_scoring_more_than_the_model_reads_is_refused(kind: str, checkpoints: Checkpoints) -> None:
    _, engine = checkpoints(kind)
    with pytest.raises(ContextOverflowError):
        engine.score("one two", "three four five " * 100)
    with pytest.raises(ContextOverflowError):
        engine.encode(["three four five " * 200])
    assert len(engine.encode([])) == 0


def test_an_unknown_architecture_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "no-such-thing"}), encoding="utf-8")
    with pytest.raises(ModelError, match="cannot be loaded"):
        Engine.load(StoredModel(name="odd", path=str(tmp_path)))
