"""The two velocity fields with what belongs to them: from noise to points, and from points to their density."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from jetgen import CloudSpec
from jetgen.physics import has_relative
from jetgen.training import mask_of
from torch import Tensor, nn

from jetgen_mdma_flowmatch.density import exact_trace, hutchinson_trace, log_density, log_normal
from jetgen_mdma_flowmatch.fields import PointField, SummaryField
from jetgen_mdma_flowmatch.matching import blurred
from jetgen_mdma_flowmatch.representation import Representation
from jetgen_mdma_flowmatch.settings import MDMAFlowMatchSettings
from jetgen_mdma_flowmatch.solver import Field, Solver
from jetgen_mdma_flowmatch.summary import JetSummary

__all__ = ["Model"]

# The summary is four numbers: its flow costs next to nothing, so it is solved well.
_SUMMARY_SOLVER = Solver("midpoint", 32)


class Model(nn.Module):
    """The networks of the generator.

    Arguments:
        settings: all of them.
        spec: the meaning of the clouds.
        representation: fitted to the training clouds.
        typical: their mean multiplicity.
    """

    def __init__(
        self, settings: MDMAFlowMatchSettings, spec: CloudSpec, representation: Representation, typical: float
    ) -> None:
        super().__init__()
        self.settings, self.typical = settings, typical
        context, largest = representation.context.width, spec.max_points
        summary = None
        if settings.summary and has_relative(spec):
            summary = JetSummary(spec, representation.points)
        self.points = PointField(
            settings,
            features=len(spec.features),
            largest=largest,
            typical=typical,
            context=context,
            summary=summary,
        )
        self.summary: SummaryField | None = None
        if summary is not None:
            self.summary = SummaryField(
                summary.size,
                context=context,
                largest=largest,
                hidden=settings.summary_hidden,
                frequencies=settings.frequencies,
            )

    def draw(self, solver: Solver, noise: Tensor, start: Tensor, counts: Tensor, context: Tensor) -> Tensor:
        """The points (B, P, F) that ``noise`` flows to; ``start`` (B, 4) is the noise of their summary."""
        mask = mask_of(counts, noise.shape[1])
        target = None
        if self.summary is not None:
            target = _SUMMARY_SOLVER.solve(_summary_field(self.summary, counts, context), start)
        return solver.solve(self._point_field(mask, counts, context, target), noise * mask.unsqueeze(-1))

    def log_density(self, solver: Solver, batch: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        """The logarithm (B,) of one estimate of the density of standardised ``points`` (B, P, F) in this order.

        With a summary the estimate is p(c) p(points | c) / q(c) for a blurred summary c, where q is the blur about the
        summary of the points. It has the density as its mean, but for the estimated trace of p(points | c).
        """
        points, counts, context = batch["points"], batch["counts"], batch["context"]
        mask = mask_of(counts, points.shape[1])
        target, weight = None, torch.zeros(len(points), device=points.device)
        if self.summary is not None and self.points.summary is not None:
            centre = self.points.summary(points, mask)
            target = blurred(centre, self.settings, generator)
            noise = (target - centre) / self.settings.summary_noise
            blur = log_normal(noise) - centre.shape[1] * math.log(self.settings.summary_noise)
            field = _summary_field(self.summary, counts, context)
            weight = log_density(field, target, _SUMMARY_SOLVER, exact_trace) - blur
        signs = torch.randint(0, 2, points.shape, generator=generator, device=points.device)
        probe = (2.0 * signs - 1) * mask.unsqueeze(-1)
        field = self._point_field(mask, counts, context, target)
        return weight + log_density(field, points, solver, hutchinson_trace(probe), mask.unsqueeze(-1))

    def _point_field(self, mask: Tensor, counts: Tensor, context: Tensor, target: Tensor | None) -> Field:
        return lambda time, state: self.points(time.expand(len(state)), state, mask, counts, context, target)


def _summary_field(network: SummaryField, counts: Tensor, context: Tensor) -> Field:
    return lambda time, state: network(time.expand(len(state)), state, counts, context)
