"""The two velocity fields: from noise to points, and from points to their density."""

from __future__ import annotations

import math

import torch
from jetgen.torch import Batch, Noise
from jetgen.torch.clouds import JetSummary
from jetgen.torch.clouds.summary_flow import SummaryFlow
from jetgen.torch.nn.flow_map import Jumps
from jetgen.torch.nn.odes import Field, Solver
from torch import Tensor, nn

from jetgen_mdma_flowmatch.density import exact_trace, hutchinson_trace, log_density, log_normal
from jetgen_mdma_flowmatch.fields import PointField
from jetgen_mdma_flowmatch.matching import mean_velocity, noisy_summary
from jetgen_mdma_flowmatch.settings import MDMAFlowMatchSettings

__all__ = ["Model"]

# Nobody asks for a density in a hurry.
_SUMMARY_DENSITY_SOLVER = Solver("rk4", 32)


class Model(nn.Module):
    """The networks of the generator. Arguments: as of :class:`jetgen_mdma_flowmatch.fields.PointField`."""

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
        self.settings = settings
        self.points = PointField(settings, features, conditioning, largest, mean_multiplicity, summary, positions)
        self.summary: SummaryFlow | None = None
        if summary is not None:
            self.summary = SummaryFlow(
                summary.size,
                conditioning=conditioning,
                largest=largest,
                hidden=settings.summary_hidden,
                frequencies=settings.frequencies,
            )

    def take(self, velocity: Model) -> None:
        """The weights of a model of the same settings that learns no jumps: jumps are its velocity at first."""
        self.load_state_dict({**self.state_dict(), **velocity.state_dict()})

    def draw(self, solver: Solver | Jumps, noise: Noise, mask: Tensor, conditioning: Tensor) -> Tensor:
        """The points (B, P, F) that ``noise`` flows to; a jet gets exactly the summary that was drawn for it."""
        start, observer = noise.points * mask.unsqueeze(-1), self.points.summary
        if self.summary is None or observer is None:
            return self._moved(solver, start, mask, conditioning, None)
        first, blur = noise.cloud.chunk(2, 1)
        summary = self.summary.draw(first, mask.sum(1), conditioning)
        target = observer.standardised(summary) + self.settings.summary_noise * blur
        points = self._moved(solver, start, mask, conditioning, target)
        return observer.rescaled(points, mask, summary)[0]

    def log_density(self, solver: Solver, batch: Batch, rng: torch.Generator) -> Tensor:
        """The logarithm (B,) of one estimate of the density of preprocessed points (B, P, F) in this order.

        A jet x with the summary c could have been rescaled from any jet y of its orbit, which has the summary b: its
        density is p(c) times the integral over b of p(y | t) |dy / dx|, where t is c with the noise that the network
        sees. One t and one b, the latter from a normal q about t, give an estimate p(c) p(y | t) |dy / dx| / q(b) that
        has the density as its mean, but for the estimated trace of p(y | t).
        """
        points, mask, conditioning = batch.points, batch.mask, batch.conditioning
        target, weight = None, torch.zeros(len(points), device=points.device)
        observer = self.points.summary
        if self.summary is not None and observer is not None:
            summary = observer.raw(points, mask)
            scores, slope = self.summary.scores(summary)
            field = self.summary.field(batch.multiplicity, conditioning)
            # In units of standardised summaries, as q is.
            weight = (
                log_density(field, scores, _SUMMARY_DENSITY_SOLVER, exact_trace) + slope + observer.scale.log().sum()
            )
            target = noisy_summary(observer.standardised(summary), self.settings, rng)
            before = noisy_summary(target, self.settings, rng)
            points, volume = observer.rescaled(points, mask, observer.unstandardised(before))
            away = (before - target) / self.settings.summary_noise
            weight = weight + volume - log_normal(away) + away.shape[1] * math.log(self.settings.summary_noise)
        signs = torch.randint(0, 2, points.shape, generator=rng, device=points.device)
        probe = (2.0 * signs - 1) * mask.unsqueeze(-1)
        field = self._point_field(mask, conditioning, target)
        return weight + log_density(field, points, solver, hutchinson_trace(probe), mask.unsqueeze(-1))

    def _moved(
        self, solver: Solver | Jumps, start: Tensor, mask: Tensor, conditioning: Tensor, target: Tensor | None
    ) -> Tensor:
        if isinstance(solver, Jumps):
            return solver.solve(mean_velocity(self.points, mask, conditioning, target), start)
        return solver.solve(self._point_field(mask, conditioning, target), start)

    def _point_field(self, mask: Tensor, conditioning: Tensor, target: Tensor | None) -> Field:
        return lambda time, state: self.points(time.expand(len(state)), state, mask, conditioning, target)
