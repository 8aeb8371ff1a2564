"""The velocity field of the points of a cloud."""

from __future__ import annotations

import math

import torch
from jetgen.torch.clouds import JetSummary
from jetgen.torch.nn import SetNetwork, size_numbers, time_features, time_width
from torch import Tensor, nn

from jetgen_mdma_flowmatch.settings import MDMAFlowMatchSettings

__all__ = ["PointField", "published_times"]

# A summary in front of a network, so that its tails are not far away.
_SUMMARY_SCALE = 1 / 3


class PointField(nn.Module):
    """The velocity of each point at a time, given multiplicity, conditioning and the summary that the jet shall have.

    Arguments:
        settings: of the network.
        features: numbers of a coded point.
        largest: the largest multiplicity.
        typical: the mean multiplicity.
        conditioning: numbers of the encoded conditioning.
        summary: what observes the jet; None for clouds without one.
    """

    def __init__(
        self,
        settings: MDMAFlowMatchSettings,
        *,
        features: int,
        largest: int,
        typical: float,
        conditioning: int,
        summary: JetSummary | None,
    ) -> None:
        super().__init__()
        self.settings, self.features, self.summary = settings, features, summary
        self.largest, self.typical = largest, typical
        published = settings.published_form
        told = 2 * settings.frequencies if published else time_width(settings.frequencies)
        told += conditioning + settings.told_size * (1 if published else 2)
        if summary is not None:
            told += summary.size * (3 if settings.feedback else 1)
        self.network = SetNetwork(
            features,
            features,
            told,
            backbone=settings.backbone,
            width=settings.width,
            hidden=settings.hidden,
            blocks=settings.blocks,
            heads=settings.heads,
            typical=typical,
            conditioning_width=0 if published else settings.conditioning_width,
            apart=int(published and settings.told_size),
        )

    def forward(
        self, time: Tensor, points: Tensor, mask: Tensor, counts: Tensor, conditioning: Tensor, target: Tensor | None
    ) -> Tensor:
        """The velocity (B, P, F) at times (B,) of points (B, P, F), 0 where ``mask`` is False; target: (B, 4)."""
        one = self.settings
        known = [(published_times if one.published_form else time_features)(time, one.frequencies), conditioning]
        if self.summary is not None and target is not None:
            known.append(_SUMMARY_SCALE * target)
            if one.feedback:
                now = self.summary(points, mask)
                known += [_SUMMARY_SCALE * now, _SUMMARY_SCALE * (now - target)]
        if one.told_size:
            # Last, because the published network tells it to the mean field alone.
            part = (counts.to(time.dtype) / self.typical).unsqueeze(1)
            known.append(part if one.published_form else size_numbers(counts, self.largest))
        velocity: Tensor = self.network(points, mask, torch.cat(known, 1))
        return velocity * mask.unsqueeze(-1)


def published_times(times: Tensor, frequencies: int) -> Tensor:
    """The features (B, 2 K) of the published code, cos(pi t e^k) for k < 2 K: noise from about k = 16 on in float32."""
    exponents = torch.arange(2 * frequencies, device=times.device, dtype=times.dtype)
    return (times.unsqueeze(1) * (math.pi * exponents.exp())).cos()
