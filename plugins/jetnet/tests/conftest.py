"""Small files in the layout of the published ones, and a server that stands for Zenodo."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import h5py
import numpy as np
import pytest
from jetgen import Clouds, CloudSpec, Feature

GOLDEN = Path(__file__).parents[3] / "core" / "tests" / "golden"


@pytest.fixture(scope="session")
def jet_spec() -> CloudSpec:
    return CloudSpec("jets", (Feature("etarel"), Feature("phirel"), Feature("ptrel", nature="positive")), 30)


@pytest.fixture(scope="session")
def golden_values():
    return json.loads((GOLDEN / "top30_reference_values.json").read_text())


@pytest.fixture(scope="session")
def golden_jets() -> tuple[Clouds, Clouds]:
    with np.load(GOLDEN / "top30_real_and_fake.npz") as arrays:
        real, fake = (Clouds.from_padded(arrays[f"points_{name}"], arrays[f"mask_{name}"]) for name in ("real", "fake"))
    return real, fake


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache of this test alone, and no folder of the user's own files."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("JETGEN_CACHE", str(folder))
    monkeypatch.delenv("JETGEN_JETNET_DIR", raising=False)
    return folder


@pytest.fixture
def own(tmp_path, cache, monkeypatch) -> Path:
    """The folder that JETGEN_JETNET_DIR names."""
    folder = tmp_path / "own"
    folder.mkdir()
    monkeypatch.setenv("JETGEN_JETNET_DIR", str(folder))
    return folder


@pytest.fixture
def write_jets():
    """A function that writes ``n`` jets in the published layout; particles of jet i have pT (i + 1) / n / particles."""

    def write(path: Path, n: int, particles: int = 30) -> Path:
        rng = np.random.default_rng(n)
        counts = rng.integers(1, particles + 1, n)
        mask = np.arange(particles) < counts[:, None]
        jets = rng.normal(0, 0.1, (n, particles, 4)).astype(np.float32)
        jets[..., 2] = ((np.arange(n) + 1) / n / particles)[:, None]
        jets[..., 3] = 1
        with h5py.File(path, "w") as file:
            file["particle_features"] = jets * mask[..., None]
            file["jet_features"] = np.ones((n, 4), np.float32)
        return path

    return write


@dataclass
class Zenodo:
    """A server of one file: what it lists, what it was asked, and how it misbehaves."""

    url: str
    content: bytes = b""
    name: str = "t.hdf5"
    md5: str = ""
    ranges: list[str] = field(default_factory=list)
    knows_ranges: bool = True
    breaks_after: list[int] = field(default_factory=list)
    """For each answer with content, the number of bytes after which the connection breaks."""

    def serve(self, content: bytes) -> None:
        self.content, self.md5 = content, hashlib.md5(content, usedforsecurity=False).hexdigest()

    def record(self) -> bytes:
        links = {"self": f"{self.url}/content"}
        file = {"key": self.name, "size": len(self.content), "checksum": f"md5:{self.md5}", "links": links}
        return json.dumps({"files": [file]}).encode()


@pytest.fixture
def zenodo(cache, monkeypatch) -> Iterator[Zenodo]:
    """A stand-in for Zenodo on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != "/content":
                self._answer(200, state.record())
                return
            state.ranges.append(self.headers["Range"])
            start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-")) if state.knows_ranges else 0
            stop = state.breaks_after.pop(0) if state.breaks_after else None
            self._answer(206 if state.knows_ranges else 200, state.content[start:], stop)

        def _answer(self, status: int, body: bytes, stop: int | None = None) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[:stop])

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state = Zenodo(f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setattr("jetgen_jetnet.fetching.ZENODO", state.url)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield state
        server.shutdown()
        thread.join()
