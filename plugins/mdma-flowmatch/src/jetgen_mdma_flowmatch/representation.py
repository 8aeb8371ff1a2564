"""Clouds as the numbers that the networks see, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import torch
from jetgen import Clouds, CloudSpec
from jetgen.conditional_multiplicity import ConditionalMultiplicity
from jetgen.physics import has_relative
from jetgen.training import Ragged
from jetgen.transforms import ContextEncoding, FeatureTransform
from numpy.typing import NDArray
from torch import Tensor

from jetgen_mdma_flowmatch.settings import MDMAFlowMatchSettings

__all__ = ["Representation", "size_numbers"]

# Under reflections of these a sample of jets is the same: the beams and the detector are symmetric.
_MIRRORED = ("etarel", "phirel")


class Representation:
    """Standardised features, encoded context, and how many points a cloud has.

    Arguments:
        spec: the meaning of the clouds.
        points: the transform of the features.
        context: the encoding of the context.
        sizes: the multiplicities for a context.
    """

    def __init__(
        self, spec: CloudSpec, points: FeatureTransform, context: ContextEncoding, sizes: ConditionalMultiplicity
    ) -> None:
        self.spec, self.points, self.context, self.sizes = spec, points, context, sizes

    @classmethod
    def fit(cls, settings: MDMAFlowMatchSettings, spec: CloudSpec, clouds: Clouds) -> Self:
        """The representation that suits the training clouds."""
        plan = {
            feature.name: [settings.momentum, "standardise"] if feature.nature == "positive" else ["standardise"]
            for feature in spec.features
        }
        values = clouds.points.astype(np.float64)
        mirrored = mirrored_columns(settings, spec)
        if mirrored:
            # Fitted to both, so that a reflection is a change of sign of what the networks see.
            image = values.copy()
            image[:, mirrored] *= -1
            values = np.concatenate([values, image])
        return cls(
            spec,
            FeatureTransform.fit(plan, values),
            ContextEncoding.fit(spec.context, clouds.context),
            ConditionalMultiplicity.of(clouds.counts, spec.context, clouds.context),
        )

    def rows(self, clouds: Clouds) -> dict[str, Tensor | Ragged]:
        """What a training draws its batches from: points, counts and context."""
        return {
            "points": Ragged.of(self.points.forward(clouds.points).astype(np.float32), clouds.counts),
            "counts": torch.tensor(clouds.counts),
            "context": torch.tensor(self.context.encode(clouds.context)),
        }

    def clouds(
        self, values: NDArray[np.float32], counts: NDArray[np.int64], context: NDArray[np.float32] | None
    ) -> Clouds:
        """The clouds of these numbers (total, F), in the units of the data."""
        points = self.points.inverse(values)
        offsets = np.concatenate([[0], np.cumsum(counts)])
        return Clouds(points.astype(np.float32), offsets, context)

    def to_json(self) -> dict[str, Any]:
        return {"points": self.points.to_json(), "context": self.context.to_json(), "sizes": self.sizes.to_json()}

    @classmethod
    def from_json(cls, spec: CloudSpec, document: Mapping[str, Any]) -> Self:
        """The representation that :meth:`to_json` described."""
        return cls(
            spec,
            FeatureTransform.from_json(document["points"]),
            ContextEncoding.from_json(spec.context, document["context"]),
            ConditionalMultiplicity.from_json(document["sizes"]),
        )


def mirrored_columns(settings: MDMAFlowMatchSettings, spec: CloudSpec) -> list[int]:
    """The columns that may be mirrored; none for clouds that are not jets about their axis."""
    return [spec.index(name) for name in _MIRRORED] if settings.flips and has_relative(spec) else []


def size_numbers(counts: Tensor, largest: int) -> Tensor:
    """Two numbers (B, 2) of the size of 1 for the multiplicities (B,), one linear and one logarithmic."""
    part = counts.to(torch.float32) / largest
    return torch.stack([2 * part - 1, part.clamp(min=0.5 / largest).log()], 1)
