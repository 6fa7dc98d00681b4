"""From a model's name to its engine: on this machine it is fetched and loaded, on a server it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from dalle_kit.engine.devices import check_quant, choose_device, choose_dtype
from dalle_kit.engine.threads import wait_politely
from dalle_kit.models.spec import Progress, ServerSource

if TYPE_CHECKING:
    from dalle_kit.config import Settings
    from dalle_kit.engine.engine import Engine
    from dalle_kit.models.registry import Registry


def open_engine(
    name: str, registry: Registry, settings: Settings, *, device: str, dtype: str, quant: str, progress: Progress
) -> Engine:
    """Return the engine of a model; raises ModelError and its subclasses."""
    source = server_of(name, registry)
    if source is not None:
        return _connected(source, settings, progress)
    wait_politely()
    # Checked first: a wrong device must not cost a download.
    device = choose_device(device)
    dtype = choose_dtype(dtype, device=device)
    quant = check_quant(quant)
    stored = registry.ensure(name, progress=progress)
    progress(f"loading {stored.name}", 0, None)
    from dalle_kit.engine.engine import Engine

    return Engine.load(stored, device=device, dtype=dtype, quant=quant, threads=settings.threads, progress=progress)


def server_of(name: str, registry: Registry) -> ServerSource | None:
    """Return the server that a model is on, None where it is on this machine."""
    source = registry.resolve(name).source
    return source if isinstance(source, ServerSource) else None


def _connected(source: ServerSource, settings: Settings, progress: Progress) -> Engine:
    """Return the engine of a model on a server, which can what the pipeline needs of one."""
    from dalle_kit.engine.remote.engine import RemoteEngine
    from dalle_kit.engine.remote.pace import Patience

    progress(f"asking {source.url}", 0, None)
    engine = RemoteEngine.connect(
        source,
        key=settings.remote_key,
        together=settings.remote_together,
        per_minute=settings.remote_per_minute,
        patience=Patience(silence=settings.remote_timeout),
    )
    return cast("Engine", engine)
