"""A bias on the attention of two particles, from distance and momenta (Particle Transformer, arXiv:2202.03772)."""

from __future__ import annotations

import torch
from jetgen.torch.clouds import JetSummary
from torch import Tensor, nn

__all__ = ["PairBias"]

# A calorimeter resolves no smaller distance, and the slope of a logarithm stays finite.
_CLOSEST = 3e-3
_SOFTEST = 1e-5
# The three logarithms, roughly standardised: of distances of 0.01 to 0.8, and of shares of 1e-4 to 0.3.
_MEANS, _SPREADS = (-2.0, -5.0, -3.5), (1.0, 1.5, 1.5)


class PairBias(nn.Module):
    r"""Numbers for each head and pair of particles, from :math:`\ln\Delta R` and the logarithms of both pT, sorted.

    They span what Particle Transformer shows of a pair: :math:`\ln\Delta R`, :math:`\ln k_T`, :math:`\ln z` and
    :math:`\ln m^2`. A network of single particles hardly sees small distances, which is where a classifier looks.

    Arguments:
        width: of the network of a pair.
        heads: of the attention.
        observer: gives the physical coordinates of preprocessed particles.
    """

    def __init__(self, width: int, heads: int, observer: JetSummary) -> None:
        super().__init__()
        self._observer = [observer]  # in a list: its buffers are not those of this module
        self.net = nn.Sequential(nn.Linear(3, width), nn.SiLU(), nn.Linear(width, heads))

    def forward(self, points: Tensor) -> Tensor:
        """The bias (B, heads, P, P) of preprocessed particles (B, P, W), symmetric in the pair."""
        eta, phi, momentum = self._observer[0].physical(points)
        squared = (eta.unsqueeze(2) - eta.unsqueeze(1)).square() + (phi.unsqueeze(2) - phi.unsqueeze(1)).square()
        distance = 0.5 * (squared + _CLOSEST**2).log()
        log = momentum.clamp(min=_SOFTEST).log()
        softer, harder = (choose(log.unsqueeze(2), log.unsqueeze(1)) for choose in (torch.minimum, torch.maximum))
        columns = zip((distance, softer, harder), _MEANS, _SPREADS, strict=True)
        seen = torch.stack([(column - mean) / spread for column, mean, spread in columns], -1)
        bias: Tensor = self.net(seen).permute(0, 3, 1, 2)
        return bias
