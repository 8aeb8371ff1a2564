"""Clouds as d flat numbers near standard normal, and back, with log |det|."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import torch
from jetgen import Clouds, CloudSpec, Conditions
from jetgen.data.multiplicity import ConditionalMultiplicity
from jetgen.data.ordering import ordered
from jetgen.torch.clouds.preprocessing import mirrored_columns
from jetgen.torch.transforms import ConditioningEncoding, FeatureTransform, GaussRank, Logit, Standardise
from jetgen.torch.transforms.features import Chain
from numpy.typing import NDArray
from torch import Tensor

from jetgen_realnvp_glow.columns import Dequantise
from jetgen_realnvp_glow.settings import FlowSettings

__all__ = ["FlatPreprocessing"]

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

# The range of a logit ends as far beyond the extreme value as the tenth value is inside.
_EXTREMES = 10


class FlatPreprocessing:
    """Points in falling order of the leading feature, slot after slot, each of the P·F numbers with a scale of its own.

    Arguments:
        spec: the meaning of the clouds.
        columns: what a feature needs to be smooth.
        scales: of the P·F numbers, named ``FEATURE/SLOT``.
        conditioning, multiplicity: of the clouds.
    """

    def __init__(
        self,
        spec: CloudSpec,
        columns: Mapping[str, Dequantise],
        scales: FeatureTransform,
        conditioning: ConditioningEncoding,
        multiplicity: ConditionalMultiplicity,
    ) -> None:
        self.spec, self.columns, self.scales = spec, dict(columns), scales
        self.conditioning, self.multiplicity = conditioning, multiplicity

    @classmethod
    def fit(cls, settings: FlowSettings, spec: CloudSpec, clouds: Clouds, rng: np.random.Generator) -> Self:
        """Fit to the training clouds; ``rng`` draws the noise in discrete columns.

        Raises:
            DataError: if a flow cannot learn a column; the message names it.
        """
        columns = {
            feature.name: Dequantise.fit(
                feature.name,
                clouds.points[:, i].astype(np.float64),
                discrete=feature.nature == "categorical" or bool(feature.bins),
            )
            for i, feature in enumerate(spec.features)
        }
        clouds = ordered(clouds, spec)
        values, mirrored = _spread(columns, clouds.points, rng), mirrored_columns(settings, spec)
        chains = {}
        for slot in range(spec.max_points):
            for i, name in enumerate(spec.names):
                # Slots that no training cloud fills are never generated; any scale will do.
                here = values[clouds.ranks == slot, i] if (clouds.ranks == slot).any() else values[:, i]
                here = np.concatenate([here, -here]) if i in mirrored else here
                positive = spec.features[i].nature == "positive"
                chains[f"{name}/{slot}"] = _chain(settings.scaling, here, positive=positive)
        return cls(
            spec,
            columns,
            FeatureTransform(chains),
            ConditioningEncoding.fit(spec.conditioning, clouds.conditioning),
            ConditionalMultiplicity.of(clouds.multiplicity, spec.conditioning, clouds.conditioning),
        )

    @property
    def features(self) -> int:
        """F, the numbers of a point."""
        return len(self.spec.features)

    def rows(self, clouds: Clouds, rng: np.random.Generator, *, training: bool = True) -> dict[str, Tensor]:
        """``points`` (N, P, F), ``multiplicity``, ``conditioning``, and the log |det| ``offset`` (N,) of the points."""
        del training
        clouds = ordered(clouds, self.spec)
        values = _spread(self.columns, clouds.points, rng)
        mask = np.arange(self.spec.max_points) < clouds.multiplicity[:, None]
        flat = np.zeros((len(clouds), self.spec.max_points, self.features))
        flat[mask] = values
        scaled, slopes = self._scaled(flat)
        impossible = np.zeros(len(clouds), bool)
        np.logical_or.at(impossible, clouds.rows, ~self._possible(clouds))
        offset = np.where(impossible, -np.inf, (slopes * mask[..., None]).sum((1, 2)))
        return {
            "points": torch.from_numpy((scaled * mask[..., None]).astype(np.float32)),
            "multiplicity": torch.from_numpy(clouds.multiplicity),
            "conditioning": torch.from_numpy(self.conditioning.encode(clouds.conditioning)),
            "offset": torch.from_numpy(offset),
        }

    def decode(self, values: NDArray[np.float32], conditions: Conditions) -> Clouds:
        """The clouds of the numbers (total, F) of their points."""
        assert conditions.multiplicity is not None
        flat = Clouds.from_multiplicities(values, conditions.multiplicity)
        points = np.empty(values.shape)
        for slot in range(int(flat.multiplicity.max(initial=0))):
            here = flat.ranks == slot
            for i, name in enumerate(self.spec.names):
                points[here, i] = self.scales.chains[f"{name}/{slot}"].inverse(values[here, i].astype(np.float64))
        for i, name in enumerate(self.spec.names):
            points[:, i] = self.columns[name].rounded(points[:, i])
        return Clouds(points.astype(np.float32), flat.offsets, conditions.conditioning)

    def _scaled(self, flat: Float64) -> tuple[Float64, Float64]:
        """Points (N, P, F) scaled slot by slot, and the logarithm of the slope of each number."""
        scaled, slopes = np.empty(flat.shape), np.empty(flat.shape)
        for slot in range(flat.shape[1]):
            for i, name in enumerate(self.spec.names):
                chain = self.scales.chains[f"{name}/{slot}"]
                scaled[:, slot, i] = chain.forward(flat[:, slot, i])
                slopes[:, slot, i] = 0.0 if self.columns[name].levels else chain.log_slope(flat[:, slot, i])
        return scaled, slopes

    def _possible(self, clouds: Clouds) -> NDArray[np.bool_]:
        """Which points (total,) can be generated: those inside the range of each column, with its levels."""
        answer = np.ones(len(clouds.points), bool)
        for i, name in enumerate(self.spec.names):
            values = clouds.points[:, i].astype(np.float64)
            answer &= self.columns[name].possible(values)
            for slot in range(int(clouds.multiplicity.max(initial=0))):
                first = self.scales.chains[f"{name}/{slot}"][0]
                if isinstance(first, Logit) and not self.columns[name].levels:
                    outside = (values < first.low) | (values > first.low + first.width)
                    answer &= ~(outside & (clouds.ranks == slot))
        return answer

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which :meth:`from_json` makes an equal preprocessing."""
        return {
            "columns": {name: column.to_json() for name, column in self.columns.items()},
            "scales": self.scales.to_json(),
            "conditioning": self.conditioning.to_json(),
            "multiplicity": self.multiplicity.to_json(),
        }

    @classmethod
    def from_json(cls, spec: CloudSpec, document: Mapping[str, Any]) -> Self:
        """The preprocessing that :meth:`to_json` described."""
        return cls(
            spec,
            {name: Dequantise.from_json(column) for name, column in document["columns"].items()},
            FeatureTransform.from_json(document["scales"]),
            ConditioningEncoding.from_json(spec.conditioning, document["conditioning"]),
            ConditionalMultiplicity.from_json(document["multiplicity"]),
        )


def _spread(columns: Mapping[str, Dequantise], points: NDArray[np.float32], rng: np.random.Generator) -> Float64:
    noise = rng.random(points.shape)
    parts = [column.spread(points[:, i].astype(np.float64), noise[:, i]) for i, column in enumerate(columns.values())]
    return np.stack(parts, 1)


def _chain(scaling: str, values: Float64, *, positive: bool) -> Chain:
    if scaling == "gaussrank":
        return Chain([GaussRank.fit(values)])
    few = np.sort(values)[[0, min(_EXTREMES, len(values)) - 1, -min(_EXTREMES, len(values)), -1]]
    low, high = 2 * few[0] - few[1], 2 * few[3] - few[2]
    low = max(low, 0.0) if positive and values.min() >= 0 else low
    logit = Logit(float(low), max(float(high - low), 1e-12))
    return Chain([logit, Standardise.fit(logit.forward(values))])
