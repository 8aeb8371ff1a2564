"""Clouds with the multiplicities of simulated top quarks; their points are normal, as on the path of a flow."""

from __future__ import annotations

from dataclasses import dataclass

import jetgen
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["DATASET", "SIZE", "Padded", "clouds", "multiplicities"]

DATASET = "pythia-top150@small"
SIZE = 150


@dataclass(frozen=True)
class Padded:
    """Clouds in rows of ``SIZE`` slots: ``points`` (N, P, F), zero in the padding, ``mask`` (N, P), ``t`` (N,)."""

    points: Tensor
    mask: Tensor
    t: Tensor

    def __len__(self) -> int:
        return len(self.points)

    @property
    def n(self) -> Tensor:
        """(N,), how many particles each has."""
        return self.mask.sum(1)


def multiplicities(jets: int, dataset: str = DATASET) -> NDArray[np.int64]:
    """(jets,), of the first test jets of a dataset."""
    return jetgen.dataset(dataset).test[:jets].multiplicity


def clouds(counts: NDArray[np.int64], size: int = SIZE, features: int = 3, seed: int = 0) -> Padded:
    """Normal points, so many for each cloud, at uniform times."""
    draws = torch.Generator().manual_seed(seed)
    mask = torch.arange(size) < torch.from_numpy(counts)[:, None]
    points = torch.randn((len(counts), size, features), generator=draws) * mask[..., None]
    return Padded(points, mask, torch.rand(len(counts), generator=draws))
