"""Clouds of any spec as the numbers that the networks of a set generator see, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from jetgen.data.clouds import Clouds
from jetgen.data.jets import mirror_columns
from jetgen.data.multiplicity import ConditionalMultiplicity
from jetgen.data.spec import CloudSpec
from jetgen.torch.training.ragged import Ragged
from jetgen.torch.transforms import ConditioningEncoding, PointCoding

__all__ = ["CloudCoding", "CodingSettings", "fit_coding", "mirrored_columns"]


class CodingSettings(Protocol):
    """The settings that say how clouds are coded."""

    momentum: Literal["log", "boxcox"]
    flips: bool


class CloudCoding:
    """Coded points, encoded conditioning, and how many points a cloud has for a conditioning.

    Arguments:
        spec: the meaning of the clouds.
        points: the coding of the points.
        conditioning: the encoding of the conditioning.
        sizes: the multiplicities for a conditioning.
    """

    def __init__(
        self, spec: CloudSpec, points: PointCoding, conditioning: ConditioningEncoding, sizes: ConditionalMultiplicity
    ) -> None:
        self.spec, self.points, self.conditioning, self.sizes = spec, points, conditioning, sizes

    @classmethod
    def fit(
        cls,
        spec: CloudSpec,
        clouds: Clouds,
        *,
        positive: Literal["log", "boxcox"],
        mirrored: Sequence[int],
        rng: np.random.Generator,
    ) -> Self:
        """The coding that suits the training clouds; see :meth:`jetgen.torch.transforms.PointCoding.fit`."""
        return cls(
            spec,
            PointCoding.fit(spec, clouds, positive=positive, mirrored=mirrored, rng=rng),
            ConditioningEncoding.fit(spec.conditioning, clouds.conditioning),
            ConditionalMultiplicity.of(clouds.multiplicity, spec.conditioning, clouds.conditioning),
        )

    def rows(self, clouds: Clouds, rng: np.random.Generator) -> dict[str, Tensor | Ragged]:
        """What a training draws its batches from: ``points``, ``counts`` and ``conditioning``."""
        return {
            "points": Ragged.of(self.points.encode(clouds, rng), clouds.multiplicity),
            "counts": torch.tensor(clouds.multiplicity),
            "conditioning": torch.tensor(self.conditioning.encode(clouds.conditioning)),
        }

    def clouds(
        self, values: NDArray[np.float32], counts: NDArray[np.int64], conditioning: NDArray[np.float32] | None
    ) -> Clouds:
        """The clouds of coded points (total, width), in the units of the data."""
        return self.points.decode(values, counts, conditioning)

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which :meth:`from_json` makes an equal coding."""
        return {
            "points": self.points.to_json(),
            "context": self.conditioning.to_json(),
            "sizes": self.sizes.to_json(),
        }

    @classmethod
    def from_json(cls, spec: CloudSpec, document: Mapping[str, Any]) -> Self:
        """The coding that :meth:`to_json` described."""
        return cls(
            spec,
            PointCoding.from_json(spec, document["points"]),
            ConditioningEncoding.from_json(spec.conditioning, document["context"]),
            ConditionalMultiplicity.from_json(document["sizes"]),
        )


def fit_coding(settings: CodingSettings, spec: CloudSpec, clouds: Clouds, rng: np.random.Generator) -> CloudCoding:
    """The coding that suits the training clouds; ``rng`` draws the places of hits inside their cells."""
    mirrored = mirrored_columns(settings, spec)
    return CloudCoding.fit(spec, clouds, positive=settings.momentum, mirrored=mirrored, rng=rng)


def mirrored_columns(settings: CodingSettings, spec: CloudSpec) -> list[int]:
    """The columns that are mirrored at random; none for clouds that are not jets about their axis."""
    return mirror_columns(spec) if settings.flips else []
