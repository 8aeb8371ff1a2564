"""How the momentum of a jet is spread: what its critic is shown besides mass, momentum and centre."""

from __future__ import annotations

import torch
from jetgen.torch.clouds import JetSummary
from torch import Tensor

__all__ = ["MEANS", "SHAPES", "SPREADS", "jet_shapes"]

SHAPES = ("planar_flow", "girth", "les_houches", "dispersion", "fraction_10")
"""Their names among the high-level observables of core."""
_HARDEST = 10
_RADIUS = 0.8
_SMALL = 1e-12
MEANS = (0.45, 0.12, 0.37, 0.29, 0.71)
SPREADS = (0.29, 0.037, 0.07, 0.065, 0.086)
"""Those of top jets: the numbers are roughly standardised."""


def jet_shapes(observer: JetSummary, points: Tensor, mask: Tensor) -> Tensor:
    """Planar flow, girth, Les Houches angularity, dispersion and the share of the 10 hardest particles (B, 5).

    Arguments:
        observer: gives the physical coordinates.
        points: (B, P, W), preprocessed.
        mask: (B, P), True at particles.
    """
    eta, phi, momentum = observer.physical(points)
    share = momentum * mask
    share = share / share.sum(1, keepdim=True).clamp(min=_SMALL)
    from_eta, from_phi = (angle - (share * angle).sum(1, keepdim=True) for angle in (eta, phi))
    along, across, mixed = (
        (share * product).sum(1) for product in (from_eta.square(), from_phi.square(), from_eta * from_phi)
    )
    planar = 4 * (along * across - mixed.square()) / ((along + across).square() + _SMALL)
    distance = (eta.square() + phi.square() + _SMALL).sqrt()
    found = (
        planar,
        (share * distance).sum(1),
        (share * (distance / _RADIUS).sqrt()).sum(1),
        (share.square().sum(1) + _SMALL).sqrt(),
        share.topk(min(_HARDEST, share.shape[1]), 1).values.sum(1),
    )
    columns = zip(found, MEANS, SPREADS, strict=True)
    return torch.stack([(column - mean) / spread for column, mean, spread in columns], 1)
