"""The settings that every torch generator has, with presets that scale; no torch is needed to read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from jetgen.api.pretrained import PretrainedSettings
from jetgen.data.spec import CloudSpec

__all__ = ["AdversarialSettings", "JetSummarySettings", "SummaryMomentum", "SummarySettings", "TorchSettings"]

SummaryMomentum = Literal["vector", "scalar"]
"""The momentum of a jet in its summary: that of the sum of the vectors, or the sum of their magnitudes."""


class TorchSettings(PretrainedSettings):
    """Training and sampling of a :class:`jetgen.torch.TorchGenerator`; a subclass adds its network.

    Only the preset ``tiny`` must be given. ``quick`` is the defaults; ``standard``, ``gpu`` and ``full`` scale them,
    unless the subclass says what they are.

    >>> class MySettings(TorchSettings):
    ...     width: int = 32
    ...     presets = {"tiny": {"steps": 20, "width": 8}}
    >>> sorted(MySettings.presets), MySettings.presets["standard"]["steps"]
    (['full', 'gpu', 'quick', 'standard', 'tiny'], 10500)
    """

    pt_transform: Literal["log", "boxcox"] = Field("log", description="transform of positive features before scaling")
    mirroring: bool = Field(default=True, description="train on each jet also mirrored in etarel and phirel, at random")
    steps: int = Field(1500, ge=1, description="steps of the optimiser")
    batch_size: int = Field(256, ge=1, description="clouds in a step")
    step_points: int = Field(
        32_768, ge=1, description="points in a step, on average: of larger clouds there are fewer than batch_size"
    )
    learning_rate: float = Field(2e-3, gt=0, description="of AdamW, at its highest")
    warmup: int = Field(100, ge=0, description="steps until then; after them it falls along a cosine")
    weight_decay: float = Field(1e-2, ge=0, description="of AdamW")
    ema: float = Field(0.995, ge=0, lt=1, description="decay of the moving average of the weights, which is kept")
    clip: float = Field(1.0, gt=0, description="largest norm of the gradient")
    validate_every: int = Field(500, ge=1, description="steps between validations; the best weights are kept")
    buckets: bool = Field(default=True, description="batches of clouds of similar size, so that little is padding")
    batch_points: int = Field(16_384, ge=1, description="padded points computed at once; a limit on memory")

    sampling: ClassVar[tuple[str, ...]] = ("batch_points",)
    former_names: ClassVar[Mapping[str, str]] = {"momentum": "pt_transform", "flips": "mirroring"}

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        given = cls.presets
        cls.presets = {name: given[name] for name in given if name == "tiny"} | {**cls._scaled(), **given}

    @classmethod
    def _scaled(cls) -> dict[str, dict[str, Any]]:
        """The presets beside ``tiny``: the defaults, and multiples of their steps and batches."""

        def longer(factor: int) -> dict[str, Any]:
            steps, warmup, every = (cls.model_fields[name].default for name in ("steps", "warmup", "validate_every"))
            return {"steps": factor * steps, "warmup": 2 * warmup, "ema": 0.999, "validate_every": 2 * every}

        batch, points = (cls.model_fields[name].default for name in ("batch_size", "batch_points"))
        large = {"batch_size": 4 * batch, "step_points": 1_000_000, "batch_points": 64 * points}
        return {"quick": {}, "standard": longer(7), "gpu": {**longer(10), **large}, "full": longer(40)}

    def incompatibility(self, cloud_spec: CloudSpec) -> str | None:
        """Why these settings cannot learn such clouds: a conditioning cloud, or categorical features."""
        if cloud_spec.given is not None:
            return "it does not generate for a conditioning cloud"
        if any(feature.nature == "categorical" for feature in cloud_spec.features):
            return "it has no coordinates for categorical features"
        return None


class JetSummarySettings(TorchSettings):
    """Of a generator that looks at jets as a whole."""

    summary_momentum: SummaryMomentum = Field(
        "vector", description="momentum of a jet: that of the vector sum of its particles, or the sum of their pT"
    )

    former_defaults: ClassVar[Mapping[str, Any]] = {"summary_momentum": "scalar"}


class SummarySettings(JetSummarySettings):
    """Of a generator that first draws the summary of a jet, then its points for that."""

    summary: bool = Field(
        default=True,
        description="first draw mass, momentum and centre of a jet with a small flow, then its points for them",
    )
    summary_hidden: int = Field(128, ge=1, description="width of the network of the small flow")
    summary_steps: int = Field(2000, ge=1, description="steps of its training")
    summary_batch: int = Field(1024, ge=1, description="clouds in such a step")
    summary_rate: float = Field(3e-3, gt=0, description="its learning rate, at its highest")


class AdversarialSettings(TorchSettings):
    """Of a generator and a critic that are trained in turn, validated by the clouds that the generator makes."""

    loss: Literal["lsgan", "relativistic"] = Field(
        "relativistic", description="least squares, or pairs of a generated and a true cloud"
    )
    r1: float = Field(2.0, ge=0, description="weight of the squared gradient of the critic at true clouds")
    r2: float = Field(2.0, ge=0, description="as r1, at generated clouds")
    r1_every: int = Field(4, ge=1, description="critic steps between those with that penalty, which is made up for")
    critic_steps: int = Field(1, ge=1, description="steps of the critic for each of the generator")
    learning_rate: float = Field(5e-4, gt=0, description="of the generator, at its highest")
    critic_rate: float = Field(1e-3, gt=0, description="of the critic, at its highest")
    betas: tuple[float, float] = Field((0.0, 0.999), description="memories of Adam")
    rate_floor: float = Field(0.1, ge=0, le=1, description="part of the rates that is left at the end")
    validation_clouds: int = Field(2000, ge=2, description="clouds that are generated to validate; the best are kept")
    validation_by: Literal["all", "mass", "pairs"] = Field(
        "all", description="all scores, W1 of the mass of jets alone, or all and the smallest ΔR between particles"
    )
    collapse_ratio: float = Field(
        100.0, ge=0, description="a training whose best score exceeds this many floors has failed; 0 never"
    )
