"""The jets that both sides read: simulated top quarks, as many as are asked for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import jetgen
import numpy as np
from jetgen import Clouds
from jetgen.metrics.observables.efps import efps
from numpy.typing import NDArray

__all__ = ["write_jets"]


def write_jets(path: Path, particles: int, jets: int, features: bool, seed: int = 1) -> None:
    """Write ``real`` and ``fake`` (jets, particles, 3) with their masks, for ours also as points and offsets.

    Real are the 24,000 jets of ``pythia-top@small``; what is missing are the same jets again, rotated about their axis
    by a random angle, which changes neither their costs nor their EFPs. Fake are the same jets in another order,
    rotated, with every particle smeared. With ``features`` their 36 EFPs are there too, as ``real_features`` and so on.
    """
    dataset = jetgen.dataset(f"pythia-top{particles}@small")
    splits = (dataset.test, dataset.train, dataset.val)
    points, mask = Clouds.concatenate([split[: len(split)] for split in splits]).padded(particles)
    rng = np.random.default_rng(seed)
    row = np.arange(jets) % len(points)
    real = _rotated(points[row], np.where(np.arange(jets) < len(points), 0.0, rng.uniform(0.0, 2.0 * np.pi, jets)))
    order = rng.permutation(jets)
    fake = _rotated(real[order], rng.uniform(0.0, 2.0 * np.pi, jets))
    fake[..., :2] += rng.normal(0.0, 0.005, fake[..., :2].shape)
    fake[..., 2] *= np.exp(rng.normal(0.0, 0.05, fake[..., 2].shape))
    real_mask, fake_mask = mask[row], mask[row][order]
    fake[~fake_mask] = 0.0
    arrays: dict[str, Any] = {
        "real": real,
        "real_mask": real_mask,
        "fake": fake,
        "fake_mask": fake_mask,
        "particles": particles,
    }
    for side in ("real", "fake"):
        clouds = Clouds.from_padded(arrays[side], arrays[f"{side}_mask"])
        arrays |= {f"{side}_points": clouds.points, f"{side}_offsets": clouds.offsets}
        if features:
            arrays[f"{side}_features"] = efps(clouds, dataset.spec, which="all36", threads=os.cpu_count() or 1)
    np.savez(path, **arrays)


def _rotated(points: NDArray[np.float32], angle: NDArray[np.float64]) -> NDArray[np.float32]:
    cosine, sine = (function(angle).astype(np.float32)[:, None] for function in (np.cos, np.sin))
    eta, phi, pt = np.moveaxis(points, -1, 0)
    return np.stack([cosine * eta - sine * phi, sine * eta + cosine * phi, pt], axis=-1)
