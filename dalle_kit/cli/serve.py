"""The command ``serve``: the toolkit behind an HTTP API and a page in the browser."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from dalle_kit.cli.common import progress_bar, say
from dalle_kit.errors import ConfigError


@click.command(epilog="Ctrl-C finishes what is being written, and ends; a second one ends at once.")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Where to listen; any but this machine needs a key."
)
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 takes one that is free."
)
@click.option("--api-key", metavar="KEY", help="The key that clients have to give; see DALLE_KIT_API_KEY.")
@click.option("--cors", multiple=True, metavar="ORIGIN", help="A site whose pages may use the server  [repeatable]")
@click.option("--model", metavar="NAME", help="The model that writes.")
@click.option("--device", metavar="NAME", help="Where it runs: auto, cpu, cuda or mps.")
@click.option("--dtype", metavar="NAME", help="The numbers it computes with.")
@click.option("--quant", metavar="NAME", help="The bits its weights are kept in.")
@click.option("--parallel", type=click.IntRange(1, 256), help="Texts that are written at once  [default: 16]")
@click.option(
    "--queue", type=click.IntRange(0, 100_000), help="Requests that wait; further ones are refused  [default: 64]"
)
@click.option("--timeout", type=click.FloatRange(1, 86_400), help="Seconds that a request may take  [default: 300]")
@click.option("--max-body", type=click.IntRange(1024), metavar="BYTES", help="The largest request  [default: 4194304]")
def serve(
    host: str,
    port: int,
    api_key: str | None,
    cors: tuple[str, ...],
    model: str | None,
    device: str | None,
    dtype: str | None,
    quant: str | None,
    parallel: int | None,
    queue: int | None,
    timeout: float | None,
    max_body: int | None,
) -> None:
    """Serve an HTTP API, which clients of OpenAI's speak, and a page for the browser."""
    try:
        import fastapi  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise ConfigError(f"serving needs what is not installed: pip install 'dalle-kit[serve]' ({error})") from error
    from dalle_kit.kit import Kit
    from dalle_kit.serving.app import make_app
    from dalle_kit.serving.desk import Desk
    from dalle_kit.serving.limits import Limits
    from dalle_kit.serving.meeting import announced
    from dalle_kit.serving.server import allowed_hosts, check_key, listen, run

    given: dict[str, Any] = {"running": parallel, "waiting": queue, "seconds": timeout, "body": max_body}
    limits = replace(Limits(), **{name: value for name, value in given.items() if value is not None})
    with progress_bar() as progress:
        kit = Kit(model=model, device=device, dtype=dtype, quant=quant, progress=progress)
        key = api_key or kit.settings.api_key
        check_key(host, key)
        with listen(host, port) as listener:
            desk = Desk(limits)
            app = make_app(kit, desk, limits=limits, key=key, hosts=allowed_hosts(host, key), origins=cors)
            address = listener.getsockname()
            chosen = {"model": model, "device": device, "dtype": dtype, "quant": quant}
            with announced(chosen) as own:
                say(f"Serving {kit.model} at http://{host}:{address[1]}/ - Ctrl-C ends it", err=True)
                run(app, desk, [each for each in (listener, own) if each], limits)
