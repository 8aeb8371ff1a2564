"""Settings of the Gaussians."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from jetgen.api.settings import Settings
from pydantic import Field

__all__ = ["KindGaussianSettings"]


class KindGaussianSettings(Settings):
    """How many clouds a step looks at, and how long it pauses: a slow training is easy to kill in the middle."""

    clouds_per_step: int = Field(default=20_000, ge=2)
    step_seconds: float = Field(default=0.0, ge=0)
    width: float = Field(default=1.0, gt=0)

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "tiny": {"clouds_per_step": 200},
        "quick": {"clouds_per_step": 5_000},
        "standard": {},
        "gpu": {},
        "full": {"clouds_per_step": 100_000},
    }
