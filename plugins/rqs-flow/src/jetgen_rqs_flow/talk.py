"""The flow of the ML4Jets 2022 talk, to the parameter: nflows, random halves, padding with a whisper of noise.

A quirk is kept on purpose: ``context_features=0`` is not "no context" to nflows, so that each block has a gate that
sees nothing and learns a bias only. Without it the number of parameters is another one.
"""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np
import torch
from jetgen import CloudSpec
from jetgen.torch.transforms import FeatureTransform
from torch import Tensor, nn

from jetgen_rqs_flow.design import Float64, Int64
from jetgen_rqs_flow.settings import RQSFlowSettings

if TYPE_CHECKING:
    from nflows.transforms import Transform

__all__ = ["Talk"]

_NOISE = 1e-7


@contextmanager
def _nflows_warnings() -> Iterator[None]:
    """What nflows 0.14 does that today's torch warns of, and nothing else."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Initializing zero-element tensors is a no-op", UserWarning)
        yield


def _network(settings: RQSFlowSettings, size: int) -> Transform:
    # nflows takes seconds to import: only who asks for this design pays for it.
    from nflows.nn.nets import ResidualNet
    from nflows.transforms import CompositeTransform, PiecewiseRationalQuadraticCouplingTransform
    from nflows.utils.torchutils import create_random_binary_mask

    def net(inputs: int, outputs: int) -> nn.Module:
        return cast(
            "nn.Module",
            ResidualNet(
                inputs,
                outputs,
                hidden_features=settings.hidden,
                context_features=0,
                num_blocks=settings.blocks,
                dropout_probability=settings.dropout,
            ),
        )

    with _nflows_warnings():
        return CompositeTransform(
            [
                PiecewiseRationalQuadraticCouplingTransform(
                    create_random_binary_mask(size),
                    net,
                    num_bins=settings.bins,
                    tails="linear",
                    tail_bound=settings.tail,
                )
                for _ in range(settings.couplings)
            ]
        )


class Talk:
    """See :class:`jetgen_rqs_flow.design.Design`.

    The flow knows nothing of multiplicities: its jets are cut to a multiplicity drawn beside it. The density of a jet
    is that of its points and of one draw of the noise in its empty places, over the density of that noise.
    """

    def __init__(self, settings: RQSFlowSettings, spec: CloudSpec, transform: FeatureTransform) -> None:
        self.settings, self.spec, self.transform = settings, spec, transform
        self.size = spec.max_points * len(spec.features)
        self.network: nn.Module = _network(settings, self.size)

    @classmethod
    def fit(cls, settings: RQSFlowSettings, spec: CloudSpec, points: Float64, counts: Int64) -> Self:
        del counts
        # One mean and one deviation per feature over all places, empty ones too: so did the talk.
        plan = {name: ["standardise"] for name in spec.names}
        return cls(settings, spec, FeatureTransform.fit(plan, points.reshape(-1, len(spec.features))))

    @classmethod
    def from_json(cls, settings: RQSFlowSettings, spec: CloudSpec, document: Mapping[str, Any]) -> Self:
        return cls(settings, spec, FeatureTransform.from_json(document["transform"]))

    def to_json(self) -> dict[str, Any]:
        return {"transform": self.transform.to_json()}

    def tensors(self, points: Float64, counts: Int64, rng: np.random.Generator, *, mirrored: bool) -> dict[str, Tensor]:
        del mirrored
        empty = np.arange(points.shape[1]) >= counts[:, None]
        noise = np.abs(rng.normal(size=points.shape)) * _NOISE * empty[..., None]
        values = self.transform.forward(points + noise).reshape(len(points), -1)
        scale = self.transform.log_det(points[:1, :1]).item()
        known = np.log(2 / math.sqrt(2 * math.pi) / _NOISE) - 0.5 * (noise / _NOISE) ** 2
        # To the density of the flow's numbers: their scale, less the density of the noise.
        offset = scale * points.shape[1] - (known * empty[..., None]).sum((1, 2))
        tensors = {"values": values, "offset": offset}
        return {name: torch.from_numpy(array.astype(np.float32)) for name, array in tensors.items()}

    def log_density(self, batch: Mapping[str, Tensor]) -> Tensor:
        values = batch["values"]
        noise, log_det = self.network(values, values[:, :0])
        return cast("Tensor", log_det - 0.5 * (noise**2 + math.log(2 * math.pi)).sum(1))

    def decode(self, counts: Int64, generator: torch.Generator) -> tuple[Float64, dict[str, int]]:
        noise = torch.randn((len(counts), self.size), generator=generator, device=generator.device)
        try:
            values, retried = self._inverse(self.network, noise), 0
            bad = ~torch.isfinite(values).all(1)
        except AssertionError:  # nflows asserts that no discriminant was rounded below 0
            values, bad = noise.double(), torch.ones(len(noise), dtype=torch.bool, device=noise.device)
        if bad.any():
            retried = int(bad.sum())
            values[bad] = self._inverse(copy.deepcopy(self.network).double(), noise[bad].double())
        flat = torch.nan_to_num(values).cpu().numpy().reshape(len(counts), self.spec.max_points, -1)
        return self.transform.inverse(flat), {"in_float64": retried}

    def _inverse(self, network: nn.Module, noise: Tensor) -> Tensor:
        values, _ = cast("Any", network).inverse(noise, noise[:, :0])
        return cast("Tensor", values.double())
