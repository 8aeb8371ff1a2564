"""Linear maps whose size is constrained: what keeps a critic from answering ever more steeply."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrizations, parametrize

__all__ = ["Norm", "constrain", "linear"]

Norm = Literal["rows", "spectral", "none"]
"""``rows``: no bias, and each row of the matrix has length 1; ``spectral``: the largest singular value is 1."""

_SMALLEST = 1e-12


class _UnitRows(nn.Module):
    """Each row of a matrix divided by its length; no gain is learnt."""

    def forward(self, weight: Tensor) -> Tensor:
        return functional.normalize(weight, dim=1, eps=_SMALLEST)


def linear(inputs: int, outputs: int, norm: Norm = "none") -> nn.Linear:
    """A linear map constrained by ``norm``; only with ``rows`` it has no bias.

    >>> linear(3, 2, "rows").weight.norm(dim=1).round(decimals=4).tolist()
    [1.0, 1.0]
    """
    return constrain(nn.Linear(inputs, outputs, bias=norm != "rows"), norm)


def constrain(made: nn.Linear, norm: Norm) -> nn.Linear:
    """The same map, constrained by ``norm`` from now on.

    With ``spectral`` (arXiv:1802.05957) a step of the power iteration is made whenever a module in training uses it.
    """
    if norm == "spectral":
        parametrizations.spectral_norm(made)
    elif norm == "rows":
        parametrize.register_parametrization(made, "weight", _UnitRows())
    return made
