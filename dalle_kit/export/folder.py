"""The folder that an export fills: there whole, or not at all."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dalle_kit.errors import OutputError
from dalle_kit.models import disk
from dalle_kit.models.hub import COMPANIONS

#: The tokenizer of an encoder that has one of its own.
_ENCODER_TOKENIZER = ("encoder_tokenizer/tokenizer.json", "encoder_tokenizer/tokenizer_config.json")


@contextmanager
def filled(output: Path) -> Iterator[Path]:
    """Yield a new folder to fill, which becomes ``output`` when the block is done; if it fails nothing is kept.

    Raises OutputError where ``output`` exists and is not an empty folder, or cannot be made; the block's own errors of
    the file system become OutputErrors, too.
    """
    output = output.expanduser().absolute()
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise OutputError(f"{output} exists and is not an empty folder; give a new one")
    partial = output.with_name(f".{output.name}.{secrets.token_hex(4)}.part")
    try:
        partial.mkdir(parents=True)
        yield partial
        disk.sync_tree(partial)
        if output.exists():
            output.rmdir()
        partial.rename(output)
    except OSError as error:
        reason = "the disk is full" if disk.is_full(error) else error.strerror or str(error)
        raise OutputError(f"cannot write {output}: {reason}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def copy_companions(source: Path, target: Path) -> None:
    """Copy what a checkpoint consists of besides its weights."""
    for name in (*COMPANIONS, *_ENCODER_TOKENIZER):
        if (source / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, target / name)
