"""What the two designs of the flow have in common, as the generator sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, Self

import numpy as np
import torch
from jetgen import CloudSpec
from numpy.typing import NDArray
from torch import Tensor, nn

from jetgen_rqs_flow.settings import RQSFlowSettings

__all__ = ["Design", "Float64", "Int64"]

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]


class Design(Protocol):
    """A network, and how clouds become its numbers: ordered and padded points (N, P, F), multiplicities (N,)."""

    @property
    def network(self) -> nn.Module:
        """What is trained."""
        ...

    @classmethod
    def fit(cls, settings: RQSFlowSettings, spec: CloudSpec, points: Float64, counts: Int64) -> Self:
        """Fit the preprocessing, and build a network with random weights from torch's global generator."""
        ...

    @classmethod
    def from_json(cls, settings: RQSFlowSettings, spec: CloudSpec, document: Mapping[str, Any]) -> Self:
        """The design that :meth:`to_json` described, with a network of any weights."""
        ...

    def to_json(self) -> dict[str, Any]: ...

    def tensors(self, points: Float64, counts: Int64, rng: np.random.Generator, *, mirrored: bool) -> dict[str, Tensor]:
        """What :meth:`log_density` wants to know of clouds; ``mirrored`` adds their mirror images, one after another.

        ``offset`` among them is what to add to the density of the numbers for that in the units of the features.
        """
        ...

    def log_density(self, batch: Mapping[str, Tensor]) -> Tensor:
        """The logarithm of the density (N,) of the network's own numbers."""
        ...

    def decode(self, counts: Int64, generator: torch.Generator) -> tuple[Float64, dict[str, int]]:
        """New points for these multiplicities, anything beyond them, and counts of numerical accidents."""
        ...
