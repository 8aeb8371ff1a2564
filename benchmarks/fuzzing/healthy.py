"""The healthy inputs: one of each layout and each kind of folder that jetgen reads, and how its content is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import h5py
import jetgen
import numpy as np
import pyarrow as pa
import uproot
from jetgen import Clouds, CloudSpec, Feature
from jetgen.data.jets import jet_spec
from jetgen.io.cloud_file import open_clouds
from jetgen.io.shards import ShardFile
from jetgen.io.writing import write_clouds
from pyarrow import parquet

__all__ = ["HEALTHY", "Healthy"]

_NAMES = [name.encode() for name in ("etarel", "phirel", "ptrel")]
_JETS = 40


@dataclass(frozen=True)
class Healthy:
    """One input.

    Arguments:
        name: of the file, or of the folder.
        write: makes it at a path.
        read: its content as text, equal for equal content.
        unchecked: the files of it (or ``"*"``) whose format has no checksum: a changed number cannot be noticed.
    """

    name: str
    write: Callable[[Path], None]
    read: Callable[[Path], str]
    unchecked: str = ""


def _padded(n: int = _JETS) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(n)
    mask = np.arange(30) < rng.integers(5, 31, n)[:, None]
    pt = rng.gamma(0.6, 1.0, (n, 30)) * mask
    pt = -np.sort(-pt / pt.sum(1, keepdims=True), axis=1)
    angles = rng.normal(0, 0.12, (n, 30, 2)) * mask[..., None]
    return np.concatenate([angles, pt[..., None]], -1).astype(np.float32), mask


def _native(path: Path) -> None:
    spec = CloudSpec("jets", jet_spec(30).features, 30, (Feature("mass", "GeV"),))
    clouds = Clouds.from_padded(*_padded())
    weighted = Clouds(clouds.points, clouds.offsets, np.arange(_JETS)[:, None], weights=1.0 + np.arange(_JETS))
    write_clouds(path, weighted, spec)


def _tracks(path: Path) -> None:
    rng = np.random.default_rng(2)
    truth = Clouds(rng.normal(size=(40, 1)), np.r_[0, 30, 40], rng.normal(size=(2, 1)))
    clouds = Clouds(rng.normal(size=(60, 2)), [0, 20, 20, 50, 60], rng.normal(size=(4, 2)), truth, [0, 0, 1, 1])
    given = CloudSpec("tracks", (Feature("pt", "GeV", "positive"),), 30, (Feature("n_vertices"),))
    meaning = (Feature("pt", "GeV"), Feature("phi", "rad", "periodic"))
    write_clouds(path, clouds, CloudSpec("tracks", meaning, 30, (Feature("a"), Feature("b")), given))


def _padded_hdf5(path: Path) -> None:
    points, mask = _padded()
    with h5py.File(path, "w") as file:
        file.create_dataset("points", data=points, compression="gzip")
        file.create_dataset("mask", data=mask, compression="gzip")
        file["feature_names"] = _NAMES


def _jetnet(path: Path) -> None:
    points, mask = _padded()
    with h5py.File(path, "w") as file:
        file["particle_features"] = np.concatenate([points, mask[..., None]], 2)
        file["jet_features"] = np.ones((len(points), 4), np.float32)


def _ragged_npz(path: Path) -> None:
    clouds = Clouds.from_padded(*_padded())
    weights = np.linspace(0.5, 2.0, _JETS)
    np.savez(path, points=clouds.points, offsets=clouds.offsets, feature_names=_NAMES, weights=weights)


def _padded_npz(path: Path) -> None:
    points, mask = _padded()
    np.savez_compressed(path, points=points, mask=mask, feature_names=_NAMES)


class _Shard(ShardFile):
    name, size, split, index = "fuzz/0", _JETS, "train", 0

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def path(self) -> Path:
        return self._path


def _shard(path: Path) -> None:
    _Shard(path).write(Clouds.from_padded(*_padded()))


def _model(generator: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        file = path.with_name("to-train-on.h5")
        write_clouds(file, Clouds.from_padded(*_padded(300)), jet_spec(30))
        handle = jetgen.generator(generator, preset="tiny")
        handle.fit(jetgen.dataset(str(file)))
        handle.save(path)
        file.unlink()

    return write


def _columns() -> dict[str, np.ndarray]:
    return {name: np.random.default_rng(5).normal(size=_JETS) + i for i, name in enumerate(("x", "y", "m"))}


def _csv(path: Path) -> None:
    columns = _columns()
    np.savetxt(path, np.stack(list(columns.values()), 1), delimiter=",", header=",".join(columns), comments="")


def _parquet(path: Path) -> None:
    parquet.write_table(pa.table(_columns()), path, row_group_size=16, write_page_checksum=True)


def _npy(path: Path) -> None:
    points, mask = _padded()
    np.save(path, points * mask[..., None])


def _tree(path: Path) -> None:
    clouds = Clouds.from_padded(*_padded())
    lists = clouds.to_awkward(["etarel", "phirel", "ptrel"])
    with uproot.recreate(path) as file:
        tree = file.mktree("jets", dict.fromkeys(lists.fields, "var * float32"))
        tree.extend({name: lists[name] for name in lists.fields})


def _named_of(path: Path) -> str:
    with open_clouds(path, ["etarel", "phirel", "ptrel"], mask="ptrel") as file:
        return f"{file[:].fingerprint()} {file.spec.to_json()}"


def _clouds_of(path: Path) -> str:
    with open_clouds(path) as file:
        return f"{file[:].fingerprint()} {file.spec.to_json()}"


def _shard_of(path: Path) -> str:
    return _Shard(path).read().fingerprint()


def _samples_of(path: Path) -> str:
    handle = jetgen.load(path)
    return f"{handle.sample(4, seed=1).fingerprint()} {handle.settings.model_dump_json()}"


HEALTHY = (
    Healthy("native.h5", _native, _clouds_of),
    Healthy("tracks.h5", _tracks, _clouds_of),
    Healthy("padded.h5", _padded_hdf5, _clouds_of, "*"),
    Healthy("jetnet.hdf5", _jetnet, _clouds_of, "*"),
    Healthy("ragged.npz", _ragged_npz, _clouds_of),
    Healthy("padded.npz", _padded_npz, _clouds_of),
    Healthy("padded.npy", _npy, _named_of, "*"),
    Healthy("tree.root", _tree, _clouds_of, "*"),
    Healthy("table.csv", _csv, _clouds_of, "*"),
    Healthy("table.csv.gz", _csv, _clouds_of),
    Healthy("table.parquet", _parquet, _clouds_of),
    Healthy("shard.h5", _shard, _shard_of),
    Healthy("independence", _model("independence"), _samples_of),
    Healthy("mdma-gan", _model("mdma-gan"), _samples_of),
)
