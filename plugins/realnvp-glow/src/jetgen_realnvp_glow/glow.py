"""The coupling flow of the seminar, from realNVP to Glow to splines."""

from __future__ import annotations

from jetgen_realnvp_glow.flow import BlockFlow, Flow
from jetgen_realnvp_glow.generator import FlowGenerator
from jetgen_realnvp_glow.settings import RealNVPGlowSettings

__all__ = ["RealNVPGlow"]


class RealNVPGlow(FlowGenerator[RealNVPGlowSettings]):
    """Blocks of normalisation, permutation and coupling (arXiv:1605.08803, arXiv:1807.03039). See the README."""

    settings_class = RealNVPGlowSettings

    def build(self, features: int, conditioning: int, mean_multiplicity: float) -> Flow:
        """The flow that the settings describe."""
        del features, mean_multiplicity
        return BlockFlow(self.settings, self.size, self.context_width(conditioning))
