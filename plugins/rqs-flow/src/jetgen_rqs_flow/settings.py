"""The settings of the flow and its presets; no torch is needed to read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from jetgen import CloudSpec, TorchSettings
from pydantic import Field

__all__ = ["RQSFlowSettings"]


class RQSFlowSettings(TorchSettings):
    """Architecture and training of the flow. The defaults are those of the preset ``quick``."""

    design: Literal["places", "talk"] = Field(
        "places", description="places: our flow over the places that are taken; talk: the ML4Jets 2022 flow, by nflows"
    )
    couplings: int = Field(6, ge=2, description="coupling layers")
    hidden: int = Field(128, ge=1, description="width of the network of a coupling")
    blocks: int = Field(1, ge=0, description="residual blocks of that network")
    bins: int = Field(8, ge=2, le=128, description="bins of a spline")
    tail: float = Field(5.0, gt=0, description="the splines are the identity beyond this")
    dropout: float = Field(0.2, ge=0, lt=1, description="in the networks of the couplings, while training")
    shared_couplings: int = Field(4, ge=2, description="coupling layers over what describes a jet as a whole")
    shared_hidden: int = Field(48, ge=1, description="width of their networks")
    shared_bins: int = Field(8, ge=2, le=128, description="bins of their splines")
    steps: int = Field(1200, ge=1, description="steps of the optimiser")
    learning_rate: float = Field(3e-3, gt=0, description="of AdamW, at its highest")
    warmup: int = Field(50, ge=0, description="steps until then; after them it falls along a cosine")
    ema: float = Field(0.99, ge=0, lt=1, description="decay of the moving average of the weights that is kept")
    clip: float = Field(5.0, gt=0, description="largest norm of the gradient")
    validate_every: int = Field(250, ge=1, description="steps between looks at the validation clouds; the best is kept")

    buckets: bool = Field(default=False, description="of no use: every cloud is padded to the largest")
    step_points: int = Field(10**9, ge=1, description="a limit on the points of a step, for very large clouds")

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "tiny": {
            "couplings": 2,
            "hidden": 16,
            "shared_couplings": 2,
            "shared_hidden": 8,
            "steps": 40,
            "batch_size": 64,
        },
        "quick": {},
        "standard": {
            "couplings": 10,
            "hidden": 192,
            "dropout": 0.3,
            "steps": 12_000,
            "learning_rate": 2e-3,
            "warmup": 200,
            "ema": 0.999,
            "validate_every": 500,
        },
        "gpu": {
            "couplings": 12,
            "hidden": 384,
            "blocks": 2,
            "dropout": 0.3,
            "steps": 4000,
            "batch_size": 1024,
            "learning_rate": 2e-3,
            "warmup": 200,
            "ema": 0.999,
        },
        "full": {
            "design": "talk",
            "couplings": 17,
            "hidden": 256,
            "blocks": 2,
            "bins": 3,
            "tail": 6.0,
            "dropout": 0.01,
            "mirroring": False,
            "steps": 580_000,
            "batch_size": 1024,
            "learning_rate": 7.22e-4,
            "warmup": 0,
            "ema": 0.0,
            "clip": 1e6,
            "validate_every": 3000,
        },
    }

    def incompatibility(self, cloud_spec: CloudSpec) -> str | None:
        """Why these settings cannot learn such clouds."""
        if cloud_spec.conditioning or cloud_spec.given is not None:
            return "it does not generate for a conditioning or a conditioning cloud"
        if {feature.nature for feature in cloud_spec.features} & {"periodic", "categorical"}:
            return "it has no coordinates for periodic or categorical features"
        if cloud_spec.max_points * len(cloud_spec.features) < 2:
            return "a coupling needs at least two numbers in a cloud"
        return None
