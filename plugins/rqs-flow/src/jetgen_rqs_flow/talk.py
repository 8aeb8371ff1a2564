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
from jetgen import Clouds, CloudSpec, Conditions
from jetgen.data.multiplicity import ConditionalMultiplicity
from jetgen.torch.transforms import FeatureTransform
from numpy.typing import NDArray
from torch import Tensor, nn

from jetgen_rqs_flow.design import Flow, FlowPreprocessing, mask_of, ordered, tensors
from jetgen_rqs_flow.settings import RQSFlowSettings

if TYPE_CHECKING:
    from nflows.transforms import Transform

__all__ = ["TalkFlow", "TalkPreprocessing"]

_NOISE = 1e-7


@contextmanager
def _nflows_warnings() -> Iterator[None]:
    """What nflows 0.14 does that today's torch warns of, and nothing else."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Initializing zero-element tensors is a no-op", UserWarning)
        yield


def _couplings(settings: RQSFlowSettings, size: int) -> list[Transform]:
    # nflows takes seconds to import: only who asks for this design pays for it.
    from nflows.nn.nets import ResidualNet
    from nflows.transforms import PiecewiseRationalQuadraticCouplingTransform
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
        return [
            PiecewiseRationalQuadraticCouplingTransform(
                create_random_binary_mask(size),
                net,
                num_bins=settings.bins,
                tails="linear",
                tail_bound=settings.tail,
            )
            for _ in range(settings.couplings)
        ]


class TalkFlow(Flow):
    """The network of the talk.

    It knows nothing of multiplicities: its jets are cut to a multiplicity drawn beside it.
    """

    def __init__(self, settings: RQSFlowSettings, spec: CloudSpec) -> None:
        super().__init__()
        self.size = spec.max_points * len(spec.features)
        # A CompositeTransform of nflows has this name for them, and so have files that an older jetgen saved.
        self._transforms = nn.ModuleList(_couplings(settings, self.size))

    def log_prob(self, values: Tensor, multiplicity: Tensor) -> Tensor:
        """The logarithm of the density (N,) of numbers (N, P·F)."""
        del multiplicity
        noise, log_det = values, values.new_zeros(len(values))
        for transform in self._transforms:
            noise, part = transform(noise, noise[:, :0])
            log_det = log_det + part
        return log_det - 0.5 * (noise**2 + math.log(2 * math.pi)).sum(1)

    def decode(self, noise: Tensor, multiplicity: Tensor) -> tuple[Tensor, int]:
        """Finite numbers (N, P·F) from standard normal ones, and how many rows took double precision."""
        del multiplicity
        try:
            values = self._inverse(noise)
            bad = ~torch.isfinite(values).all(1)
        except AssertionError:  # nflows asserts that no discriminant was rounded below 0
            values, bad = noise.clone(), torch.ones(len(noise), dtype=torch.bool, device=noise.device)
        if bad.any():
            precise = copy.deepcopy(self).double()
            values[bad] = precise._inverse(noise[bad].double()).to(values)  # noqa: SLF001 (its own copy)
        return torch.nan_to_num(values), int(bad.sum())

    def _inverse(self, noise: Tensor) -> Tensor:
        for transform in reversed(self._transforms):
            noise, _ = cast("Transform", transform).inverse(noise, noise[:, :0])
        return noise


class TalkPreprocessing(FlowPreprocessing):
    """One mean and one deviation per feature over all slots, empty ones too: so did the talk.

    The density of a jet is that of its points and of one draw of the noise in its empty slots, over the density of that
    noise.
    """

    def __init__(self, spec: CloudSpec, multiplicity: ConditionalMultiplicity, transform: FeatureTransform) -> None:
        super().__init__(spec, multiplicity)
        self.transform, self.mirrored = transform, []

    @classmethod
    def fit(cls, settings: RQSFlowSettings, spec: CloudSpec, clouds: Clouds) -> Self:
        """Fit to the training clouds."""
        del settings
        points, n = ordered(clouds, spec)
        plan = {name: ["standardise"] for name in spec.names}
        transform = FeatureTransform.fit(plan, points.reshape(-1, len(spec.features)))
        return cls(spec, ConditionalMultiplicity.of(n, (), clouds.conditioning), transform)

    @classmethod
    def from_json(cls, settings: RQSFlowSettings, spec: CloudSpec, document: Mapping[str, Any]) -> Self:
        """The preprocessing that :meth:`to_json` described."""
        del settings
        table = ConditionalMultiplicity.from_json(document["multiplicity"])
        return cls(spec, table, FeatureTransform.from_json(document["transform"]))

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which :meth:`from_json` makes an equal one."""
        return {"transform": self.transform.to_json(), "multiplicity": self.multiplicity.to_json()}

    def rows(self, clouds: Clouds, rng: np.random.Generator, *, training: bool) -> dict[str, Tensor]:
        """``values``, ``multiplicity`` and ``offset``; ``rng`` draws the noise in the empty slots."""
        del training
        points, n = ordered(clouds, self.spec)
        empty = ~mask_of(n, self.spec.max_points)
        noise = np.abs(rng.normal(size=points.shape)) * _NOISE * empty[..., None]
        values = self.transform.forward(points + noise).reshape(len(points), -1)
        scale = self.transform.log_det(np.zeros((1, self.features))).item()
        known = np.log(2 / math.sqrt(2 * math.pi) / _NOISE) - 0.5 * (noise / _NOISE) ** 2
        # To the density of the flow's numbers: their scale, less the density of the noise.
        offset = scale * points.shape[1] - (known * empty[..., None]).sum((1, 2))
        return tensors(values=values, multiplicity=n, offset=offset)

    def decode(self, values: NDArray[np.float32], conditions: Conditions) -> Clouds:
        """The clouds of the numbers (total, F) of their points."""
        assert conditions.multiplicity is not None
        points = self.transform.inverse(values).astype(np.float32)
        return Clouds.from_multiplicities(points, conditions.multiplicity, conditions.conditioning)
