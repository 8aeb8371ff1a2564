"""Clouds of any spec as the numbers that networks see, and back; with the multiplicities that go with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray

from jetgen.api.torch_settings import TorchSettings
from jetgen.data.clouds import Clouds
from jetgen.data.conditions import Conditions
from jetgen.data.jets import mirror_columns
from jetgen.data.multiplicity import ConditionalMultiplicity
from jetgen.data.spec import CloudSpec
from jetgen.torch.training.ragged import Ragged, Rows
from jetgen.torch.transforms import ConditioningEncoding, PointPreprocessing

__all__ = ["CloudPreprocessing", "Preprocessing", "mirrored_columns"]


class Preprocessing(Protocol):
    """What stands between clouds and a model. :class:`CloudPreprocessing` does for most."""

    @property
    def features(self) -> int:
        """W, the numbers of a preprocessed point."""
        ...

    @property
    def conditioning(self) -> ConditioningEncoding:
        """The encoding of the conditioning."""
        ...

    @property
    def multiplicity(self) -> ConditionalMultiplicity:
        """How many points clouds have, given their conditioning."""
        ...

    def rows(self, clouds: Clouds, rng: np.random.Generator, *, training: bool) -> Mapping[str, Rows]:
        """What a training draws its batches from, by name; ``training`` is False for validation clouds."""
        ...

    def decode(self, values: NDArray[np.float32], conditions: Conditions) -> Clouds:
        """The clouds of preprocessed points (total, W), in the units of the data; ``conditions`` has multiplicities."""
        ...

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which an equal preprocessing can be made."""
        ...


class CloudPreprocessing:
    """Preprocessed points, encoded conditioning, and a table of multiplicities.

    Arguments:
        spec: the meaning of the clouds.
        points: of the points: near standard normal numbers, see :class:`jetgen.torch.transforms.PointPreprocessing`.
        conditioning: of the conditioning.
        multiplicity: of the training clouds, given their conditioning.
    """

    def __init__(
        self,
        spec: CloudSpec,
        points: PointPreprocessing,
        conditioning: ConditioningEncoding,
        multiplicity: ConditionalMultiplicity,
    ) -> None:
        self.spec, self.points, self.conditioning, self.multiplicity = spec, points, conditioning, multiplicity

    @classmethod
    def fit(cls, settings: TorchSettings, spec: CloudSpec, clouds: Clouds, rng: np.random.Generator) -> Self:
        """Fit everything to the training clouds; ``rng`` draws the positions of hits inside their voxels."""
        mirrored = mirrored_columns(settings, spec)
        return cls(
            spec,
            PointPreprocessing.fit(spec, clouds, positive=settings.pt_transform, mirrored=mirrored, rng=rng),
            ConditioningEncoding.fit(spec.conditioning, clouds.conditioning),
            ConditionalMultiplicity.of(clouds.multiplicity, spec.conditioning, clouds.conditioning),
        )

    @property
    def features(self) -> int:
        """W, the numbers of a preprocessed point."""
        return self.points.width

    def rows(self, clouds: Clouds, rng: np.random.Generator, *, training: bool = True) -> dict[str, Rows]:
        """``points`` (ragged), ``multiplicity`` and ``conditioning``, for training and for validation alike."""
        del training
        return {
            "points": Ragged.of(self.points.encode(clouds, rng), clouds.multiplicity),
            "multiplicity": torch.tensor(clouds.multiplicity),
            "conditioning": torch.tensor(self.conditioning.encode(clouds.conditioning)),
        }

    def decode(self, values: NDArray[np.float32], conditions: Conditions) -> Clouds:
        """The clouds of preprocessed points (total, W), in the units of the data; ``conditions`` has multiplicities."""
        assert conditions.multiplicity is not None
        return self.points.decode(values, conditions.multiplicity, conditions.conditioning)

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which :meth:`from_json` makes an equal preprocessing."""
        return {
            "points": self.points.to_json(),
            "context": self.conditioning.to_json(),
            "sizes": self.multiplicity.to_json(),
        }

    @classmethod
    def from_json(cls, spec: CloudSpec, document: Mapping[str, Any]) -> Self:
        """The preprocessing that :meth:`to_json` described."""
        return cls(
            spec,
            PointPreprocessing.from_json(spec, document["points"]),
            ConditioningEncoding.from_json(spec.conditioning, document["context"]),
            ConditionalMultiplicity.from_json(document["sizes"]),
        )


def mirrored_columns(settings: TorchSettings, spec: CloudSpec) -> list[int]:
    """The columns that are mirrored at random; none for clouds that are not jets about their axis."""
    return mirror_columns(spec) if settings.mirroring else []
