"""The last step of a refiner: a curve for each number of a particle, which makes its distribution the true one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

__all__ = ["Marginals"]

Float64 = NDArray[np.float64]

_PROBABILITIES = np.concatenate([[0, 0.001, 0.003, 0.006], np.linspace(0.01, 0.99, 50), [0.994, 0.997, 0.999, 1]])
# What follows the curves moves the numbers again, so the curves are mended by what then is wrong.
_ROUNDS = 4


class Marginals(nn.Module):
    """Monotone, piecewise linear curves through quantiles; beyond the outermost ones numbers are shifted.

    Curves that are not fitted change nothing.

    Arguments:
        features: numbers of a particle.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.knots: Tensor
        line = torch.linspace(-1, 1, len(_PROBABILITIES))
        self.register_buffer("knots", line.repeat(2, features, 1))

    def forward(self, points: Tensor) -> Tensor:
        """Points (..., F) through the curve of each feature."""
        before, after = self.knots
        columns = points.flatten(0, -2).T.contiguous()
        left = torch.searchsorted(before[:, 1:-1].contiguous(), columns)
        x, y = before.gather(1, left), after.gather(1, left)
        slope = (after.gather(1, left + 1) - y) / (before.gather(1, left + 1) - x)
        held = columns.clamp(before[:, :1], before[:, -1:])
        curved: Tensor = y + slope * (held - x) + columns - held
        return curved.T.reshape(points.shape)

    @torch.inference_mode()
    def fit(self, made: Tensor, finished: Callable[[], Tensor], true: Tensor, mirrored: Sequence[int]) -> None:
        """Let what the curves lead to have the true distributions.

        Arguments:
            made: (N, F), what the curves are given.
            finished: what becomes of them, (N, F), with the curves as they are then.
            true: (M, F).
            mirrored: features whose curve is odd.
        """
        goals, before = (_quantiles(each, mirrored) for each in (true, made))
        after = before
        self._set(before, after)
        for _ in range(_ROUNDS):
            found = _quantiles(finished(), mirrored)
            after = np.stack([np.interp(*each) for each in zip(after, found, goals, strict=True)])
            self._set(before, after)

    def _set(self, before: Float64, after: Float64) -> None:
        self.knots.copy_(torch.from_numpy(np.stack([before, after])))


def _quantiles(values: Tensor, mirrored: Sequence[int]) -> Float64:
    """Increasing quantiles (F, K) of values (N, F)."""
    columns = values.double().cpu().numpy().T
    every = [np.concatenate([each, -each]) if i in mirrored else each for i, each in enumerate(columns)]
    found = np.stack([np.quantile(each, _PROBABILITIES) for each in every])
    # Apart by what float32 can tell, where many numbers are equal; about the middle, so that odd curves stay odd.
    least = 1e-5 * np.maximum(np.abs(found).max(1, keepdims=True), 1e-3)
    steps = np.arange(len(_PROBABILITIES)) - (len(_PROBABILITIES) - 1) / 2
    return np.asarray(found + least * steps, np.float64)
