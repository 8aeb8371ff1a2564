"""The autoregressive flow of splines, by zuko."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from zuko.flows import NSF

from jetgen_realnvp_glow.flow import Flow
from jetgen_realnvp_glow.generator import FlowGenerator
from jetgen_realnvp_glow.settings import RQSAutoregressiveSettings

__all__ = ["AutoregressiveFlow", "RQSAutoregressive"]


class AutoregressiveFlow(Flow):
    """The neural spline flow of zuko: each number through a spline that follows from those before it.

    The density takes one pass through the networks, a sample one for each number.

    Arguments:
        settings: of the networks and splines.
        size: how many numbers.
        context: how many numbers of a conditioning.
    """

    def __init__(self, settings: RQSAutoregressiveSettings, size: int, context: int) -> None:
        super().__init__()
        self.flow = NSF(
            size,
            context,
            bins=settings.bins,
            transforms=settings.transforms,
            hidden_features=[settings.hidden] * settings.layers,
        )
        self.context = context

    def encode(self, values: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        noise, log_det = self._transform(context).call_and_ladj(values)
        return noise, log_det

    def invert(self, noise: Tensor, context: Tensor) -> Tensor:
        values: Tensor = self._transform(context).inv(noise)
        return values

    def _transform(self, context: Tensor) -> Any:
        return self.flow(context if self.context else None).transform


class RQSAutoregressive(FlowGenerator[RQSAutoregressiveSettings]):
    """An autoregressive spline flow of the columns of a table. See the README of the plugin."""

    settings_class = RQSAutoregressiveSettings

    def build(self, features: int, conditioning: int, mean_multiplicity: float) -> Flow:
        """The flow that the settings describe."""
        del features, mean_multiplicity
        return AutoregressiveFlow(self.settings, self.size, self.context_width(conditioning))
