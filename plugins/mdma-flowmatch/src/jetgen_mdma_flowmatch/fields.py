"""The velocity field of the points of a cloud."""

from __future__ import annotations

import math

import torch
from jetgen.torch.clouds import JetSummary
from jetgen.torch.nn import Neighbours, SetNetwork, size_numbers, time_features, time_width
from torch import Tensor, nn

from jetgen_mdma_flowmatch.settings import MDMAFlowMatchSettings

__all__ = ["PointField", "published_times"]

# A summary in front of a network, so that its tails are not far away.
_SUMMARY_SCALE = 1 / 3


class PointField(nn.Module):
    """The velocity of each point at a time, given multiplicity, conditioning and the summary that the jet shall have.

    Arguments:
        settings: of the network.
        features: numbers of a preprocessed point.
        conditioning: numbers of the encoded conditioning.
        largest: the largest multiplicity.
        mean_multiplicity: of the training clouds.
        summary: what summarises a jet; None for clouds without a summary.
        positions: the columns of a preprocessed point that say where it is; none if clouds have no places.
    """

    def __init__(
        self,
        settings: MDMAFlowMatchSettings,
        features: int,
        conditioning: int,
        largest: int,
        mean_multiplicity: float,
        summary: JetSummary | None,
        positions: tuple[int, ...] = (),
    ) -> None:
        super().__init__()
        self.settings, self.features, self.summary = settings, features, summary
        self.largest, self.mean_multiplicity = largest, mean_multiplicity
        published, sized = settings.published_form, settings.condition_on_size
        known = conditioning + (2 * settings.frequencies if published else time_width(settings.frequencies))
        known += sized * (1 if published else 2)
        known += 0 if summary is None else summary.size * (3 if settings.feedback else 1)
        # Added to what the network knows, and 0 at first: until it learns jumps it says the velocity.
        self.jump: nn.Linear | None = None
        if settings.flow_map != "none":
            self.jump = nn.Linear(time_width(settings.frequencies), known, bias=False)
            nn.init.zeros_(self.jump.weight)
        self.network = SetNetwork(
            features,
            features,
            known,
            backbone=settings.backbone,
            width=settings.width,
            hidden=settings.hidden,
            blocks=settings.blocks,
            heads=settings.heads,
            mean_multiplicity=mean_multiplicity,
            conditioning_width=0 if published else settings.conditioning_width,
            field_only=int(published and sized),
            neighbours=_neighbours(settings, positions if largest > 1 else ()),
        )

    def forward(
        self,
        time: Tensor,
        points: Tensor,
        mask: Tensor,
        conditioning: Tensor,
        target: Tensor | None,
        until: Tensor | None = None,
    ) -> Tensor:
        """The velocity (B, P, F) at times (B,) of points (B, P, F), 0 where ``mask`` is False; target: (B, 4).

        With times ``until`` (B,) it is the mean velocity until then, if the settings have a ``flow_map``.
        """
        one = self.settings
        known = [(published_times if one.published_form else time_features)(time, one.frequencies), conditioning]
        if self.summary is not None and target is not None:
            known.append(_SUMMARY_SCALE * target)
            if one.feedback:
                now = self.summary(points, mask)
                known += [_SUMMARY_SCALE * now, _SUMMARY_SCALE * (now - target)]
        if one.condition_on_size:
            # Last, because the published network shows it to the mean field alone.
            n = mask.sum(1)
            part = (n.to(time.dtype) / self.mean_multiplicity).unsqueeze(1)
            known.append(part if one.published_form else size_numbers(n, self.largest))
        told = torch.cat(known, 1)
        if self.jump is not None and until is not None:
            gap = until - time
            told = told + self.jump(gap.unsqueeze(1) * time_features(gap, one.frequencies))
        velocity: Tensor = self.network(points, mask, told)
        return velocity * mask.unsqueeze(-1)


def _neighbours(settings: MDMAFlowMatchSettings, positions: tuple[int, ...]) -> Neighbours | None:
    if not settings.neighbours or not positions:
        return None
    return Neighbours(settings.neighbours, positions, settings.neighbour_rounds, settings.message_width)


def published_times(times: Tensor, frequencies: int) -> Tensor:
    """The features (B, 2 K) of the published code, cos(pi t e^k) for k < 2 K: noise from about k = 16 on in float32."""
    exponents = torch.arange(2 * frequencies, device=times.device, dtype=times.dtype)
    return (times.unsqueeze(1) * (math.pi * exponents.exp())).cos()
