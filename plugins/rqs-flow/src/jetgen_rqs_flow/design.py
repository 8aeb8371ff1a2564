"""What the two designs of the flow have in common: ordered, padded points as numbers, and a density of these."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import torch
from jetgen import Clouds, CloudSpec, Conditions
from jetgen.data.multiplicity import ConditionalMultiplicity
from jetgen.data.ordering import ordered as canonically_ordered
from jetgen.torch.transforms import ConditioningEncoding
from numpy.typing import NDArray
from torch import Tensor, nn

from jetgen_rqs_flow.settings import RQSFlowSettings

__all__ = ["Float64", "Flow", "FlowPreprocessing", "Int64", "mask_of", "ordered", "tensors"]

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]


class Flow(nn.Module, ABC):
    """A density of the P·F numbers of a cloud."""

    size: int
    """P·F."""

    @abstractmethod
    def log_prob(self, values: Tensor, multiplicity: Tensor) -> Tensor:
        """The logarithm of the density (N,) of numbers (N, P·F)."""

    @abstractmethod
    def decode(self, noise: Tensor, multiplicity: Tensor) -> tuple[Tensor, int]:
        """Finite numbers (N, P·F) from standard normal ones, and how many rows took double precision."""


class FlowPreprocessing(ABC):
    """See :class:`jetgen.torch.clouds.preprocessing.Preprocessing`; a subclass says which numbers."""

    mirrored: list[int]
    """The columns of points in which generated clouds are mirrored at random."""

    def __init__(self, spec: CloudSpec, multiplicity: ConditionalMultiplicity) -> None:
        self.spec, self.multiplicity = spec, multiplicity
        self.conditioning = ConditioningEncoding.fit((), np.empty((1, 0)))
        self.features = len(spec.features)

    @classmethod
    @abstractmethod
    def fit(cls, settings: RQSFlowSettings, spec: CloudSpec, clouds: Clouds) -> Self:
        """The preprocessing that suits the training clouds."""

    @classmethod
    @abstractmethod
    def from_json(cls, settings: RQSFlowSettings, spec: CloudSpec, document: Mapping[str, Any]) -> Self:
        """The preprocessing that :meth:`to_json` described."""

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """A JSON object from which :meth:`from_json` makes an equal one."""

    @abstractmethod
    def rows(self, clouds: Clouds, rng: np.random.Generator, *, training: bool) -> dict[str, Tensor]:
        """``values``, ``multiplicity`` and ``offset``: what to add to log p of the values for that of the points.

        Where clouds are mirrored, ``training`` adds their mirror images, one after another.
        """

    @abstractmethod
    def decode(self, values: NDArray[np.float32], conditions: Conditions) -> Clouds:
        """The clouds of the numbers (total, F) of their points."""

    def out_of_range(self, values: Tensor) -> int:
        """How many rows (N, P·F) hold numbers that :meth:`decode` moves into range."""
        del values
        return 0


def ordered(clouds: Clouds, spec: CloudSpec) -> tuple[Float64, Int64]:
    """Padded points (N, P, F) in float64 in canonical order (:mod:`jetgen.data.ordering`), and multiplicities (N,)."""
    points, _ = canonically_ordered(clouds, spec).padded(spec.max_points)
    return points.astype(np.float64), clouds.multiplicity


def mask_of(multiplicity: Int64, slots: int) -> NDArray[np.bool_]:
    """True at the points of clouds (N, P)."""
    return np.arange(slots) < multiplicity[:, None]


def tensors(**arrays: NDArray[Any]) -> dict[str, Tensor]:
    """Rows in single precision; integers stay what they are."""
    return {
        name: torch.from_numpy(array.astype(np.float32) if array.dtype.kind == "f" else array)
        for name, array in arrays.items()
    }
