"""Our flow: the numbers of the places that are taken, what describes the cloud as a whole before the rest."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import torch
from jetgen import CloudSpec
from torch import Tensor, nn

from jetgen_rqs_flow.coupling import CouplingFlow
from jetgen_rqs_flow.design import Float64, Int64
from jetgen_rqs_flow.representation import JET_FEATURES, JetShape, Representation, Scaling, representation_of, restore
from jetgen_rqs_flow.settings import RQSFlowSettings

__all__ = ["Places", "PlacesNetwork"]


class PlacesNetwork(nn.Module):
    """p(shared numbers | n) and p(others | shared numbers, n), each a coupling flow; p(n) is a table elsewhere.

    Arguments:
        settings: of both flows.
        places, features: P and F.
        shared: how many of the first numbers come first; 0 for none.
    """

    others: Tensor

    def __init__(self, settings: RQSFlowSettings, places: int, features: int, shared: int) -> None:
        super().__init__()
        size = places * features
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

    def decode(self, noise: Tensor, counts: Tensor) -> Tensor:
        """Numbers (N, P·F) from standard normal noise of the same shape."""
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


class Places:
    """See :class:`jetgen_rqs_flow.design.Design`.

    Arguments:
        representation, scaling: how points become numbers.
    """

    def __init__(
        self, settings: RQSFlowSettings, spec: CloudSpec, representation: Representation, scaling: Scaling
    ) -> None:
        self.settings, self.spec = settings, spec
        self.representation, self.scaling = representation, scaling
        features = len(spec.features)
        self.network = PlacesNetwork(settings, spec.max_points, features, representation.shared)

    @classmethod
    def fit(cls, settings: RQSFlowSettings, spec: CloudSpec, points: Float64, counts: Int64) -> Self:
        representation = representation_of(spec, points, counts)
        values, _ = representation.encode(points, counts)
        design = cls(settings, spec, representation, Scaling.fit(values, counts))
        batch = design.tensors(points, counts, np.random.default_rng(0), mirrored=False)
        design.network.whiten(batch["values"], batch["counts"])
        return design

    @classmethod
    def from_json(cls, settings: RQSFlowSettings, spec: CloudSpec, document: Mapping[str, Any]) -> Self:
        return cls(settings, spec, restore(document["representation"]), Scaling.from_json(document["scaling"]))

    def to_json(self) -> dict[str, Any]:
        return {"representation": self.representation.to_json(), "scaling": self.scaling.to_json()}

    def tensors(self, points: Float64, counts: Int64, rng: np.random.Generator, *, mirrored: bool) -> dict[str, Tensor]:
        del rng
        copies = [points]
        if mirrored and self._mirrors:
            copies += [
                points * self._signs(flipped) for flipped in (JET_FEATURES[:1], JET_FEATURES[1:2], JET_FEATURES[:2])
            ]
        encoded = [self._encode(one, counts) for one in copies]
        values = np.concatenate([values.reshape(len(points), -1).astype(np.float32) for values, _ in encoded])
        offset = np.concatenate([log_det for _, log_det in encoded]).astype(np.float32)
        tensors = {"values": values, "counts": np.tile(counts, len(copies)), "offset": offset}
        return {name: torch.from_numpy(array) for name, array in tensors.items()}

    @property
    def _mirrors(self) -> bool:
        return self.settings.flips and isinstance(self.representation, JetShape)

    def _signs(self, flipped: tuple[str, ...]) -> Float64:
        return np.asarray([-1.0 if name in flipped else 1.0 for name in self.spec.names])

    def _encode(self, points: Float64, counts: Int64) -> tuple[Float64, Float64]:
        values, log_det = self.representation.encode(points, counts)
        scaled, log_det_scale = self.scaling.forward(values, counts)
        return scaled, log_det + log_det_scale

    def log_density(self, batch: Mapping[str, Tensor]) -> Tensor:
        return self.network.log_prob(batch["values"], batch["counts"])

    def decode(self, counts: Int64, generator: torch.Generator) -> tuple[Float64, dict[str, int]]:
        shape = (len(counts), self.spec.max_points * len(self.spec.features))
        noise = torch.randn(shape, generator=generator, device=generator.device)
        numbers = torch.from_numpy(counts).to(generator.device)
        values = self.network.decode(noise, numbers).double()
        bad = ~torch.isfinite(values).all(1)
        if bad.any():
            values[bad] = copy.deepcopy(self.network).double().decode(noise[bad].double(), numbers[bad])
        flat = torch.nan_to_num(values).cpu().numpy()
        held = int((np.abs(flat) > self.scaling.limit).any(1).sum())
        scaled = self.scaling.inverse(flat.reshape(len(counts), self.spec.max_points, -1))
        present = np.arange(self.spec.max_points) < counts[:, None]
        points = self.representation.decode(scaled * present[..., None], counts)
        if self._mirrors:
            signs = 2.0 * torch.randint(2, (len(counts), 1, 2), generator=generator, device=generator.device) - 1
            points[..., [self.spec.index(name) for name in JET_FEATURES[:2]]] *= signs.cpu().numpy()
        return points, {"in_float64": int(bad.sum()), "held": held}
