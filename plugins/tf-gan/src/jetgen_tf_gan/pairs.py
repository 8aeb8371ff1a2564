"""What two particles tell a network: distance and momenta, as in Particle Transformer (arXiv:2202.03772)."""

from __future__ import annotations

import torch
from jetgen.torch.clouds import JetSummary
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["Pairs", "Pull", "pair_mask"]

# Half of the top jets have two particles nearer than 0.002; the slope of a logarithm stays finite.
_CLOSEST = 5e-4
_SOFTEST = 1e-5
# The three logarithms, roughly standardised: of distances of 0.01 to 0.8, and of shares of 1e-4 to 0.3.
_MEANS, _SPREADS = (-2.5, -5.0, -3.5), (1.2, 1.5, 1.5)


class Pairs(nn.Module):
    r"""A network of :math:`\ln\Delta R` and the logarithms of both pT, sorted, for every pair of particles of a jet.

    They span what Particle Transformer shows of a pair: :math:`\ln\Delta R`, :math:`\ln k_T`, :math:`\ln z` and
    :math:`\ln m^2`. It gives biases for attention, and for each particle the mean over its pairs: attention alone sees
    which particle is near, but hardly how near, and that is where a classifier looks.

    Arguments:
        width: of the network of a pair.
        biases: how many biases there are for each pair.
        into: numbers of the mean for each particle.
        observer: gives the physical coordinates of preprocessed particles.
    """

    def __init__(self, width: int, biases: int, into: int, observer: JetSummary) -> None:
        super().__init__()
        self._observer = [observer]  # in a list: its buffers are not those of this module
        self.net = nn.Sequential(nn.Linear(3, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU())
        self.bias = nn.Linear(width, biases)
        self.message = nn.Linear(width, into)

    def forward(self, seen: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Biases (B, biases, P, P), symmetric and 0 on the diagonal, and messages (B, P, into).

        Arguments:
            seen: (B, pairs, 3), what :meth:`logarithms` gives.
            mask: (B, P), True at particles.
        """
        slots = mask.shape[1]
        first, second = _pairs(mask)
        hidden = self.net(seen)
        numbers = torch.arange(len(first), device=seen.device)
        place = seen.new_full((slots, slots), len(first), dtype=torch.int64)
        place[first, second] = place[second, first] = numbers
        biases = functional.pad(self.bias(hidden), (0, 0, 0, 1))[:, place.flatten()]
        incidence = seen.new_zeros(slots, len(first))
        incidence[first, numbers] = incidence[second, numbers] = 1.0
        means = (incidence @ (hidden * pair_mask(mask).unsqueeze(-1))) / mask.sum(1).clamp(min=1).view(-1, 1, 1)
        shaped = biases.transpose(1, 2).reshape(len(seen), -1, slots, slots)
        return shaped, self.message(means)

    def logarithms(self, points: Tensor) -> Tensor:
        """The three logarithms (B, pairs, 3) of preprocessed ``points`` (B, P, W), of each pair of slots once."""
        first, second = _pairs(points)
        eta, phi, momentum = self._observer[0].physical(points)
        squared = (eta[:, first] - eta[:, second]).square() + (phi[:, first] - phi[:, second]).square()
        log = momentum.clamp(min=_SOFTEST).log()
        softer, harder = (choose(log[:, first], log[:, second]) for choose in (torch.minimum, torch.maximum))
        columns = zip((0.5 * (squared + _CLOSEST**2).log(), softer, harder), _MEANS, _SPREADS, strict=True)
        return torch.stack([(column - mean) / spread for column, mean, spread in columns], -1)


def pair_mask(mask: Tensor) -> Tensor:
    """Whether both slots of a pair (B, pairs) hold particles."""
    first, second = _pairs(mask)
    return mask[:, first] & mask[:, second]


def _pairs(of: Tensor) -> tuple[Tensor, Tensor]:
    """The two slots of each pair of slots of (B, P, ...)."""
    slots = of.shape[1]
    first, second = torch.triu_indices(slots, slots, 1, device=of.device)
    return first, second


class Pull(nn.Module):
    """Moves of each particle towards others, or away from them: what makes and breaks small distances.

    Head h attends from particle i to all others; the move is the sum over the heads of a gate of the particle, for each
    coordinate, times the attended mean minus the particle itself. To begin with all gates are 0.

    Arguments:
        width: of the particles inside the network.
        heads: of the attention.
        features: numbers of a preprocessed particle.
    """

    def __init__(self, width: int, heads: int, features: int) -> None:
        super().__init__()
        self.heads = heads
        self.attend = nn.Linear(width, 2 * width)
        self.gate = nn.Linear(width, heads * features)
        for parameter in self.gate.parameters():
            nn.init.zeros_(parameter)

    def forward(self, inner: Tensor, points: Tensor, bias: Tensor, mask: Tensor) -> Tensor:
        """The moves (B, P, W) of preprocessed ``points`` (B, P, W).

        Arguments:
            inner: (B, P, width), the particles inside the network.
            bias: (B, heads, P, P), on the scores.
            mask: (B, P), True at particles.
        """
        size, slots, width = inner.shape
        query, key = self.attend(inner).view(size, slots, 2, self.heads, -1).permute(2, 0, 3, 1, 4)
        scores = query @ key.transpose(2, 3) / (width // self.heads) ** 0.5 + bias
        others = mask[:, None, None, :] & ~torch.eye(slots, dtype=torch.bool, device=mask.device)
        weights = scores.masked_fill(~others, -1e4).softmax(-1) * others
        moves: Tensor = weights @ points.unsqueeze(1) - weights.sum(-1, keepdim=True) * points.unsqueeze(1)
        gates = self.gate(inner).view(size, slots, self.heads, -1).transpose(1, 2)
        total: Tensor = (gates * moves).sum(1)
        return total
