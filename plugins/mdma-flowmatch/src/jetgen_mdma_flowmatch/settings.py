"""The settings of flow matching and its presets; no torch is needed to read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

from jetgen import CloudSpec, Need
from jetgen.api.torch_settings import SummarySettings
from pydantic import Field

__all__ = ["JUMPS", "VELOCITY", "MDMAFlowMatchSettings"]

VELOCITY = "velocity"
"""The role of the model whose network learns jumps."""

JUMPS = ("flow_map", "velocity_weights", "map_steps", "map_rate", "map_ways", "map_share", "map_alpha")
"""The settings of learning them; all others but those of sampling are of the velocity."""


class MDMAFlowMatchSettings(SummarySettings):
    """Network, training and sampling. The defaults are those of the preset ``quick``."""

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
    neighbours: int = Field(
        0, ge=0, description="nearest other points that each point hears as well, where points have places; 0 for none"
    )
    neighbour_rounds: int = Field(3, ge=1, description="before how many of the blocks")
    message_width: int = Field(32, ge=1, description="numbers of what a neighbour says")
    width: int = Field(64, ge=1, description="numbers of a point and of the mean field inside the network")
    hidden: int = Field(128, ge=1, description="numbers inside a block, and of its attention")
    blocks: int = Field(6, ge=1, description="how many blocks")
    heads: int = Field(8, ge=1, description="heads of the attention; hidden is a multiple")
    frequencies: int = Field(5, ge=1, description="cosines and sines of the time, the fastest of this times pi / 2")
    conditioning_width: int = Field(
        64, ge=0, description="width of time, size and conditions after a network; 0 for none"
    )
    condition_on_size: bool = Field(default=True, description="let the network see how many points a cloud has")
    published_form: bool = Field(
        default=False, description="encode time and number of points as the published code does; for comparison"
    )

    feedback: bool = Field(default=True, description="let the network see the summary of where the points are by now")
    summary_noise: float = Field(0.1, gt=0, description="noise on the summary for the points, in its spreads")

    times: Literal["uniform", "logit-normal", "late"] = Field("uniform", description="where in time the loss looks")
    coupling: float = Field(
        1.0, ge=0, le=1, description="part of the clouds whose noise is assigned to points by optimal transport"
    )
    coupling_largest: int = Field(
        200, ge=1, description="clouds of more points are not coupled: an assignment costs the cube of their number"
    )
    learning_rate: float = Field(4e-3, gt=0, description="of AdamW, at its highest")

    flow_map: Literal["none", "alpha", "mean", "shortcut", "reflow", "distilled"] = Field(
        "none",
        description="how a network that knows the velocity learns jumps over time: alpha-Flow, MeanFlow, shortcuts, "
        "or where it takes noise itself, straight or from stop to stop",
    )
    velocity_weights: str = Field(
        "",
        description="shipped weights, or the folder of a saved model, whose network learns jumps; by default trained",
    )
    map_steps: int = Field(500, ge=1, description="steps of that")
    map_rate: float = Field(1e-3, gt=0, description="its learning rate, at its highest")
    map_ways: int = Field(2, ge=1, description="of reflow and distilled: ways of new noise for each training cloud")
    map_share: float = Field(0.5, gt=0, le=1, description="part of the clouds that teach jumps, not the velocity")
    map_alpha: tuple[float, float] = Field(
        (0.5, 0.02), description="part of a jump of alpha-Flow along the straight path, at the beginning and at the end"
    )

    solver: Literal["euler", "midpoint", "heun", "rk4", "dopri5", "jumps"] = Field(
        "midpoint", description="method of sampling; jumps are those of flow_map"
    )
    nfe: int = Field(6, ge=1, description="evaluations of the network for a cloud, with a solver of equal steps")
    tolerance: float = Field(1e-3, gt=0, description="error of a step of dopri5")
    density_nfe: int = Field(16, ge=1, description="evaluations for a density, by rk4")
    density_draws: int = Field(1, ge=1, description="draws of trace and summary that a density is averaged over")

    former_names: ClassVar[Mapping[str, str]] = {
        **SummarySettings.former_names,
        "inner_context": "conditioning_width",
        "told_size": "condition_on_size",
    }

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "tiny": {
            "width": 16,
            "hidden": 32,
            "blocks": 2,
            "heads": 4,
            "conditioning_width": 16,
            "neighbours": 4,
            "neighbour_rounds": 2,
            "message_width": 8,
            "summary_hidden": 32,
            "summary_steps": 40,
            "steps": 40,
            "warmup": 5,
            "batch_size": 64,
            "density_nfe": 8,
        },
        "quick": {},
        "alpha-flow": {"flow_map": "alpha", "solver": "jumps", "nfe": 4},
        "mean-flow": {"flow_map": "mean", "solver": "jumps", "nfe": 4},
        "reflow": {"flow_map": "reflow", "solver": "jumps", "nfe": 4},
        "distilled": {"flow_map": "distilled", "solver": "jumps", "nfe": 4},
        "shortcut": {"flow_map": "shortcut", "solver": "jumps", "nfe": 4},
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
            "pt_transform": "boxcox",
            "mirroring": False,
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

    def needs(self) -> Mapping[str, Need]:
        """For jumps a model that knows the velocity: by weights, or as a preset with what is changed here."""
        if self.flow_map == "none" or self.weights:
            return {}
        if self.velocity_weights:
            return {VELOCITY: Need("mdma-flowmatch", "quick", {"weights": self.velocity_weights})}
        own = self.model_dump(exclude={*JUMPS, *self.sampling, "weights", "weights_digest"})
        changes = {
            preset: {name: value for name, value in own.items() if value != defaults[name]}
            for preset, defaults in self._presets_without_jumps()
        }
        nearest = min(changes, key=lambda preset: len(changes[preset]))
        return {VELOCITY: Need("mdma-flowmatch", nearest, changes[nearest])}

    @classmethod
    def _presets_without_jumps(cls) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, values in cls.presets.items():
            if "flow_map" not in values:
                yield name, cls(**values).model_dump()

    def incompatibility(self, cloud_spec: CloudSpec) -> str | None:
        """Why these settings cannot learn such clouds, or do not fit each other."""
        if self.solver == "jumps" and self.flow_map == "none" and not self.weights:
            return "solver = jumps needs a network that learns them: set flow_map, too"
        if not 0 < min(self.map_alpha) <= max(self.map_alpha) <= 1:
            return f"map_alpha = {self.map_alpha} are not parts of a jump, above 0 and at most 1"
        if self.hidden % self.heads:
            return f"hidden = {self.hidden} is not a multiple of heads = {self.heads}"
        if self.backbone == "transformer" and self.width % self.heads:
            return f"width = {self.width} is not a multiple of heads = {self.heads}"
        return super().incompatibility(cloud_spec)
