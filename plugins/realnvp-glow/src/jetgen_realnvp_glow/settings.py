"""The settings of both flows, with presets; no torch is needed to read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from jetgen import CloudSpec, TorchSettings
from pydantic import Field

__all__ = ["FlowSettings", "RQSAutoregressiveSettings", "RealNVPGlowSettings"]


_STANDARD: Mapping[str, Any] = {
    "hidden": 256,
    "bins": 24,
    "steps": 12_000,
    "warmup": 200,
    "ema": 0.999,
    "validate_every": 500,
}
_GPU: Mapping[str, Any] = {**_STANDARD, "hidden": 512, "bins": 32, "steps": 10_000, "batch_size": 4096}
_TINY: Mapping[str, Any] = {"hidden": 16, "bins": 4, "steps": 40, "batch_size": 64, "warmup": 5}


class FlowSettings(TorchSettings):
    """What both flows have in common: how columns are scaled, and the training by maximum likelihood."""

    scaling: Literal["logit", "gaussrank"] = Field(
        "gaussrank", description="of each column: its range by a logit (the seminar), or the normal score of its rank"
    )
    bins: int = Field(16, ge=2, le=128, description="bins of a spline")
    schedule: Literal["cosine", "constant"] = Field("cosine", description="of the learning rate, after the warm-up")
    steps: int = Field(1500, ge=1, description="steps of the optimiser")
    batch_size: int = Field(512, ge=1, description="clouds in a step")
    learning_rate: float = Field(2e-3, gt=0, description="of AdamW, at its highest")
    weight_decay: float = Field(1e-4, ge=0, description="of AdamW")
    ema: float = Field(0.99, ge=0, lt=1, description="decay of the moving average of the weights that is kept")
    clip: float = Field(5.0, gt=0, description="largest norm of the gradient")
    validate_every: int = Field(250, ge=1, description="steps between looks at the validation clouds; the best is kept")
    step_points: int = Field(4096, ge=1, description="points in a step, on average: of jets there are fewer in a step")
    buckets: bool = Field(default=False, description="of no use: every cloud is padded to the largest")
    batch_points: int = Field(500_000, ge=1, description="padded points computed at once; a limit on memory")

    def incompatibility(self, cloud_spec: CloudSpec) -> str | None:
        """Why these settings cannot learn such clouds."""
        if cloud_spec.given is not None:
            return "it does not generate for a conditioning cloud"
        if any(feature.nature == "periodic" for feature in cloud_spec.features):
            return "it has no coordinates for periodic features"
        return None


class RealNVPGlowSettings(FlowSettings):
    """Architecture and training of the coupling flow. The defaults are those of the preset ``quick``."""

    couplings: int = Field(8, ge=2, description="blocks of normalisation, permutation and coupling")
    permutation: Literal["lu", "reverse", "checkerboard"] = Field(
        "lu", description="before a coupling: a learnt 1x1 (PLU) one (Glow), the reverse order, or every other column"
    )
    normalisation: Literal["batch", "act", "none"] = Field(
        "act", description="at the start of a block: of the batch (the seminar), of the first batch (Glow), or none"
    )
    transformer: Literal["affine", "rqs"] = Field(
        "rqs", description="what a coupling does: scale and shift (realNVP), or a rational-quadratic spline"
    )
    hidden: int = Field(128, ge=1, description="width of both hidden layers of the networks of a coupling")
    networks: Literal[1, 2] = Field(
        1, description="of an affine coupling: for scale and shift together, or two, that of the scale with tanh"
    )
    tail: float = Field(5.0, gt=0, description="the splines are the identity beyond this")
    scale_limit: float = Field(
        2.0, ge=0, description="logarithm of the largest scale of an affine coupling; 0: no limit, as in the seminar"
    )
    dropout: float = Field(0.0, ge=0, lt=1, description="in the networks of the couplings, while training")

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "tiny": {**_TINY, "couplings": 2},
        "quick": {},
        "standard": {**_STANDARD, "couplings": 10},
        "gpu": {**_GPU, "couplings": 12},
        "full": {
            "scaling": "logit",
            "couplings": 20,
            "normalisation": "batch",
            "transformer": "affine",
            "networks": 2,
            "hidden": 512,
            "scale_limit": 0.0,
            "schedule": "constant",
            # 35 epochs of 500,000 events
            "steps": 17_100,
            "batch_size": 1024,
            "learning_rate": 1e-4,
            "weight_decay": 1e-6,
            "warmup": 0,
            "ema": 0.0,
            "clip": 1e6,
            "mirroring": False,
        },
    }

    def incompatibility(self, cloud_spec: CloudSpec) -> str | None:
        """Why these settings cannot learn such clouds."""
        if cloud_spec.max_points * len(cloud_spec.features) < 2:
            return "a coupling needs at least two numbers in a cloud; rqs-autoregressive takes one"
        return super().incompatibility(cloud_spec)


class RQSAutoregressiveSettings(FlowSettings):
    """Architecture and training of the autoregressive flow. The defaults are those of the preset ``quick``."""

    transforms: int = Field(
        3, ge=1, description="autoregressive transforms; the order of the columns is reversed between"
    )
    hidden: int = Field(128, ge=1, description="width of the hidden layers of a transform")
    layers: int = Field(2, ge=1, description="how many of them")

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "tiny": {**_TINY, "transforms": 1},
        "quick": {},
        "standard": {**_STANDARD, "transforms": 5},
        "gpu": {**_GPU, "transforms": 5},
        "full": {
            "transforms": 10,
            "hidden": 512,
            "bins": 32,
            "steps": 146_000,
            "batch_size": 512,
            "learning_rate": 3e-4,
            "weight_decay": 1e-7,
            "warmup": 0,
            "ema": 0.0,
            "clip": 1e6,
        },
    }

    def incompatibility(self, cloud_spec: CloudSpec) -> str | None:
        """Why these settings cannot learn such clouds."""
        if cloud_spec.max_points != 1:
            return "it learns tables, clouds of one point; flatten jets with realnvp-glow"
        return super().incompatibility(cloud_spec)
