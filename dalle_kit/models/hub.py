"""Fetching models from the Hugging Face hub, with its own client."""

from __future__ import annotations

import fnmatch
import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dalle_kit.errors import DownloadError, IntegrityError, ModelError
from dalle_kit.models.disk import check_space, is_full, sha256_of, watched
from dalle_kit.models.spec import HubSource, Progress

_REPO = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)?")
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./-]*")

#: What a checkpoint consists of besides its weights.
COMPANIONS = (
    *("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"),
    *("added_tokens.json", "vocab.json", "merges.txt", "vocab.txt", "tokenizer.model", "spiece.model"),
    *(
        "chat_template.jinja",
        "chat_template.json",
        "modules.json",
        "sentence_bert_config.json",
        "1_Pooling/config.json",
    ),
)
#: Sets of weights, best first: the first of which a repository has a file is fetched.
_WEIGHTS = (
    ("model.safetensors",),
    ("model-*-of-*.safetensors", "model.safetensors.index.json"),
    ("pytorch_model.bin",),
    ("pytorch_model-*-of-*.bin", "pytorch_model.bin.index.json"),
)


@dataclass(frozen=True, slots=True)
class HubFacts:
    """What the hub said about a repository: the commit its revision stands for, the licence, the weights' hash."""

    commit: str
    licence: str | None
    sha256: str | None


def parse_hub(name: str) -> HubSource:
    """Read ``hub:REPO`` or ``hub:REPO@REVISION``; raises ModelError for anything else."""
    repo, at, revision = name.removeprefix("hub:").partition("@")
    good = name.startswith("hub:") and _REPO.fullmatch(repo) and (not at or _REVISION.fullmatch(revision))
    if not good or ".." in name:
        raise ModelError(f"{name!r} names no model of the hub; write hub:OWNER/NAME or hub:OWNER/NAME@REVISION")
    return HubSource(repo=repo, revision=revision) if at else HubSource(repo=repo)


def quiet_client() -> None:
    """Have the hub's client tell the hub nothing about this machine, unless it is told otherwise; before its import."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")


def fetch_hub(source: HubSource, *, name: str, work: Path, target: Path, progress: Progress) -> HubFacts:
    """Fetch configuration, tokenizer and weights of a repository into ``target``; ``work`` is for scratch files.

    The user's hub settings (token, endpoint, proxy) apply. Raises DownloadError where it cannot be fetched,
    IntegrityError where a file has another size or hash than the hub promised.
    """
    import logging

    quiet_client()
    from huggingface_hub.utils.logging import get_verbosity, set_verbosity

    verbosity = get_verbosity()
    set_verbosity(logging.ERROR)  # what goes wrong is said once, by the error
    try:
        return _fetch(source, name=name, work=work, target=target, progress=progress)
    except ModelError:
        raise
    except Exception as error:
        raise _translated(error, source, name) from error
    finally:
        set_verbosity(verbosity)


def _fetch(source: HubSource, *, name: str, work: Path, target: Path, progress: Progress) -> HubFacts:
    from huggingface_hub import HfApi, snapshot_download
    from tqdm.auto import tqdm  # type: ignore[import-untyped]

    class NoBar(tqdm):  # type: ignore[misc]
        """The client's own bars would be drawn over ours."""

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **{**options, "disable": True})

    progress(f"asking the hub for {source.repo}", 0, None)
    info = HfApi().model_info(source.repo, revision=source.revision, files_metadata=True)
    files = {file.rfilename: file for file in info.siblings or ()}
    weights = choose_weights(files)
    if weights is None or "config.json" not in files:
        lacking = "config.json" if weights else "model.safetensors or pytorch_model.bin"
        raise ModelError(
            f"{source.repo} on the hub has no {lacking}; choose a repository with a transformers checkpoint"
        )
    wanted = [*weights, *(each for each in COMPANIONS if each in files)]
    total = sum(files[each].size or 0 for each in wanted)
    check_space(work, total, name)
    with watched(target, f"fetching {name}", total or None, progress):
        snapshot_download(
            source.repo,
            revision=info.sha,
            local_dir=target,
            cache_dir=work / "cache",
            allow_patterns=wanted,
            tqdm_class=NoBar,
        )
    shutil.rmtree(target / ".cache", ignore_errors=True)
    for each in wanted:
        _verify(target / each, files[each], source)
    hashes = [lfs.sha256 for each in weights if (lfs := files[each].lfs)]
    licence = info.card_data.get("license") if info.card_data else None
    return HubFacts(str(info.sha), licence, hashes[0] if len(weights) == len(hashes) == 1 else None)


def choose_weights(names: Iterable[str]) -> list[str] | None:
    """Return the files that hold a repository's weights, None where it has none that can be loaded."""
    listed = sorted(names)
    for patterns in _WEIGHTS:
        found = [name for name in listed if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]
        if any(fnmatch.fnmatchcase(name, patterns[0]) for name in found) and not any("/" in name for name in found):
            return found
    return None


def _verify(path: Path, promised: Any, source: HubSource) -> None:
    size = path.stat().st_size if path.is_file() else None
    problem = None
    if size is None or (promised.size is not None and size != promised.size):
        problem = f"has {size} bytes, promised are {promised.size}"
    elif promised.lfs and (digest := sha256_of(path)) != promised.lfs.sha256:
        problem = f"has the SHA-256 {digest}, promised is {promised.lfs.sha256}"
    if problem:
        raise IntegrityError(f"{path.name} of {source.repo} {problem}; nothing was kept: try again")


def _translated(error: Exception, source: HubSource, name: str) -> Exception:
    from huggingface_hub import errors

    again = f"then run `dalle-kit models pull {name}`"
    if isinstance(error, OSError) and is_full(error):
        return error
    if isinstance(error, errors.GatedRepoError):
        return DownloadError(f"{source.repo} asks you to accept its terms on the hub: do so, `hf auth login`, {again}")
    if isinstance(error, errors.RepositoryNotFoundError):
        return DownloadError(
            f"the hub has no repository {source.repo}, or it is private: check the name, or `hf auth login`, {again}"
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return DownloadError(
            f"{source.repo} on the hub has no revision {source.revision!r}; leave it out, or check its name"
        )
    if isinstance(error, errors.OfflineModeIsEnabled):
        return DownloadError(f"cannot fetch {name}: HF_HUB_OFFLINE is set; unset it, {again}")
    if "onsistency check failed" in str(error):
        return IntegrityError(f"a file of {source.repo} has not the size the hub promised; nothing was kept: try again")
    reason = " ".join(str(error).split()) or type(error).__name__
    return DownloadError(f"cannot fetch {name} from the hub: {reason:.300}; connect to the network, {again}")
