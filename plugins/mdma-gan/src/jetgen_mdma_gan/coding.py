"""How the settings code clouds."""

from __future__ import annotations

import numpy as np
from jetgen import Clouds, CloudSpec
from jetgen.physics import mirror_columns
from jetgen.training import CloudCoding

from jetgen_mdma_gan.settings import MDMAGANSettings

__all__ = ["fit_coding", "mirrored_columns"]


def fit_coding(settings: MDMAGANSettings, spec: CloudSpec, clouds: Clouds, rng: np.random.Generator) -> CloudCoding:
    """The coding that suits the training clouds; ``rng`` draws the places of hits inside their cells."""
    mirrored = mirrored_columns(settings, spec)
    return CloudCoding.fit(spec, clouds, positive=settings.momentum, mirrored=mirrored, rng=rng)


def mirrored_columns(settings: MDMAGANSettings, spec: CloudSpec) -> list[int]:
    """The columns that are mirrored in training and in sampling; none for clouds that are not jets."""
    return mirror_columns(spec) if settings.flips else []
