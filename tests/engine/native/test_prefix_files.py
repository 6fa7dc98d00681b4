"""What a template begins with is read once on a machine: the next process finds it in a file, or reads it again."""

from __future__ import annotations

import multiprocessing
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.engine.engine import Engine
from dalle_kit.engine.native import pages, prefix_files
from dalle_kit.engine.native.model import NativeLlama
from dalle_kit.engine.native.pages import PAGE, Page
from dalle_kit.engine.native.prefix_files import PrefixFiles
from dalle_kit.kit import Kit
from dalle_kit.models.spec import StoredModel
from dalle_kit.records import GenerationOptions, Message, Prompt

SYSTEM = " ".join(f"Rule {number}: write {number} plain words." for number in range(9))
LEAD = "Write a note that says: "
CANARY = "Xylophone Quagmire 77"

#: A text, its log-likelihood to the last bit, and how many tokens were computed before the first was chosen.
Read = tuple[str, float, int]


def prompt(text: str = CANARY, *, system: str = SYSTEM) -> Prompt:
    beginning = (Message("system", SYSTEM), Message("user", LEAD))
    return Prompt((Message("system", system), Message("user", LEAD + text)), beginning)


def load(path: Path) -> Engine:
    """Load the model as a new process has it, with nothing read."""
    return Engine.load(StoredModel(name="smollm2-135m", path=str(path)), device="cpu")


@contextmanager
def counting() -> Iterator[list[int]]:
    """Count the tokens of each step."""
    counts: list[int] = []
    compute = NativeLlama._compute

    def counted(self: NativeLlama, part: Any, *others: Any, **more: Any) -> None:
        counts.append(len(part))
        compute(self, part, *others, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(NativeLlama, "_compute", counted)
        yield counts


def read(engine: Engine, told: Prompt) -> Read:
    with counting() as counts:
        generation = engine.generate([told], GenerationOptions(max_tokens=8))[0]
    return generation.text, generation.slots["text"].log_likelihood, counts[0]


def read_elsewhere(path: str, home: str, results: Any, barrier: Any) -> None:
    os.environ["DALLE_KIT_HOME"] = home
    engine = load(Path(path))
    barrier.wait(300)
    results.put(read(engine, prompt()))


def in_processes(path: Path, home: Path, *, count: int) -> list[Read]:
    context = multiprocessing.get_context("spawn")
    results, barrier = context.Queue(), context.Barrier(count)
    arguments = (str(path), str(home), results, barrier)
    processes = [context.Process(target=read_elsewhere, args=arguments) for _ in range(count)]
    for process in processes:
        process.start()
    found = [results.get(timeout=300) for _ in processes]
    for process in processes:
        process.join()
    return found


@pytest.fixture
def kept(home: Path) -> Path:
    """The folder of the files, which is not there yet."""
    return home / "cache" / "prefixes"


@pytest.fixture(scope="module")
def plain(default_model_path: Path, session_home: Path) -> Read:
    """The text as it is without any file."""
    return read(load(default_model_path), replace(prompt(), beginning=()))


@pytest.fixture
def file(kept: Path, default_model_path: Path) -> Path:
    """The file that the first process has left."""
    read(load(default_model_path), prompt("something else"))
    [file] = kept.iterdir()
    return file


def test_the_next_process_reads_only_what_the_request_adds(
    kept: Path, home: Path, default_model_path: Path, plain: Read
) -> None:
    first = in_processes(default_model_path, home, count=2)
    assert first == [plain, plain]
    [file] = kept.iterdir()
    written = file.stat().st_size
    [then] = in_processes(default_model_path, home, count=1)
    assert then[:2] == plain[:2]
    count = (plain[2] - then[2]) // PAGE
    assert then[2] == plain[2] - count * PAGE and count >= 3 and then[2] < 2 * PAGE
    assert written == 32 + count * load(default_model_path)._loaded.model.page_size * 4  # type: ignore[union-attr]
    assert [each.name for each in kept.iterdir()] == [file.name]


def test_it_is_the_same_file_for_every_request_and_nothing_of_one_is_in_it(
    file: Path, kept: Path, default_model_path: Path, plain: Read
) -> None:
    before = file.read_bytes()
    for text in (CANARY, "", " said", "\n", "s" * 40, f"{CANARY} " * 20):
        read(load(default_model_path), prompt(text))
    assert [each.name for each in kept.iterdir()] == [file.name]
    assert file.read_bytes() == before
    # The numbers are those of the template's text alone.
    model = load(default_model_path)._loaded.model
    assert isinstance(model, NativeLlama)
    tokens = load(default_model_path).tokenizer.encode_prompt(prompt("").without_request)
    row = model.open([tokens], [[]], room=0)._rows[0]
    count = (len(before) - 32) // (model.page_size * 4)
    assert before[32:] == b"".join(page.values.tobytes() for page in row.pages[:count])


def test_the_examples_of_a_template_are_read_once(kept: Path) -> None:
    documents, steps = [], []
    for _ in range(2):
        with counting() as counts:
            request = {"to": "Ana <ana@example.org>", "subject": CANARY, "points": [CANARY, "bring cups"]}
            documents.append(Kit().generate("email", request, template="phrased", seed=1, max_tokens=20))
        steps.append(counts)
    assert documents[0].text == documents[1].text
    assert steps[0][0] - steps[1][0] >= 5 * PAGE and steps[0][1:] == steps[1][1:]
    assert len(list(kept.iterdir())) == 1


def test_what_a_plugin_has_put_into_the_beginning_is_not_kept(kept: Path, default_model_path: Path) -> None:
    read(load(default_model_path), prompt(system=f"{CANARY} {SYSTEM}"))
    assert not kept.exists()


def test_nothing_is_kept_of_less_than_a_page_or_of_a_prompt_without_template(
    kept: Path, default_model_path: Path
) -> None:
    engine = load(default_model_path)
    for told in (
        Prompt((Message("user", "Hi. " * 60),), (Message("user", "Hi. Hi."),)),
        Prompt((Message("user", SYSTEM),)),
    ):
        read(engine, told)
    engine.generate([SYSTEM], GenerationOptions(max_tokens=1))
    assert not kept.exists()


@pytest.mark.parametrize("damage", ["cut", "empty", "longer", "a bit", "of other tokens", "a folder"])
def test_a_file_that_is_not_as_it_was_written_is_made_anew(
    damage: str, file: Path, kept: Path, default_model_path: Path, plain: Read
) -> None:
    whole = file.read_bytes()
    match damage:
        case "cut":
            file.write_bytes(whole[:-1000])
        case "empty":
            file.write_bytes(b"")
        case "longer":
            file.write_bytes(whole + b"\0")
        case "a bit":
            file.write_bytes(whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:])
        case "of other tokens":
            told = replace(prompt(), messages=(Message("system", f"{SYSTEM[:-6]} tests."), *prompt().messages[1:]))
            others = replace(told, beginning=told.messages)
            read(load(default_model_path), others)
            [other] = [each for each in kept.iterdir() if each != file]
            other.replace(file)
        case _:
            file.unlink()
            (file / "in it").mkdir(parents=True)
    assert read(load(default_model_path), prompt()) == plain
    if damage != "a folder":
        assert file.read_bytes() == whole
        assert read(load(default_model_path), prompt())[2] < plain[2]
    else:
        assert [each.name for each in kept.iterdir()] == [file.name]


def test_weights_that_were_put_in_place_of_others_have_files_of_their_own(
    kept: Path, tmp_path: Path, default_model_path: Path
) -> None:
    copy = tmp_path / "model"
    shutil.copytree(default_model_path, copy)
    first = read(load(copy), prompt())
    assert read(load(copy), prompt())[2] < first[2]
    os.utime(next(copy.glob("*.panels.safetensors")))
    assert read(load(copy), prompt()) == first
    assert read(load(default_model_path), prompt()) == first
    assert len(list(kept.iterdir())) == 3


@pytest.mark.parametrize("place", ["a file in its place", "a file in the cache's place", "no room"])
def test_where_nothing_can_be_written_all_else_works(
    place: str, kept: Path, home: Path, default_model_path: Path, plain: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = load(default_model_path)
    if place == "a file in its place":
        kept.write_text("mine")
    elif place == "no room":
        monkeypatch.setattr(prefix_files, "_BYTES", 1000)
    else:
        shutil.rmtree(home / "cache")
        (home / "cache").write_text("mine")
    assert read(engine, prompt()) == plain
    assert not kept.is_dir()
    assert read(engine, prompt())[2] < PAGE  # of this process's own memory


def test_a_full_disk_leaves_nothing_behind(
    kept: Path, default_model_path: Path, plain: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    resource = pytest.importorskip("resource")
    engine = load(default_model_path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal = pytest.importorskip("signal")
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
    try:
        assert read(engine, prompt()) == plain
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert list(kept.iterdir()) == []


def test_what_memory_has_let_go_of_is_found_in_the_file_again(
    file: Path, default_model_path: Path, plain: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "_KEPT_PAGES", 8)
    engine = load(default_model_path)
    then = read(engine, prompt())
    assert read(engine, prompt())[2] == 1 and then[2] < plain[2]
    for number in range(2):
        read(engine, Prompt((Message("user", f"{number} again and again " * 30),)))
    assert read(engine, prompt()) == then


def page(number: float) -> Page:
    return Page(np.full(PAGE, number, dtype=np.float32))


@given(
    texts=st.lists(st.integers(0, 5), min_size=1, max_size=12),
    most=st.integers(1, 3),
    size=st.sampled_from([PAGE * 4 + 32, 2 * PAGE * 4 + 64, 10_000]),
)
def test_so_many_files_are_kept_those_that_were_used_last(
    texts: list[int], most: int, size: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DALLE_KIT_HOME", str(home))
        patch.setattr(prefix_files, "_FILES", most)
        patch.setattr(prefix_files, "_BYTES", size)
        files = PrefixFiles(("some model",), page_size=PAGE)
        used: list[int] = []
        for clock, text in enumerate(texts):
            tokens = [text] * PAGE
            found = files.load(tokens)
            assert (found is not None) == (text in used)
            if found is None:
                files.save(tokens, [page(text)])
            else:
                assert (found.pages[0].values == text).all() and found.length == PAGE
            assert PrefixFiles(("another model",), page_size=PAGE).load(tokens) is None
            # The clock of a file system is coarse.
            os.utime(files._folder / files._key(tokens), (clock, clock))
            used = [*(each for each in used if each != text), text][-min(most, size // (PAGE * 4 + 32)) :]
        assert len(list(files._folder.iterdir())) == len(used)
