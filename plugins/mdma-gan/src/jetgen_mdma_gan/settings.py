"""The settings of the adversarial network and its presets; no torch is needed to read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from jetgen import CloudSpec
from jetgen.api.torch_settings import AdversarialSettings, SummarySettings
from pydantic import Field

__all__ = ["MDMAGANSettings"]


class MDMAGANSettings(SummarySettings, AdversarialSettings):
    """Networks, training and sampling. The defaults are those of the preset ``quick``."""

    width: int = Field(32, ge=1, description="numbers of a point and of the mean field inside the generator")
    hidden: int = Field(64, ge=1, description="numbers inside one of its blocks, and of its attention")
    blocks: int = Field(4, ge=1, description="how many blocks")
    heads: int = Field(8, ge=1, description="heads of the attention; hidden is a multiple")
    noise: int = Field(0, ge=0, description="normal numbers for a point; 0 for as many as a preprocessed point has")
    cloud_noise: int = Field(8, ge=0, description="normal numbers that all points of a cloud share")
    conditioning_width: int = Field(32, ge=0, description="width of size and conditions after a network; 0 for none")
    gated: bool = Field(default=False, description="let size and conditions scale what is pooled inside a block, too")
    published_form: bool = Field(
        default=False, description="encode the number of points as the published code does, inside the blocks alone"
    )

    summary_hidden: int = Field(64, ge=1, description="width of the network of the small flow")

    critic_width: int = Field(32, ge=1, description="as width, of the critic")
    critic_hidden: int = Field(64, ge=1, description="as hidden, of the critic")
    critic_blocks: int = Field(2, ge=1, description="as blocks, of the critic")
    critic_heads: int = Field(8, ge=1, description="as heads, of the critic")
    critic_norm: Literal["rows", "spectral", "none"] = Field(
        "none",
        description="what constrains the linear maps of the critic: rows of length 1, spectral norm",
    )
    critic_summary: bool = Field(
        default=True,
        description="show the critic mass, momentum and centre of a jet, energy, place and extent of a shower, too",
    )

    loss: Literal["lsgan", "wgan-gp", "relativistic"] = Field(  # type: ignore[assignment]  # one more
        "relativistic",
        description="least squares, Wasserstein with its penalty, or pairs of a generated and a true cloud",
    )
    penalty: float = Field(10.0, ge=0, description="weight of the gradient penalty of wgan-gp")
    matching: float = Field(0.0, ge=0, description="weight of the distance between the critic's mean fields")
    matching_until: int = Field(50_000, ge=0, description="first step without it")
    matching_of: Literal["clouds", "means"] = Field(
        "clouds", description="distance of each generated cloud to a true one, or of their means over the batch"
    )
    input_noise: float = Field(1e-3, ge=0, description="relative noise on true points")

    steps: int = Field(1500, ge=1, description="steps of the generator")
    batch_size: int = Field(128, ge=1, description="clouds in a step")
    step_points: int = Field(16_384, ge=1, description="points in a step, about: large clouds come in smaller batches")
    clip: float = Field(0.1, gt=0, description="largest norm of a gradient, some times the usual one")

    validate_every: int = Field(250, ge=1, description="steps between looks at generated clouds; the best are kept")

    batch_points: int = Field(65_536, ge=1, description="padded points generated at once; a limit on memory")

    former_names: ClassVar[Mapping[str, str]] = {
        **SummarySettings.former_names,
        "inner_context": "conditioning_width",
    }

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "tiny": {
            "width": 16,
            "hidden": 32,
            "blocks": 2,
            "heads": 4,
            "conditioning_width": 16,
            "critic_width": 16,
            "critic_hidden": 32,
            "critic_blocks": 1,
            "critic_heads": 4,
            "summary_hidden": 32,
            "summary_steps": 40,
            "steps": 40,
            "warmup": 5,
            "batch_size": 64,
            "step_points": 4096,
            "validate_every": 20,
            "validation_clouds": 100,
            "collapse_ratio": 0.0,
        },
        "quick": {},
        "standard": {
            "summary_steps": 4000,
            "steps": 10_000,
            "warmup": 200,
            "ema": 0.999,
            "validate_every": 500,
            "validation_clouds": 4000,
        },
        "gpu": {
            "width": 64,
            "hidden": 128,
            "blocks": 6,
            "critic_width": 64,
            "critic_hidden": 128,
            "critic_blocks": 3,
            "summary_steps": 6000,
            "steps": 12_000,
            "batch_size": 1024,
            "step_points": 262_144,
            "warmup": 300,
            "ema": 0.999,
            "validate_every": 500,
            "validation_clouds": 10_000,
            "batch_points": 1_000_000,
        },
        "full": {
            "width": 16,
            "hidden": 48,
            "blocks": 7,
            "heads": 16,
            "cloud_noise": 0,
            "conditioning_width": 0,
            "published_form": True,
            "critic_width": 16,
            "critic_hidden": 64,
            "critic_blocks": 2,
            "critic_heads": 16,
            "critic_norm": "rows",
            "summary": False,
            "critic_summary": False,
            "loss": "lsgan",
            "matching": 1.0,
            "r1": 0.0,
            "r2": 0.0,
            "pt_transform": "boxcox",
            "mirroring": False,
            "steps": 3_000_000,
            "batch_size": 128,
            "learning_rate": 1e-4,
            "critic_rate": 1e-4,
            "warmup": 2000,
            "rate_floor": 0.0,
            "clip": 1e6,
            "ema": 0.0,
            "buckets": False,
            "validate_every": 10_000,
            "validation_clouds": 10_000,
        },
    }

    def incompatibility(self, cloud_spec: CloudSpec) -> str | None:
        """Why these settings cannot learn such clouds, or do not fit each other."""
        for name in ("", "critic_"):
            hidden, heads = getattr(self, f"{name}hidden"), getattr(self, f"{name}heads")
            if hidden % heads:
                return f"{name}hidden = {hidden} is not a multiple of {name}heads = {heads}"
        return super().incompatibility(cloud_spec)
