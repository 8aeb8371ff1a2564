"""ParticleNet (arXiv:1902.08570) with the weights of JetNet, up to its first dense layer, without sparse graphs."""

from __future__ import annotations

from typing import NamedTuple, Self

import torch
from torch import Tensor
from torch.nn.functional import linear

from jetgen_jetnet.resources import Layer, Weights

__all__ = ["ParticleNet"]

_NEIGHBOURS = 16


class _Linear(NamedTuple):
    """A linear layer in float32 on a device."""

    weight: Tensor
    bias: Tensor

    @classmethod
    def of(cls, layer: Layer, device: torch.device) -> Self:
        return cls(*(torch.from_numpy(array).to(device, torch.float32) for array in layer))

    def __call__(self, x: Tensor) -> Tensor:
        return linear(x, self.weight, self.bias)


class _EdgeBlock:
    """The mean over the nearest neighbours j of a particle i of three layers on the edge (x_i, x_j - x_i).

    The first layer is linear in both halves of the edge: A x_i + B (x_j - x_i) = (A - B) x_i + B x_j. Both terms
    belong to particles, of which there are 16 times fewer than edges.
    """

    def __init__(self, first: Layer, second: Layer, third: Layer, device: torch.device) -> None:
        half = first.weight.shape[1] // 2
        here, there = first.weight[:, :half], first.weight[:, half:]
        self._own = _Linear.of(Layer(here - there, first.bias), device)
        self._other = torch.from_numpy(there).to(device, torch.float32)
        self._second, self._third = _Linear.of(second, device), _Linear.of(third, device)

    def __call__(self, x: Tensor, neighbours: Tensor) -> Tensor:
        """(particles, outputs) for x (particles, inputs) and the rows of x that are neighbours (particles, 16)."""
        own, other = self._own(x), linear(x, self._other)
        edges = other.index_select(0, neighbours.flatten()).view(*neighbours.shape, -1)
        edges = edges.add_(own[:, None]).relu_().flatten(0, 1)
        edges = self._third(self._second(edges).relu_()).relu_()
        return edges.view(*neighbours.shape, -1).mean(1)


class ParticleNet:
    """The trained network, for inference.

    Arguments:
        weights: from :func:`jetgen_jetnet.resources.read_weights`.
        device: the torch device.
    """

    def __init__(self, weights: Weights, device: str = "cpu") -> None:
        self._device = torch.device(device)
        self._blocks = [_EdgeBlock(*block, self._device) for block in weights.blocks]
        self._dense = _Linear.of(weights.dense, self._device)
        self.width = len(weights.dense.bias)

    @torch.inference_mode()
    def activations(self, jets: Tensor) -> Tensor:
        """(N, 256), the first dense layer before its nonlinearity, of normalised jets (N, 30, 3) in float32."""
        n, slots, _ = jets.shape
        jets = jets.to(self._device)
        first = torch.arange(0, n * slots, slots, device=self._device)[:, None, None]
        x, near = jets.flatten(0, 1), jets[..., :2]
        for block in self._blocks:
            neighbours = (_nearest(near) + first).flatten(0, 1)
            x = torch.cat([block(x, neighbours), x], 1)
            near = x.view(n, slots, -1)
        return self._dense(near.mean(1))


def _nearest(x: Tensor) -> Tensor:
    """(N, P, 16), the indices of the nearest other particles of each particle of x (N, P, F).

    Distances are computed from differences rather than from matrix products, which lose the digits that separate near
    neighbours: one exchanged neighbour can change the fourth digit of the FPND of a sample.
    """
    distance = torch.cdist(x, x, compute_mode="donot_use_mm_for_euclid_dist")
    distance.diagonal(dim1=1, dim2=2).fill_(torch.inf)
    return distance.topk(_NEIGHBOURS, largest=False, sorted=False).indices
