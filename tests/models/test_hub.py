"""Fetching from a hub: the real client, against a small server that answers as the hub does."""

from __future__ import annotations

import hashlib
import http.server
import json
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.errors import DownloadError, IntegrityError, ModelError
from dalle_kit.models.hub import choose_weights, parse_hub
from dalle_kit.models.registry import Registry
from dalle_kit.models.spec import HubSource
from dalle_kit.paths import Paths

COMMIT = "0123456789abcdef0123456789abcdef01234567"
WEIGHTS = bytes(range(256)) * 400


class Hub:
    """A hub with one repository; ``sent`` are the bytes sent where they are not what is promised."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {
            "config.json": b'{"model_type": "llama"}',
            "tokenizer.json": b"{}",
            "model.safetensors": WEIGHTS,
            "model.fp16.safetensors": b"not wanted",
            "README.md": b"not wanted",
        }
        self.sent: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.status = 200

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        self.asked.append(path)
        parts = urllib.parse.unquote(path.partition("?")[0]).strip("/").split("/")
        if self.status != 200:
            return self.status, {}, b""
        if parts[:4] != ["api", "models", "acme", "tiny"] and parts[:3] != ["acme", "tiny", "resolve"]:
            return 404, {"X-Error-Code": "RepoNotFound"}, b"{}"
        if parts[0] == "api":
            if parts[5] not in ("main", "v2", COMMIT):
                return 404, {"X-Error-Code": "RevisionNotFound"}, b"{}"
            return 200, {"Content-Type": "application/json"}, json.dumps(self._api(parts[4])).encode()
        name = "/".join(parts[4:])
        digest = hashlib.sha256(self.files[name]).hexdigest()
        body = self.sent.get(name, self.files[name])
        return 200, {"ETag": f'"{digest}"', "X-Repo-Commit": COMMIT}, body

    def _api(self, what: str) -> Any:
        entries = []
        for name, data in self.files.items():
            entry: dict[str, Any] = {"size": len(data), "blobId": "0" * 40}
            if name.endswith("safetensors"):
                entry["lfs"] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 100}
            if what == "tree":
                lfs = {"lfs": {**entry["lfs"], "oid": entry["lfs"]["sha256"]}} if "lfs" in entry else {}
                entries.append({"type": "file", "path": name, "oid": "0" * 40, "size": len(data), **lfs})
            else:
                entries.append({"rfilename": name, **entry})
        if what == "tree":
            return entries
        return {"id": "acme/tiny", "sha": COMMIT, "cardData": {"license": "mit"}, "siblings": entries}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, paths: Paths) -> Iterator[Hub]:
    import huggingface_hub.constants

    hub = Hub()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = hub.answer(self.path)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", url)
    template = url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    yield hub
    server.shutdown()
    server.server_close()


def leftovers(paths: Paths) -> list[str]:
    return [each.name for each in paths.models.iterdir() if each.name != ".locks"]


def test_a_repository_is_fetched_checked_and_then_found_offline(hub: Hub, paths: Paths) -> None:
    registry = Registry(paths=paths)
    reports: list[tuple[str, int, int | None]] = []
    assert registry.find("hub:acme/tiny@v2") is None
    stored = registry.ensure("hub:acme/tiny@v2", progress=lambda *report: reports.append(report))
    folder = paths.models / stored.path.rpartition("/")[2]
    assert sorted(each.name for each in folder.iterdir()) == [
        "config.json",
        "dalle-kit.json",
        "model.safetensors",
        "tokenizer.json",
    ]
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert stored.sha256 == hashlib.sha256(WEIGHTS).hexdigest()
    assert stored.spec is not None and stored.spec.licence == "mit"
    total = sum(len(hub.files[name]) for name in ("config.json", "model.safetensors", "tokenizer.json"))
    assert reports[-1] == ("fetching hub:acme/tiny@v2", total, total)
    (entry,) = registry.stored()
    assert entry.manifest.commit == COMMIT
    hub.status = 500
    assert registry.ensure("hub:acme/tiny@v2") == stored
    assert registry.remove("hub:acme/tiny@v2") > len(WEIGHTS)
    assert leftovers(paths) == []


def test_other_bytes_than_promised_are_refused_and_nothing_is_kept(hub: Hub, paths: Paths) -> None:
    hub.sent["model.safetensors"] = WEIGHTS[:-1] + b"x"
    with pytest.raises(IntegrityError, match=r"model\.safetensors of acme/tiny has the SHA-256"):
        Registry(paths=paths).ensure("hub:acme/tiny")
    assert leftovers(paths) == []


def test_without_safetensors_the_older_format_is_fetched(hub: Hub, paths: Paths) -> None:
    del hub.files["model.safetensors"], hub.files["model.fp16.safetensors"]
    hub.files["pytorch_model.bin"] = b"weights"
    stored = Registry(paths=paths).ensure("hub:acme/tiny")
    assert (paths.models / stored.path / "pytorch_model.bin").read_bytes() == b"weights"


def no_weights(hub: Hub) -> None:
    hub.files = {"config.json": b"{}"}


def no_config(hub: Hub) -> None:
    del hub.files["config.json"]


def gated(hub: Hub) -> None:
    hub.status = 403


@pytest.mark.parametrize(
    ("name", "change", "error", "message"),
    [
        ("hub:acme/missing", None, DownloadError, "no repository acme/missing, or it is private"),
        ("hub:acme/tiny@nowhere", None, DownloadError, "no revision 'nowhere'"),
        ("hub:acme/tiny", no_weights, ModelError, r"has no model\.safetensors or pytorch_model\.bin"),
        ("hub:acme/tiny", no_config, ModelError, r"has no config\.json"),
        ("hub:acme/tiny", gated, DownloadError, "cannot fetch hub:acme/tiny from the hub: .*403"),
    ],
)
def test_what_the_hub_lacks_is_said_in_one_line(
    hub: Hub, paths: Paths, name: str, change: Callable[[Hub], None] | None, error: type[ModelError], message: str
) -> None:
    if change is not None:
        change(hub)
    with pytest.raises(error, match=message) as caught:
        Registry(paths=paths).ensure(name)
    assert "\n" not in str(caught.value)
    assert leftovers(paths) == []


def test_no_network_is_said_in_one_line_with_the_fix(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(
        DownloadError, match="connect to the network, then run `dalle-kit models pull smollm2-360m`"
    ) as caught:
        Registry(paths=paths).ensure("smollm2-360m")
    assert "\n" not in str(caught.value)


@given(
    st.tuples(st.text("aZ9", min_size=1), st.text("bY_-.8", min_size=1)).map(lambda parts: f"{parts[0]}/x{parts[1]}"),
    st.none() | st.text("cX/-_.7").map(lambda text: f"v{text}"),
)
def test_hub_names_are_read_as_they_are_written(repo: str, revision: str | None) -> None:
    source = HubSource(repo=repo, revision=revision) if revision else HubSource(repo=repo)
    name = f"hub:{repo}" + (f"@{revision}" if revision else "")
    if ".." in repo + (revision or ""):
        with pytest.raises(ModelError):
            parse_hub(name)
        return
    assert parse_hub(name) == source


@given(st.text())
def test_a_malformed_hub_name_is_refused_or_safe(text: str) -> None:
    try:
        source = parse_hub(f"hub:{text}")
    except ModelError:
        return
    assert ".." not in source.repo + source.revision and source.repo.isascii() and source.repo.count("/") <= 1


@pytest.mark.parametrize(
    "name", ["hub:", "hub:a/b/c", "hub:../x", "hub:a/b@", "hub:a b/c", "hub:/etc/passwd", "hub:a/b\n"]
)
def test_malformed_hub_names(name: str) -> None:
    with pytest.raises(ModelError, match="hub:OWNER/NAME"):
        parse_hub(name)


def test_weights_are_chosen_safetensors_first_whole_before_shards() -> None:
    shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json"]
    assert choose_weights(["model.safetensors", *shards, "pytorch_model.bin"]) == ["model.safetensors"]
    assert choose_weights([*shards, "pytorch_model.bin", "config.json"]) == shards
    assert choose_weights(["pytorch_model.bin", "tf_model.h5"]) == ["pytorch_model.bin"]
    assert choose_weights(["onnx/model.onnx", "openvino/model.safetensors"]) is None
