"""The settings of the three models and of their losses, with presets; no torch is needed to read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from jetgen import CloudSpec, TorchSettings
from pydantic import Field, model_validator

__all__ = ["CVAESlotAttentionSettings"]

# One true event of 25 replicas in each step; 2,915 events are an epoch.
_EPOCH = 2_915
_PUBLISHED: Mapping[str, Any] = {
    "model": "slot",
    "loss": "double-hungarian",
    "encoder": "sums",
    "frame": "absolute",
    "units": "spread",
    "anchored": False,
    "talk": False,
    "mirroring": False,
    "scale": 1.0,
    "steps": 1000 * _EPOCH,
    "batch_size": 25,
    "learning_rate": 5e-4,
    "weight_decay": 1e-2,
    "warmup": 0,
    "halvings": (50 * _EPOCH, 100 * _EPOCH),
    "clip": 1e6,
    "ema": 0.0,
    "validate_every": _EPOCH,
}


class CVAESlotAttentionSettings(TorchSettings):
    """Model, loss and training. The defaults are those of the preset ``quick``."""

    model: Literal["copy", "slot", "cvae"] = Field(
        "copy",
        description="copy: some true particles with learnt errors; slot: slots that attend to the true event; "
        "cvae: a conditional VAE of the flattened answer",
    )
    loss: Literal["default", "likelihood", "energy", "hungarian", "double-hungarian"] = Field(
        "default",
        description="default: the best on validation, likelihood for copy and energy for slot; energy: a score of sets "
        "by sorted projections; hungarian: answers matched point by point; double-hungarian: replicas matched, too",
    )
    frame: Literal["event", "absolute"] = Field(
        "event", description="directions are relative to the centre of the true event, or as they are (published)"
    )
    units: Literal["resolution", "spread"] = Field(
        "resolution", description="a difference of 1 in the losses: the typical error of a point, or the spread of all"
    )
    encoder: Literal["pairs", "sums"] = Field(
        "pairs",
        description="of true events: particles hear of each other one by one, or of the sum of all (published)",
    )
    width: int = Field(48, ge=1, description="encoder=pairs: of the vectors of particles")
    blocks: int = Field(2, ge=1, description="encoder=pairs: rounds")
    flow_hidden: int = Field(64, ge=1, description="copy: width of the networks of the flow of the errors")
    flow_bins: int = Field(8, ge=2, le=64, description="copy: bins of its splines")
    scale: float = Field(0.5, gt=0, description="slot, cvae, encoder=sums: of all layer widths; 1 as published")
    attention: Literal["cross", "competitive"] = Field(
        "cross",
        description="slot: over the particles, three blocks and a start for each slot (published), or slots compete "
        "for particles, in one block used three times, and all start alike (2006.15055)",
    )
    anchored: bool = Field(
        default=True,
        description="slot: in its last look each slot sees one true particle, another one than the others do, and the "
        "answer is added to it",
    )
    talk: bool = Field(
        default=True, description="slot: before each look slots hear of each other, and of how many they are"
    )
    latent: int = Field(32, ge=1, description="cvae: numbers of the latent vector")
    draws: int = Field(2, ge=2, description="energy: answers that are made to each true one")
    directions: int = Field(24, ge=1, description="energy: random directions of the projections in a step")
    replicas: int = Field(25, ge=2, description="double-hungarian: answers to one true event that are matched")
    steps: int = Field(2500, ge=1, description="steps of the optimiser")
    halvings: tuple[int, ...] = Field((), description="steps at which the learning rate halves, instead of a cosine")
    clip: float = Field(5.0, gt=0, description="largest norm of the gradient")
    weight_decay: float = Field(1e-4, ge=0, description="of AdamW")
    buckets: bool = Field(default=False, description="batches of answers of similar size")
    batch_points: int = Field(131_072, ge=1, description="padded points computed at once; a limit on memory")
    mirroring: bool = Field(
        default=True, description="frame=event: learn from each event also mirrored in its directions, at random"
    )

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "tiny": {
            "width": 16,
            "flow_hidden": 16,
            "flow_bins": 4,
            "scale": 0.1,
            "latent": 4,
            "replicas": 2,
            "steps": 60,
            "batch_size": 32,
            "warmup": 5,
        },
        "full": _PUBLISHED,
    }

    @model_validator(mode="after")
    def _loss_suits_the_model(self) -> Self:
        if self.model == "cvae" and self.loss != "default":
            msg = f"loss={self.loss} does not go with model=cvae, which is trained by its own bound; use loss=default"
            raise ValueError(msg)
        if self.model == "slot" and self.loss == "likelihood":
            msg = "loss=likelihood does not go with model=slot, which has no density; use energy"
            raise ValueError(msg)
        return self

    @property
    def trained_by(self) -> str:
        """The loss that is used."""
        if self.loss != "default":
            return self.loss
        return {"copy": "likelihood", "slot": "energy", "cvae": "elbo"}[self.model]

    def incompatibility(self, cloud_spec: CloudSpec) -> str | None:
        """Why these settings cannot learn such clouds."""
        given = cloud_spec.given
        if given is None:
            return "it answers true events, and these clouds answer none (they have no given)"
        if cloud_spec.conditioning:
            return f"it knows nothing of a cloud but its true event, not {cloud_spec.conditioning[0].name}"
        for feature in cloud_spec.features:
            if feature.nature == "categorical" or feature.bins:
                return f"it has no coordinates for {feature.name}, which is a category or the index of a bin"
            if feature.name not in given.names:
                return f"true events have no {feature.name}, which the points that answer them have"
        for feature in given.features:
            if feature.nature == "categorical" and not feature.categories:
                return f"nothing says which values the category {feature.name} of a true particle has"
        return None
