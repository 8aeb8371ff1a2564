"""The settings of the refiner, its critic and its base, with presets; no torch is needed to read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from jetgen import CloudSpec, Need
from jetgen.api.torch_settings import AdversarialSettings, JetSummarySettings
from jetgen.data.jets import RELATIVE, has_relative
from pydantic import Field

__all__ = ["GAUSSIAN", "TFGANSettings"]

GAUSSIAN = "gaussian"
"""The base that is no generator: standard normal numbers in the place of preprocessed points."""


def _sizes(**sizes: int) -> dict[str, int]:
    """The same sizes for both networks."""
    return {prefix + name: value for prefix in ("", "critic_") for name, value in sizes.items()}


# The talk's networks for jets of 30 particles, and what all of its trainings have in common.
_PUBLISHED: dict[str, Any] = {
    **_sizes(width=32, hidden=256, blocks=7, heads=4),
    "base_preset": "full",
    "drafts": 16,
    "published_form": True,
    "keep_summary": False,
    "summary_momentum": "scalar",
    "true_marginals": False,
    "pairs": 0,
    "dropout": 0.2,
    "dropout_in_generation": True,
    "token": "mass",
    "token_at": "start",
    "loss": "lsgan",
    "r1": 0.0,
    "r2": 0.0,
    "mirroring": False,
    "critic_first": 2300,
    "critic_steps": 4,
    "betas": (0.0, 0.9),
    "schedule": "constant",
    "steps": 74_000,
    "batch_size": 1024,
    "step_points": 10**9,
    "warmup": 0,
    "learning_rate": 1.0,
    "critic_rate": 1.0,
    "clip": 1e6,
    "ema": 0.0,
    "buckets": False,
    "validate_every": 600,
    "validation_clouds": 10_000,
}


class TFGANSettings(AdversarialSettings, JetSummarySettings):
    """Base, networks, training and sampling. The defaults are those of the preset ``quick``."""

    sampling: ClassVar[tuple[str, ...]] = ("batch_points", "dropout_in_generation")

    base: str = Field(
        "rqs-flow", description="the generator whose jets are refined, such as mdma-flowmatch; gaussian for plain noise"
    )
    base_preset: str = Field("quick", description="its preset")
    base_overrides: dict[str, Any] = Field(
        default_factory=dict, description="settings of the base that replace those of its preset"
    )
    base_weights: str = Field(
        "", description="shipped weights, or the folder of a finished model: the base is not trained"
    )
    base_seed: int | None = Field(
        0, ge=0, description="its training is shared by all seeds of the refiner; None for the seed of the refiner"
    )
    drafts: int = Field(
        4, ge=1, description="jets of the base that are made for each training jet, before the training"
    )

    backbone: Literal["transformer", "mdma"] = Field(
        "transformer", description="how particles speak with each other: each with each, or by a mean field"
    )
    width: int = Field(32, ge=1, description="numbers of a particle inside the refiner")
    hidden: int = Field(64, ge=1, description="numbers inside one of its blocks, and in its last layers")
    blocks: int = Field(2, ge=1, description="how many blocks")
    heads: int = Field(2, ge=1, description="heads of the attention; width is a multiple (mdma: hidden)")
    pairs: int = Field(
        16, ge=0, description="width of the network that biases attention by distance and pT of two particles; 0: none"
    )
    keep_summary: bool = Field(
        default=True, description="refined jets keep mass, momentum and centre of their draft; not with plain noise"
    )
    true_marginals: bool = Field(
        default=True,
        description="a curve for each feature, fitted after the training, gives it the true distribution at the end",
    )
    dropout: float = Field(0.0, ge=0, lt=1, description="in both networks, while training")
    dropout_in_generation: bool = Field(default=False, description="keep it when jets are generated, as published")
    published_form: bool = Field(
        default=False,
        description="norms after the sums, no conditioning on the multiplicity, and no start from the base unchanged",
    )

    critic_width: int = Field(32, ge=1, description="as width, of the critic")
    critic_hidden: int = Field(64, ge=1, description="as hidden, of the critic")
    critic_blocks: int = Field(2, ge=1, description="as blocks, of the critic")
    critic_heads: int = Field(2, ge=1, description="as heads, of the critic")
    token: Literal["none", "mass", "mass+pt", "summary", "shapes"] = Field(
        "shapes",
        description="what the critic is shown of a jet as a whole; summary: mass, momentum and centre; "
        "shapes: planar flow, angularities, dispersion and the share of the 10 hardest particles, too",
    )
    token_at: Literal["start", "end", "both"] = Field(
        "both", description="whether it is shown as its class token, beside the last layers, or both"
    )
    pt_noise: float = Field(
        0.0,
        ge=0,
        description="noise on the momentum that the critic sees, in its spreads; falls as exp(-20 step/steps)",
    )

    critic_first: int = Field(
        100, ge=0, description="steps of the critic alone, before the refiner: one that knows nothing leads it astray"
    )
    schedule: Literal["cosine", "noam", "cosine-cycles", "constant"] = Field(
        "cosine",
        description="of the rates after the warm-up: half a cosine; 1 / root of the step, whatever the rates; "
        "half cosines down and up, each a third of the training; or none",
    )
    optimiser: Literal["adam", "rmsprop"] = Field("adam", description="of both networks")
    r1: float = Field(
        3e-3,
        ge=0,
        description="weight of the squared gradient of the critic at true jets, by particles and logarithms of pairs",
    )
    r2: float = Field(3e-3, ge=0, description="as r1, at refined jets")
    r1_part: float = Field(0.25, gt=0, le=1, description="part of the jets of a step that r1 and r2 look at")
    learning_rate: float = Field(1e-3, gt=0, description="of the refiner, at its highest")
    critic_rate: float = Field(2e-3, gt=0, description="of the critic, at its highest")
    batch_size: int = Field(64, ge=1, description="jets in a step")
    step_points: int = Field(16_384, ge=1, description="particles in a step, about: large jets come in smaller batches")
    steps: int = Field(800, ge=1, description="steps of the refiner")
    warmup: int = Field(50, ge=0, description="steps until the highest rates")
    clip: float = Field(0.5, gt=0, description="largest norm of a gradient")
    validate_every: int = Field(100, ge=1, description="steps between looks at generated jets; the best are kept")
    validation_by: Literal["all", "mass", "pairs"] = Field(
        "pairs", description="all scores, W1 of the mass of jets alone, or all and the smallest ΔR between particles"
    )
    batch_points: int = Field(65_536, ge=1, description="padded particles refined at once; a limit on memory")

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "tiny": {
            "base_preset": "tiny",
            "drafts": 1,
            "width": 16,
            "hidden": 32,
            "blocks": 1,
            "pairs": 4,
            "critic_width": 16,
            "critic_hidden": 32,
            "critic_blocks": 1,
            "critic_first": 5,
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
            "drafts": 6,
            "critic_first": 500,
            "learning_rate": 5e-4,
            "critic_rate": 4e-3,
            "batch_size": 128,
            "steps": 2500,
            "warmup": 200,
            "ema": 0.999,
            "validate_every": 250,
            "validation_clouds": 4000,
        },
        "gpu": {
            "base_preset": "gpu",
            "drafts": 16,
            "width": 128,
            "hidden": 256,
            "blocks": 4,
            "heads": 8,
            "critic_width": 128,
            "critic_hidden": 256,
            "critic_blocks": 4,
            "critic_heads": 8,
            "critic_first": 500,
            "learning_rate": 5e-4,
            "steps": 10_000,
            "batch_size": 512,
            "step_points": 65_536,
            "warmup": 300,
            "ema": 0.999,
            "validate_every": 500,
            "validation_clouds": 10_000,
            "batch_points": 500_000,
        },
        "full": {**_PUBLISHED, "schedule": "noam", "warmup": 145_200},
        "full-top": {
            **_PUBLISHED,
            **_sizes(width=100, hidden=500, blocks=4, heads=4),
            "token_at": "end",
            "schedule": "cosine-cycles",
            "warmup": 6050,
            "learning_rate": 5e-4,
            "critic_rate": 6.5e-4,
        },
        "full-gluon": {
            **_PUBLISHED,
            **_sizes(width=60, hidden=500, blocks=4, heads=4),
            "optimiser": "rmsprop",
            "batch_size": 3096,
            "learning_rate": 1e-4,
            "critic_rate": 1.3e-4,
        },
        "full-quark": {
            **_PUBLISHED,
            **_sizes(width=36, hidden=256, blocks=7, heads=6),
            "optimiser": "rmsprop",
            "dropout": 0.01,
            "learning_rate": 3e-4,
            "critic_rate": 2.7e-4,
        },
    }

    @property
    def keeps_summary(self) -> bool:
        """Whether jets keep mass, momentum and centre of their draft, which plain noise does not have."""
        return self.keep_summary and self.base != GAUSSIAN

    def needs(self) -> Mapping[str, Need]:
        """The base, unless it is plain noise, or the refiner itself has weights already."""
        if self.base == GAUSSIAN or self.weights:
            return {}
        weights = {"weights": self.base_weights} if self.base_weights else {}
        return {"base": Need(self.base, self.base_preset, {**self.base_overrides, **weights}, self.base_seed)}

    def incompatibility(self, cloud_spec: CloudSpec) -> str | None:
        """Why these settings cannot learn such clouds, or do not fit each other."""
        if not has_relative(cloud_spec):
            return f"it refines jets of particles with {', '.join(RELATIVE)} alone"
        for prefix in ("", "critic_"):
            name = prefix + ("hidden" if self.backbone == "mdma" else "width")
            width, heads = getattr(self, name), getattr(self, f"{prefix}heads")
            if width % heads:
                return f"{name} = {width} is not a multiple of {prefix}heads = {heads}"
        return super().incompatibility(cloud_spec)
