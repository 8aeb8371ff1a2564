"""Our flow: the numbers of the slots that hold points, what describes the cloud as a whole before the rest."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import torch
from jetgen import Clouds, CloudSpec, Conditions
from jetgen.data.multiplicity import ConditionalMultiplicity
from numpy.typing import NDArray
from torch import Tensor

from jetgen_rqs_flow.coupling import CouplingFlow
from jetgen_rqs_flow.design import Float64, Flow, FlowPreprocessing, Int64, ordered, tensors
from jetgen_rqs_flow.representation import JET_FEATURES, JetShape, Representation, Scaling, representation_of, restore
from jetgen_rqs_flow.settings import RQSFlowSettings

__all__ = ["PlacesFlow", "PlacesPreprocessing"]

# Clouds decoded at once, in double precision.
_AT_ONCE = 4096


class PlacesFlow(Flow):
    """p(shared numbers | n) and p(others | shared numbers, n), each a coupling flow; p(n) is a table elsewhere.

    Arguments:
        settings: of both flows.
        spec: of the clouds, with up to P points of F features.
        shared: how many of the first numbers come first; 0 for none.
    """

    def __init__(self, settings: RQSFlowSettings, spec: CloudSpec, shared: int) -> None:
        super().__init__()
        places, features = spec.max_points, len(spec.features)
        self.size = size = places * features
        self.cut = shared if shared < size else 0
        self.features = features
        tail, dropout = settings.tail, settings.dropout
        self.shared = (
            CouplingFlow(
                self.cut,
                settings.shared_couplings,
                contexts=0,
                counts=places,
                hidden=settings.shared_hidden,
                blocks=1,
                dropout=0.0,
                bins=settings.shared_bins,
                tail=tail,
            )
            if self.cut
            else None
        )
        self.rest = CouplingFlow(
            size - self.cut,
            settings.couplings,
            contexts=self.cut,
            counts=places,
            hidden=settings.hidden,
            blocks=settings.blocks,
            dropout=dropout,
            bins=settings.bins,
            tail=tail,
        )

    def present(self, counts: Tensor, dtype: torch.dtype) -> Tensor:
        """1 at the numbers of places that are taken, 0 at the others."""
        numbers = torch.arange(self.cut + self.rest.size, device=counts.device)
        return (numbers < counts[:, None] * self.features).to(dtype)

    def log_prob(self, values: Tensor, counts: Tensor) -> Tensor:
        """The logarithm of the density (N,) of numbers (N, P·F), given the multiplicities."""
        present = self.present(counts, values.dtype)
        head, rest = values[:, : self.cut], values[:, self.cut :]
        total = self.rest.log_prob(rest, present[:, self.cut :], counts, head)
        if self.shared is not None:
            total = total + self.shared.log_prob(head, present[:, : self.cut], counts, head[:, :0])
        return total

    def encode(self, values: Tensor, counts: Tensor) -> Tensor:
        """The normal numbers (N, P·F) that values came from."""
        present = self.present(counts, values.dtype)
        head, rest = values[:, : self.cut], values[:, self.cut :]
        noise, _ = self.rest.encode(rest, present[:, self.cut :], counts, head)
        if self.shared is not None:
            head, _ = self.shared.encode(head, present[:, : self.cut], counts, head[:, :0])
        return torch.cat([head, noise], 1)

    def decode(self, noise: Tensor, multiplicity: Tensor) -> tuple[Tensor, int]:
        """Finite numbers (N, P·F) from standard normal ones, and how many rows took double precision."""
        values = self._decode(noise, multiplicity)
        bad = ~torch.isfinite(values).all(1)
        if bad.any():
            precise = copy.deepcopy(self).double()
            values[bad] = precise._decode(noise[bad].double(), multiplicity[bad]).to(values)  # noqa: SLF001 (its own copy)
        return torch.nan_to_num(values), int(bad.sum())

    def _decode(self, noise: Tensor, counts: Tensor) -> Tensor:
        present = self.present(counts, noise.dtype)
        head, rest = noise[:, : self.cut], noise[:, self.cut :]
        if self.shared is not None:
            head = self.shared.decode(head, present[:, : self.cut], counts, head[:, :0])
        return torch.cat([head, self.rest.decode(rest, present[:, self.cut :], counts, head)], 1)

    def whiten(self, values: Tensor, counts: Tensor) -> None:
        """Let the first mixing of each flow begin by removing the correlations of these numbers."""
        present = self.present(counts, values.dtype)
        if self.shared is not None:
            self.shared.whiten(values[:, : self.cut], present[:, : self.cut])
        self.rest.whiten(values[:, self.cut :], present[:, self.cut :])


class PlacesPreprocessing(FlowPreprocessing):
    """Points as free numbers, standardised slot by slot.

    Arguments:
        settings: whether clouds are mirrored.
        representation, scaling: how points become numbers.
    """

    def __init__(
        self,
        settings: RQSFlowSettings,
        spec: CloudSpec,
        multiplicity: ConditionalMultiplicity,
        representation: Representation,
        scaling: Scaling,
    ) -> None:
        super().__init__(spec, multiplicity)
        self.representation, self.scaling = representation, scaling
        mirrors = settings.mirroring and isinstance(representation, JetShape)
        self.mirrored = [spec.index(name) for name in JET_FEATURES[:2]] if mirrors else []

    @classmethod
    def fit(cls, settings: RQSFlowSettings, spec: CloudSpec, clouds: Clouds) -> Self:
        """Fit to the training clouds."""
        points, n = ordered(clouds, spec)
        representation = representation_of(spec, points, n)
        scaling = Scaling.fit(representation.encode(points, n)[0], n)
        return cls(settings, spec, ConditionalMultiplicity.of(n, (), clouds.conditioning), representation, scaling)

    @classmethod
    def from_json(cls, settings: RQSFlowSettings, spec: CloudSpec, document: Mapping[str, Any]) -> Self:
        """The preprocessing that :meth:`to_json` described."""
        table = ConditionalMultiplicity.from_json(document["multiplicity"])
        return cls(settings, spec, table, restore(document["representation"]), Scaling.from_json(document["scaling"]))

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which :meth:`from_json` makes an equal one."""
        parts = {"representation": self.representation, "scaling": self.scaling, "multiplicity": self.multiplicity}
        return {name: part.to_json() for name, part in parts.items()}  # type: ignore[attr-defined]  # all three have it

    def rows(self, clouds: Clouds, rng: np.random.Generator, *, training: bool) -> dict[str, Tensor]:
        """``values``, ``multiplicity`` and ``offset``, with three mirror images of each cloud if ``training``."""
        del rng
        points, n = ordered(clouds, self.spec)
        images = [points]
        if training and self.mirrored:
            eta, phi = self.mirrored
            images += [points * self._signs(flipped) for flipped in ([eta], [phi], [eta, phi])]
        encoded = [self._encode(image, n) for image in images]
        return tensors(
            values=np.concatenate([values.reshape(len(points), -1) for values, _ in encoded]),
            multiplicity=np.tile(n, len(images)),
            offset=np.concatenate([log_det for _, log_det in encoded]),
        )

    def decode(self, values: NDArray[np.float32], conditions: Conditions) -> Clouds:
        """The clouds of the numbers (total, F) of their points."""
        assert conditions.multiplicity is not None
        flat = Clouds.from_multiplicities(values, conditions.multiplicity)
        points = [np.empty((0, self.features), np.float32)]
        for start in range(0, len(flat), _AT_ONCE):
            part = flat[start : start + _AT_ONCE]
            padded, mask = part.padded(self.spec.max_points)
            scaled = self.scaling.inverse(padded.astype(np.float64)) * mask[..., None]
            points.append(self.representation.decode(scaled, part.multiplicity)[mask].astype(np.float32))
        return Clouds(np.concatenate(points), flat.offsets, conditions.conditioning)

    def out_of_range(self, values: Tensor) -> int:
        """How many rows (N, P·F) hold numbers further out than any training number."""
        return int((values.abs() > self.scaling.limit).any(1).sum())

    def _encode(self, points: Float64, n: Int64) -> tuple[Float64, Float64]:
        values, log_det = self.representation.encode(points, n)
        scaled, log_det_scale = self.scaling.forward(values, n)
        return scaled, log_det + log_det_scale

    def _signs(self, flipped: list[int]) -> Float64:
        signs = np.ones(self.features)
        signs[flipped] = -1
        return signs
