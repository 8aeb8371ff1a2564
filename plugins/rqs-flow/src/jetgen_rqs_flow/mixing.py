"""An invertible linear layer as a product of two triangular matrices, fit for clouds of any size."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

__all__ = ["Mixing"]


class Mixing(nn.Module):
    """x to L (U x) + b, with L of unit diagonal, both d x d.

    Empty slots come last and hold zeros. A triangular matrix keeps them out of the others, or the others out of them,
    so that each leading block is itself such a layer: the density of a small cloud needs no filling.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.lower = nn.Parameter(torch.zeros(size, size))
        self.upper = nn.Parameter(torch.zeros(size, size))
        self.log_diagonal = nn.Parameter(torch.zeros(size))
        self.bias = nn.Parameter(torch.zeros(size))

    def _matrices(self) -> tuple[Tensor, Tensor]:
        eye = torch.eye(len(self.bias), dtype=self.bias.dtype, device=self.bias.device)
        return self.lower.tril(-1) + eye, self.upper.triu(1) + self.log_diagonal.exp() * eye

    def forward(self, values: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Mixed values and log |det|; ``present`` is 1 at numbers of the cloud and 0 at empty ones."""
        lower, upper = self._matrices()
        mixed = (values @ upper.T) * present
        return (mixed @ lower.T + self.bias) * present, (self.log_diagonal * present).sum(1)

    def inverse(self, values: Tensor, present: Tensor) -> Tensor:
        """Back."""
        lower, upper = self._matrices()
        mixed = ((values - self.bias) * present).T
        mixed = torch.linalg.solve_triangular(lower, mixed, upper=False, unitriangular=True) * present.T
        return cast("Tensor", torch.linalg.solve_triangular(upper, mixed, upper=True).T * present)

    @torch.no_grad()
    def whiten(self, values: Tensor, present: Tensor) -> None:
        """Start as the map that makes these values uncorrelated, with variance 1."""
        values, present = values.double().cpu(), present.double().cpu()
        pairs = present.T @ present
        covariance = (values.T @ values) / pairs.clamp(min=1)
        # Pairs that hardly ever occur together say nothing; and what is left need not be a covariance until clipped.
        covariance = torch.where(pairs >= 100, covariance, torch.eye(len(covariance), dtype=torch.float64))
        strength, axes = torch.linalg.eigh(covariance)
        covariance = (axes * strength.clamp(min=1e-3)) @ axes.T
        whitening = torch.linalg.inv(torch.linalg.cholesky(covariance))
        diagonal = whitening.diagonal()
        self.log_diagonal.copy_(diagonal.log())
        self.lower.copy_((whitening / diagonal).tril(-1))
