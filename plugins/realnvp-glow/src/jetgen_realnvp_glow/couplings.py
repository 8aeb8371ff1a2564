"""The couplings: some numbers are scaled and shifted, or bent by splines, as a function of the others."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import torch
from jetgen.torch.nn import spline, spline_size, transposed_linear
from torch import Tensor, nn

__all__ = ["AffineCoupling", "Coupling", "SplineCoupling"]

# A coupling of nflows takes the numbers apart by lists of indices, whose backward pass is slow. Slices are views.


class Coupling(nn.Module, ABC):
    """x2 changes as a function of x1 and of the conditioning, and x1 stays.

    Arguments:
        kept, changed: where x1 and x2 are among the numbers.
    """

    def __init__(self, kept: slice, changed: slice) -> None:
        super().__init__()
        self.kept, self.changed = kept, changed

    def forward(self, values: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """Values (N, d) through the coupling, and log |det| (N,)."""
        return self._through(values, context, inverse=False)

    def inverse(self, values: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """Back, and log |det| of the way back."""
        return self._through(values, context, inverse=True)

    @abstractmethod
    def change(self, values: Tensor, known: Tensor, *, inverse: bool) -> tuple[Tensor, Tensor]:
        """What becomes of x2 for what is ``known``, x1 and the conditioning, and the logarithms of the slopes."""

    def _through(self, values: Tensor, context: Tensor, *, inverse: bool) -> tuple[Tensor, Tensor]:
        known = torch.cat([values[:, self.kept], context], 1)
        out, log_slopes = self.change(values[:, self.changed], known, inverse=inverse)
        result = values.clone()
        result[:, self.changed] = out
        return result, log_slopes.sum(1)


class AffineCoupling(Coupling):
    """x2 to x2 exp(s) + t, arXiv:1605.08803.

    Arguments:
        kept, changed: where x1 and x2 are.
        sizes: how many numbers x1 has with the conditioning, and x2.
        networks: 1 for s and t together, or 2, that for s with tanh.
        hidden, dropout: of the networks.
        scale_limit: of the logarithm of the scale; 0 for none.
    """

    def __init__(
        self,
        kept: slice,
        changed: slice,
        sizes: tuple[int, int],
        *,
        networks: int,
        hidden: int,
        dropout: float,
        scale_limit: float,
    ) -> None:
        super().__init__(kept, changed)
        known, changes = sizes
        shape: dict[str, Any] = {"hidden": hidden, "dropout": dropout}
        self.shift = _network(known, changes * (3 - networks), **shape, activation=nn.ReLU)
        self.scale = _network(known, changes, **shape, activation=nn.Tanh) if networks == 2 else None
        self.scale_limit = scale_limit

    def change(self, values: Tensor, known: Tensor, *, inverse: bool) -> tuple[Tensor, Tensor]:
        shift = self.shift(known)
        if self.scale is None:
            log_scale, shift = shift.chunk(2, 1)
        else:
            log_scale = self.scale(known)
        if self.scale_limit:
            log_scale = self.scale_limit * torch.tanh(log_scale / self.scale_limit)
        if inverse:
            return (values - shift) * (-log_scale).exp(), -log_scale
        return values * log_scale.exp() + shift, log_scale


class SplineCoupling(Coupling):
    """x2 through monotone rational-quadratic splines whose knots are functions of x1, arXiv:1906.04032.

    Arguments:
        kept, changed, sizes, hidden, dropout: as of :class:`AffineCoupling`; one network gives all knots.
        bins, tail: of the splines, which are the identity beyond ``tail``.
    """

    def __init__(
        self,
        kept: slice,
        changed: slice,
        sizes: tuple[int, int],
        *,
        hidden: int,
        dropout: float,
        bins: int,
        tail: float,
    ) -> None:
        super().__init__(kept, changed)
        known, changes = sizes
        self.net = nn.Sequential(*_hidden(known, hidden, dropout, nn.ReLU))
        self.knots = _last(hidden, changes * spline_size(bins))
        self.tail = tail

    def change(self, values: Tensor, known: Tensor, *, inverse: bool) -> tuple[Tensor, Tensor]:
        planes = transposed_linear(self.knots, self.net(known)).to(values.dtype)
        # Splines are never left to autocast: in half precision they do not invert.
        with torch.autocast(values.device.type, enabled=False):
            columns = values.T.contiguous()
            out, log_slopes = spline(columns, planes.view(-1, *columns.shape), self.tail, inverse=inverse)
            return out.T, log_slopes.T


def _network(
    inputs: int, outputs: int, *, hidden: int, dropout: float, activation: Callable[[], nn.Module]
) -> nn.Sequential:
    return nn.Sequential(*_hidden(inputs, hidden, dropout, activation), _last(hidden, outputs))


def _hidden(inputs: int, hidden: int, dropout: float, activation: Callable[[], nn.Module]) -> list[nn.Module]:
    return [nn.Linear(inputs, hidden), activation(), nn.Linear(hidden, hidden), activation(), nn.Dropout(dropout)]


def _last(hidden: int, outputs: int) -> nn.Linear:
    """A coupling begins close to the identity."""
    last = nn.Linear(hidden, outputs)
    nn.init.normal_(last.weight, std=1e-3)
    nn.init.zeros_(last.bias)
    return last
