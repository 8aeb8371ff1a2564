"""The two velocity fields with what belongs to them: from noise to points, and from points to their density."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from jetgen import CloudSpec
from jetgen.data.jets import has_relative
from jetgen.torch.clouds import CloudCoding
from jetgen.torch.clouds.jet_summary import JetSummary
from jetgen.torch.clouds.summary_flow import SummaryFlow
from jetgen.torch.nn.odes import Field, Solver
from jetgen.torch.training import mask_of
from torch import Tensor, nn

from jetgen_mdma_flowmatch.density import exact_trace, hutchinson_trace, log_density, log_normal
from jetgen_mdma_flowmatch.fields import PointField
from jetgen_mdma_flowmatch.matching import blurred
from jetgen_mdma_flowmatch.settings import MDMAFlowMatchSettings

__all__ = ["Model"]

# A density is not asked for in a hurry.
_SUMMARY_DENSITY_SOLVER = Solver("rk4", 32)


class Model(nn.Module):
    """The networks of the generator.

    Arguments:
        settings: all of them.
        spec: the meaning of the clouds.
        coding: fitted to the training clouds.
        typical: their mean multiplicity.
    """

    def __init__(self, settings: MDMAFlowMatchSettings, spec: CloudSpec, coding: CloudCoding, typical: float) -> None:
        super().__init__()
        self.settings, self.typical = settings, typical
        conditioning, largest = coding.conditioning.width, spec.max_points
        summary = None
        if settings.summary and has_relative(spec):
            summary = JetSummary(spec, coding.points.features)
        self.points = PointField(
            settings,
            features=coding.points.width,
            largest=largest,
            typical=typical,
            conditioning=conditioning,
            summary=summary,
        )
        self.summary: SummaryFlow | None = None
        if summary is not None:
            self.summary = SummaryFlow(
                summary.size,
                conditioning=conditioning,
                largest=largest,
                hidden=settings.summary_hidden,
                frequencies=settings.frequencies,
            )

    def draw(self, solver: Solver, noise: Tensor, start: Tensor, counts: Tensor, conditioning: Tensor) -> Tensor:
        """The points (B, P, F) that ``noise`` flows to.

        Arguments:
            start: noise (B, 8): what the summary flows from, and the blur of what the points are told of it.
        """
        mask = mask_of(counts, noise.shape[1])
        noise = noise * mask.unsqueeze(-1)
        observer = self.points.summary
        if self.summary is None or observer is None:
            return solver.solve(self._point_field(mask, counts, conditioning, None), noise)
        first, blur = start.chunk(2, 1)
        summary = self.summary.draw(first, counts, conditioning)
        target = observer.told(summary) + self.settings.summary_noise * blur
        points = solver.solve(self._point_field(mask, counts, conditioning, target), noise)
        return observer.settled(points, mask, summary)[0]

    def log_density(self, solver: Solver, batch: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        """The logarithm (B,) of one estimate of the density of standardised ``points`` (B, P, F) in this order.

        A jet x with the summary c could have been settled from any jet y of its orbit, which has the summary b: its
        density is p(c) times the integral over b of p(y | t) |dy / dx|, where t is c with the blur that the network is
        told. One t and one b, the latter from a normal q about t, give an estimate p(c) p(y | t) |dy / dx| / q(b) that
        has the density as its mean, but for the estimated trace of p(y | t).
        """
        points, counts, conditioning = batch["points"], batch["counts"], batch["conditioning"]
        mask = mask_of(counts, points.shape[1])
        target, weight = None, torch.zeros(len(points), device=points.device)
        observer = self.points.summary
        if self.summary is not None and observer is not None:
            summary = observer.raw(points, mask)
            scores, slope = self.summary.scores(summary)
            field = self.summary.field(counts, conditioning)
            # In the units of what is told, as q is.
            weight = (
                log_density(field, scores, _SUMMARY_DENSITY_SOLVER, exact_trace) + slope + observer.scale.log().sum()
            )
            target = blurred(observer.told(summary), self.settings, generator)
            before = blurred(target, self.settings, generator)
            points, volume = observer.settled(points, mask, observer.untold(before))
            away = (before - target) / self.settings.summary_noise
            weight = weight + volume - log_normal(away) + away.shape[1] * math.log(self.settings.summary_noise)
        signs = torch.randint(0, 2, points.shape, generator=generator, device=points.device)
        probe = (2.0 * signs - 1) * mask.unsqueeze(-1)
        point_field = self._point_field(mask, counts, conditioning, target)
        return weight + log_density(point_field, points, solver, hutchinson_trace(probe), mask.unsqueeze(-1))

    def _point_field(self, mask: Tensor, counts: Tensor, conditioning: Tensor, target: Tensor | None) -> Field:
        return lambda time, state: self.points(time.expand(len(state)), state, mask, counts, conditioning, target)
