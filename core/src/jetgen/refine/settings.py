"""The settings of weights on top of another generator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from jetgen.api.settings import Need, Settings

__all__ = ["WeightsSettings"]


class WeightsSettings(Settings):
    """Whose samples are weighted, and how the classifier is trained.

    Arguments:
        base: the generator whose samples get weights.
        base_preset: its preset.
        base_overrides: settings that replace those of its preset.
        epochs: passes of the classifier over the training clouds.
        width: of its hidden layers.
        largest: no weight is larger; the mean weight of a generator that covers the truth is 1.
        unweighted: clouds without weights instead, by rejection: ``largest`` clouds are generated for each one kept.
    """

    base: str = "independence"
    base_preset: str = "quick"
    base_overrides: dict[str, Any] = Field(default_factory=dict)
    epochs: int = Field(12, ge=1)
    width: int = Field(64, ge=8)
    largest: float = Field(10.0, gt=1.0)
    unweighted: bool = False

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "tiny": {"base_preset": "tiny", "epochs": 2, "width": 16},
        "quick": {},
        "standard": {"base_preset": "standard", "epochs": 24},
        "gpu": {"base_preset": "gpu", "epochs": 24},
        "full": {"base_preset": "full", "epochs": 24},
    }

    def needs(self) -> Mapping[str, Need]:
        """The generator whose samples get weights."""
        return {"base": Need(self.base, self.base_preset, self.base_overrides)}
