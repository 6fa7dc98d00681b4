"""Writing a model as ONNX graphs, and holding them against torch with ONNX Runtime before they are handed out."""

from __future__ import annotations

import importlib.util
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dalle_kit.errors import ModelError
from dalle_kit.export.folder import copy_companions, filled
from dalle_kit.export.networks import family_of, load_network
from dalle_kit.models.spec import Progress, StoredModel, silent

if TYPE_CHECKING:
    from dalle_kit.export.graphs import Graph

#: By how much an output may differ from torch's, in float32.
TOLERANCE = 1e-3
_NEEDED = ("onnx", "onnxscript", "onnxruntime")


@dataclass(frozen=True, slots=True)
class Agreement:
    """The largest difference between an output of ONNX Runtime and torch's, for one way of running the graphs."""

    what: str
    difference: float


def export_onnx(stored: StoredModel, output: Path, *, progress: Progress = silent) -> list[Agreement]:
    """Write a model into a new folder as ONNX graphs in float32; return how well they agree with torch.

    A causal LM is ``model.onnx``, an encoder-decoder ``encoder_model.onnx`` and ``decoder_model.onnx``, an encoder
    ``model.onnx``; weights lie in files beside them. Raises ModelError where packages are missing, where the model
    cannot be exported, or where an output differs by more than ``TOLERANCE``; OutputError where the folder cannot be
    written. Then nothing is kept.
    """
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise ModelError(f"ONNX needs the package {missing[0]}: pip install 'dalle-kit[onnx]'")
    from dalle_kit.export.agreement import agreements_of
    from dalle_kit.export.graphs import graphs_of

    source = Path(stored.path)
    with filled(output) as folder:
        copy_companions(source, folder)
        progress(f"loading {stored.name}", 0, None)
        family = family_of(source)
        network = load_network(source, dtype="float32")
        graphs = graphs_of(network, family)
        for number, graph in enumerate(graphs):
            progress(f"exporting {graph.name}", number, len(graphs))
            _write(graph, folder, name=stored.name)
        progress("comparing with torch", 0, None)
        found = agreements_of(network, family, folder)
        for each in found:
            if not each.difference <= TOLERANCE:  # a NaN is no agreement
                raise ModelError(
                    f"the ONNX graphs of {stored.name} do not do what torch does: {each.what} differs by "
                    f"{each.difference:.2g}, allowed is {TOLERANCE:g}; nothing was kept"
                )
    return found


def _write(graph: Graph, folder: Path, *, name: str) -> None:
    import torch
    from torch.export import Dim
    from torch.utils._pytree import tree_map

    try:
        with _quiet(), torch.no_grad():
            free = tree_map(lambda _: Dim.DYNAMIC, graph.axes)
            traced = torch.export.export(graph.network.eval(), graph.arguments, dynamic_shapes=free)
            program: Any = torch.onnx.export(
                traced,
                input_names=graph.inputs,
                output_names=graph.outputs,
                dynamic_shapes=graph.axes,  # the names of these axes
                custom_translation_table={torch.ops.aten.sort.stable: _sort},
                dynamo=True,
                verbose=False,
            )
            program.save(folder / f"{graph.name}.onnx", external_data=True)
    except OSError:
        raise
    except Exception as error:  # what an exporter meets in a network is of any kind
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise ModelError(f"{name} cannot be exported as ONNX: {reason:.300}") from error


def _sort(self: Any, stable: bool = True, dim: int = -1, descending: bool = False) -> Any:
    """Translate a stable sort, which torch does not: of equal values ONNX's TopK takes the first one first, too."""
    import onnxscript

    operators: Any = onnxscript.opset18
    size = operators.Gather(operators.Shape(self), operators.Constant(value_ints=[dim]))
    return operators.TopK(self, size, axis=dim, largest=int(descending), sorted=1)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep to ourselves what exporters say about their own inside."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
