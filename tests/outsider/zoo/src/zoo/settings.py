"""Right settings, and wrong ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from jetgen.api.settings import Need
from jetgen.data.spec import CloudSpec
from kind_outsider.settings import KindGaussianSettings
from pydantic import ConfigDict, field_serializer

__all__ = ["Forgetful", "Lenient", "NeedySettings", "NoGpu", "Picky", "RightSettings", "WrongPreset"]


class RightSettings(KindGaussianSettings):
    """As the kind outsider's."""


class NeedySettings(KindGaussianSettings):
    def needs(self) -> Mapping[str, Need]:
        return {"teacher": Need("kind_outsider.spec:KIND_GAUSSIAN", "tiny", {})}


class Picky(KindGaussianSettings):
    def incompatibility(self, cloud_spec: CloudSpec) -> str | None:
        return f"it learns clouds of 100 points or more, these have {cloud_spec.max_points}"


class NoGpu(KindGaussianSettings):
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"tiny": {}, "quick": {}, "standard": {}, "full": {}}


class WrongPreset(KindGaussianSettings):
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        **KindGaussianSettings.presets,
        "full": {"cluods_per_step": 10},
    }


class Lenient(KindGaussianSettings):
    model_config = ConfigDict(extra="ignore")


class Forgetful(KindGaussianSettings):
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {**KindGaussianSettings.presets, "full": {"width": 1.25}}

    @field_serializer("width", when_used="json")
    def _rounded(self, width: float) -> int:
        return round(width)
