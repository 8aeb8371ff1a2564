"""The generator that another one works on: trained before, frozen, and saved with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from jetgen.api.context import RunContext
from jetgen.api.pretrained import require_same_clouds
from jetgen.api.protocols import Generator
from jetgen.data.clouds import Clouds
from jetgen.data.conditions import Conditions
from jetgen.data.spec import CloudSpec
from jetgen.errors import DataError
from jetgen.io.saved_model import save_model
from jetgen.registry.saved_models import load_registered

__all__ = ["Base"]


@dataclass(frozen=True)
class Base:
    """A trained generator, and the card that it was saved with."""

    generator: Generator
    card: Mapping[str, Any]

    @classmethod
    def load(cls, folder: Path, device: str, spec: CloudSpec) -> Self:
        """The model in ``folder``, which makes clouds of ``spec``.

        Raises:
            DataError: if a file is missing or damaged, or the model makes other clouds.
            PluginError: if its generator is not installed.
        """
        card, generator = load_registered(folder, device)
        require_same_clouds(f"of the base {card['generator']['name']}", CloudSpec.from_json(card["cloud_spec"]), spec)
        return cls(generator, card)

    def clouds_of_sizes(self, conditions: Conditions, ctx: RunContext) -> Clouds:
        """Clouds of the multiplicities that ``conditions`` ask for.

        Raises:
            DataError: if they have others.
        """
        clouds = self.generator.sample(conditions, ctx)
        asked = conditions.multiplicity
        if asked is None or not np.array_equal(clouds.multiplicity, asked):
            name = self.card["generator"]["name"]
            msg = f"the base {name} does not make clouds of the multiplicities that it is asked for; use another base"
            raise DataError(msg)
        return clouds

    def save(self, folder: Path) -> None:
        """The model and its card."""
        save_model(self.generator, folder, self.card)
