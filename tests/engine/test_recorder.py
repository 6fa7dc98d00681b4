"""What a GPU is asked to record, and how sizes are rounded up for it: without a GPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from dalle_kit.engine.graphs import CudaRecorder, round_count, round_rows, round_tokens


@pytest.mark.parametrize(
    ("number", "rounded"), [(1, 1), (2, 2), (3, 4), (17, 32), (129, 256), (256, 256), (257, 512), (600, 768)]
)
def test_rows_are_rounded_up(number: int, rounded: int) -> None:
    assert round_rows(number) == rounded


def test_tokens_and_counts_are_rounded_up() -> None:
    assert [round_tokens(number) for number in (0, 1, 256, 257)] == [0, 256, 256, 512]
    assert [round_count(number) for number in (1, 2, 4, 5, 16, 17)] == [1, 4, 4, 16, 16, None]


class Cuda:
    """What the recorder asks torch for, without a GPU; notes what is done, and whether in inference mode."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.done: list[tuple[str, bool]] = []
        self.stream = "a stream of the caller"
        patch.setattr(torch.cuda, "Stream", lambda: "a stream of the recorder")
        patch.setattr(torch.cuda, "current_stream", lambda: self.stream)
        patch.setattr(torch.cuda, "set_stream", partial(setattr, self, "stream"))
        patch.setattr(torch.cuda, "graph_pool_handle", lambda: (0, 1))
        patch.setattr(torch.cuda, "CUDAGraph", lambda: SimpleNamespace(replay=partial(self.note, "replay")))
        patch.setattr(torch.cuda, "graph", self.capture)

    def note(self, what: str) -> None:
        self.done.append((f"{what} on {self.stream}", torch.is_inference_mode_enabled()))

    @contextmanager
    def capture(self, graph: Any, *, pool: Any, stream: str, capture_error_mode: str) -> Iterator[None]:
        before, self.stream = self.stream, stream
        self.note("begin")
        yield  # as torch does, it leaves the stream as it is where something is raised
        self.note("end")
        self.stream = before


def test_a_step_is_computed_before_it_is_recorded_and_recorded_on_a_stream_where_nothing_is_computed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cuda = Cuda(monkeypatch)
    with torch.inference_mode():
        CudaRecorder()(partial(cuda.note, "compute"))()
    # What begins and ends a recording writes to what torch keeps for all graphs, whoever records them.
    assert cuda.done == [
        ("compute on a stream of the caller", True),
        ("begin on a stream of the recorder", False),
        ("compute on a stream of the recorder", True),
        ("end on a stream of the recorder", False),
        ("replay on a stream of the caller", True),
    ]


def test_a_recording_that_fails_leaves_its_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = Cuda(monkeypatch)

    def fail() -> None:
        cuda.note("compute")
        if len(cuda.done) > 1:
            raise RuntimeError("operation not permitted when stream is capturing")

    with pytest.raises(RuntimeError, match="not permitted"):
        CudaRecorder()(fail)
    assert cuda.stream == "a stream of the caller"
