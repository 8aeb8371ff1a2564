"""What generators of clouds by one torch module have in common: weights that are there already, sampling, files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Generic, NamedTuple, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import nn

from jetgen.api.context import RunContext
from jetgen.api.pretrained import PretrainedSettings, asked_weights, require_same_clouds
from jetgen.api.protocols import FitReport
from jetgen.data.clouds import Clouds
from jetgen.data.conditions import Conditions
from jetgen.data.spec import CloudSpec
from jetgen.errors import DataError, TrainingError
from jetgen.torch.clouds.cloud_coding import CloudCoding
from jetgen.torch.training.randomness import seeded
from jetgen.torch.training.weights import load_weights, read_document, save_weights

__all__ = ["CloudGenerator", "Trained", "filled"]

AnySettings = TypeVar("AnySettings", bound=PretrainedSettings)
AnyModule = TypeVar("AnyModule", bound=nn.Module)


class Trained(NamedTuple, Generic[AnyModule]):
    """What a training leaves behind."""

    coding: CloudCoding
    model: AnyModule
    typical: float
    """The mean multiplicity."""


class CloudGenerator(ABC, Generic[AnySettings, AnyModule]):
    """A generator whose multiplicity comes from a table, and whose points come from a module; a subclass trains it.

    Arguments:
        settings: all of them.
        spec: the meaning of the clouds.
    """

    settings_class: ClassVar[type[PretrainedSettings]]

    def __init__(self, settings: AnySettings, spec: CloudSpec) -> None:
        self.settings, self.spec = settings, spec
        self.device = "cpu"
        self.kept: Trained[AnyModule] | None = None

    @abstractmethod
    def build(self, coding: CloudCoding, typical: float) -> AnyModule:
        """An untrained module for clouds of this coding with so many points on average."""

    @abstractmethod
    def draw(
        self,
        counts: NDArray[np.int64],
        conditioning: NDArray[np.float32],
        *,
        seed: int,
        progress: Callable[[int], None],
    ) -> NDArray[np.float32]:
        """The coded points (total, W) of clouds of these sizes for an encoded conditioning, one after the other."""

    @classmethod
    def create(cls, settings: AnySettings, cloud_spec: CloudSpec) -> Self:
        """An untrained model."""
        return cls(settings, cloud_spec)

    @classmethod
    def pretrained(cls, settings: AnySettings) -> Self | None:
        """The model that ``settings.weights`` names; None if they name none.

        Raises:
            UsageError: if there are no such weights, or others than there were when the settings were made.
        """
        folder = asked_weights(settings)
        if folder is None:
            return None
        found = cls.load(folder, "cpu")
        asked = {name: getattr(settings, name) for name in settings.sampling}
        found.settings = found.settings.model_copy(update=asked)
        return found

    def adopt(self, device: str) -> FitReport | None:
        """Take the weights that the settings ask for instead of a training; None if they ask for none.

        Raises:
            DataError: if they were trained on clouds of another meaning.
        """
        ready = self.pretrained(self.settings)
        if ready is None:
            return None
        require_same_clouds(self.settings.weights, ready.spec, self.spec)
        self.kept, self.settings, self.device = ready.trained(), ready.settings, device
        self.kept.model.to(device)
        return FitReport(sum(p.numel() for p in self.kept.model.parameters()), steps=0)

    def sample(self, conditions: Conditions, ctx: RunContext) -> Clouds:
        """New clouds; ``conditions.multiplicity`` are honoured, or drawn from the training table."""
        coding, model, _ = self.trained()
        conditioning = conditions.columns(self.spec.conditioning)
        counts = conditions.chosen_multiplicity(
            self.spec.max_points, lambda n: coding.sizes.draw(n, ctx.rng("sampling"), conditioning)
        )
        model.eval()
        values = self.draw(
            counts,
            coding.conditioning.encode(conditioning),
            seed=ctx.torch_seed("sampling"),
            progress=lambda done: ctx.report("progress", done=done, total=conditions.n, unit="clouds"),
        )
        return coding.clouds(values, counts, conditions.conditioning)

    def save(self, folder: Path) -> None:
        """Weights in safetensors, and in model.json what is needed to build the module again."""
        coding, model, typical = self.trained()
        document = {
            "settings": self.settings.model_dump(mode="json"),
            "cloud_spec": self.spec.to_json(),
            "representation": coding.to_json(),
            "typical": typical,
        }
        save_weights(folder, model, document)

    @classmethod
    def load(cls, folder: Path, device: str) -> Self:
        """The model that :meth:`save` wrote, on ``device``."""
        document = read_document(folder)
        settings = cls.settings_class.model_validate(document["settings"])
        self = cls(settings, CloudSpec.from_json(document["cloud_spec"]))  # type: ignore[arg-type]  # it is that class
        coding = CloudCoding.from_json(self.spec, document["representation"])
        with seeded(0):
            model = self.build(coding, document["typical"])
        load_weights(folder, model, device)
        self.kept, self.device = Trained(coding, model.eval(), document["typical"]), device
        return self

    def trained(self) -> Trained[AnyModule]:
        """What :meth:`fit` or :meth:`load` left.

        Raises:
            TrainingError: if there was neither.
        """
        if self.kept is None:
            msg = "the model has not been trained; fit it first, or load a saved one"
            raise TrainingError(msg)
        return self.kept


def filled(clouds: Clouds) -> Clouds:
    """The training clouds that hold points.

    Raises:
        DataError: if none does.
    """
    if len(clouds.points) == 0:
        msg = f"the {len(clouds)} training clouds hold no points: there is nothing to learn"
        raise DataError(msg)
    return clouds[clouds.multiplicity > 0]
