"""The learnable 1x1 permutation of Glow: an invertible matrix as a permutation and two triangles."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["PLU"]


class PLU(nn.Module):
    """x to W x with W = P L (U + diag s), arXiv:1807.03039; W begins as a random rotation.

    L has the diagonal 1, U the diagonal 0. P and the signs of s are fixed. All d² numbers that are learnt lie in one
    matrix: L below its diagonal, U above, log |s| on it.

    Arguments:
        size: d.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.order: Tensor
        self.sign: Tensor
        rotation, _ = torch.linalg.qr(torch.randn(size, size))
        permutation, lower, upper = torch.linalg.lu(rotation)
        diagonal = upper.diagonal()
        self.entries = nn.Parameter(lower.tril(-1) + upper.triu(1) + diagonal.abs().log().diag())
        self.register_buffer("order", permutation.argmax(1))
        self.register_buffer("sign", diagonal.sign())

    def matrix(self) -> Tensor:
        """W (d, d)."""
        eye = torch.eye(len(self.sign), dtype=self.entries.dtype, device=self.entries.device)
        upper = self.entries.triu(1) + (self.sign * self.entries.diagonal().exp()).diag()
        return ((self.entries.tril(-1) + eye) @ upper)[self.order]

    def forward(self, inputs: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """W x of each row, and log |det|, the sum of log |s|."""
        del context
        return inputs @ self.matrix().T, self._log_det(inputs)

    def inverse(self, inputs: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Back."""
        del context
        # Inverted in double precision and once, not solved for each row: that is slower, and no more precise.
        inverted = torch.linalg.inv(self.matrix().double()).to(inputs.dtype)
        return inputs @ inverted.T, -self._log_det(inputs)

    def _log_det(self, inputs: Tensor) -> Tensor:
        return self.entries.diagonal().sum().expand(len(inputs))
