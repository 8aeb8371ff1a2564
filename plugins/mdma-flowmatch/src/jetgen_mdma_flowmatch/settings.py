"""The settings of flow matching and its presets; no torch is needed to read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from jetgen.api.pretrained import PretrainedSettings
from jetgen.data.spec import CloudSpec
from pydantic import Field

__all__ = ["MDMAFlowMatchSettings"]


class MDMAFlowMatchSettings(PretrainedSettings):
    """Network, training and sampling. The defaults are those of the preset ``quick``."""

    package: ClassVar[str] = "jetgen_mdma_flowmatch"
    sampling: ClassVar[tuple[str, ...]] = (
        "solver",
        "nfe",
        "tolerance",
        "density_nfe",
        "density_draws",
        "batch_points",
    )

    backbone: Literal["mdma", "epic", "transformer"] = Field(
        "mdma", description="how points speak with each other: mean-field attention, sum and mean, or each with each"
    )
    width: int = Field(64, ge=1, description="numbers of a point and of the mean field inside the network")
    hidden: int = Field(128, ge=1, description="numbers inside a block, and of its attention")
    blocks: int = Field(6, ge=1, description="how many blocks")
    heads: int = Field(8, ge=1, description="heads of the attention; hidden is a multiple")
    frequencies: int = Field(5, ge=1, description="cosines and sines of the time, the fastest of this times pi / 2")
    conditioning_width: int = Field(
        64, ge=0, description="width of time, size and conditions after a network; 0 for none"
    )
    told_size: bool = Field(default=True, description="tell the network how many points a cloud has")
    published_form: bool = Field(
        default=False, description="tell time and number of points as the published code does; for comparison"
    )

    summary: bool = Field(
        default=True,
        description="first draw mass, momentum and centre of a jet with a small flow, then its points for them",
    )
    feedback: bool = Field(default=True, description="tell the network the summary of where the points are by now")
    summary_noise: float = Field(0.1, gt=0, description="blur of what points are told of the summary, in its spreads")
    summary_hidden: int = Field(128, ge=1, description="width of the network of the small flow")
    summary_steps: int = Field(2000, ge=1, description="steps of its training")
    summary_batch: int = Field(1024, ge=1, description="clouds in such a step")
    summary_rate: float = Field(3e-3, gt=0, description="its learning rate, at its highest")

    momentum: Literal["log", "boxcox"] = Field("log", description="transform of positive features before scaling")
    flips: bool = Field(default=True, description="show each jet also mirrored in etarel and phirel, while training")
    times: Literal["uniform", "logit-normal", "late"] = Field("uniform", description="where in time the loss looks")
    coupling: float = Field(
        1.0, ge=0, le=1, description="part of the clouds whose noise is assigned to points by optimal transport"
    )
    coupling_largest: int = Field(
        200, ge=1, description="clouds of more points are not coupled: an assignment costs the cube of their number"
    )
    steps: int = Field(1500, ge=1, description="steps of the optimiser")
    batch_size: int = Field(256, ge=1, description="clouds in a step")
    step_points: int = Field(
        32_768, ge=1, description="points in a step, on average: of larger clouds there are fewer than batch_size"
    )
    learning_rate: float = Field(4e-3, gt=0, description="of AdamW, at its highest")
    warmup: int = Field(100, ge=0, description="steps until then; after them it falls along a cosine")
    weight_decay: float = Field(1e-2, ge=0, description="of AdamW")
    ema: float = Field(0.995, ge=0, lt=1, description="decay of the moving average of the weights that is kept")
    clip: float = Field(1.0, gt=0, description="largest norm of the gradient")
    validate_every: int = Field(500, ge=1, description="steps between looks at the validation clouds; the best is kept")
    buckets: bool = Field(default=True, description="batches of clouds of similar size, so that little is padding")

    solver: Literal["euler", "midpoint", "heun", "rk4", "dopri5"] = Field("midpoint", description="method of sampling")
    nfe: int = Field(6, ge=1, description="evaluations of the network for a cloud, with a solver of equal steps")
    tolerance: float = Field(1e-3, gt=0, description="error of a step of dopri5")
    density_nfe: int = Field(16, ge=1, description="evaluations for a density, by rk4")
    density_draws: int = Field(1, ge=1, description="draws of trace and summary that a density is averaged over")
    batch_points: int = Field(16_384, ge=1, description="padded points computed at once; a limit on memory")

    former_names: ClassVar[Mapping[str, str]] = {"inner_context": "conditioning_width"}

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "tiny": {
            "width": 16,
            "hidden": 32,
            "blocks": 2,
            "heads": 4,
            "conditioning_width": 16,
            "summary_hidden": 32,
            "summary_steps": 40,
            "steps": 40,
            "warmup": 5,
            "batch_size": 64,
            "density_nfe": 8,
        },
        "quick": {},
        "standard": {
            "summary_steps": 4000,
            "steps": 10_000,
            "warmup": 200,
            "ema": 0.999,
            "validate_every": 1000,
            "nfe": 16,
            "density_nfe": 32,
        },
        "gpu": {
            "width": 128,
            "hidden": 256,
            "summary_steps": 6000,
            "steps": 15_000,
            "batch_size": 1024,
            "warmup": 300,
            "ema": 0.999,
            "validate_every": 1000,
            "batch_points": 1_000_000,
            "step_points": 1_000_000,
            "coupling": 0.0,
            "nfe": 32,
        },
        "full": {
            "width": 128,
            "hidden": 256,
            "blocks": 6,
            "heads": 16,
            "frequencies": 16,
            "published_form": True,
            "summary": False,
            "feedback": False,
            "momentum": "boxcox",
            "flips": False,
            "steps": 240_000,
            "batch_size": 512,
            "step_points": 1_000_000,
            "learning_rate": 1e-4,
            "warmup": 24_000,
            "ema": 0.999,
            "clip": 0.5,
            "validate_every": 5000,
            "coupling": 0.0,
            "nfe": 398,
        },
    }

    def incompatibility(self, cloud_spec: CloudSpec) -> str | None:
        if cloud_spec.given is not None:
            return "it does not generate for a given set"
        if "categorical" in {feature.nature for feature in cloud_spec.features}:
            return "it has no coordinates for categorical features"
        if self.hidden % self.heads:
            return f"hidden = {self.hidden} is not a multiple of heads = {self.heads}"
        if self.backbone == "transformer" and self.width % self.heads:
            return f"width = {self.width} is not a multiple of heads = {self.heads}"
        return None
