"""A spec and settings that bring torch along."""

from __future__ import annotations

import torch
from jetgen.api.specs import GeneratorSpec
from kind_outsider.settings import KindGaussianSettings

__all__ = ["SPEC", "HeavySettings"]

SPEC = GeneratorSpec(
    name="heavy-spec",
    summary=f"its spec needs torch {torch.__version__}",
    target="zoo.right:Right",
    settings="zoo.settings:RightSettings",
    kinds=("jets",),
)


class HeavySettings(KindGaussianSettings):
    threads: int = torch.get_num_threads()
