"""Invertible transforms of features, fitted on training points and saved with the model as JSON."""

from __future__ import annotations

from jetgen.torch.transforms.conditioning import ConditioningEncoding
from jetgen.torch.transforms.elementwise import BoxCox, Log, Logit, MinMax, Standardise, Transform
from jetgen.torch.transforms.features import TRANSFORMS, FeatureTransform
from jetgen.torch.transforms.gauss_rank import GaussRank
from jetgen.torch.transforms.points import PointPreprocessing

__all__ = [
    "TRANSFORMS",
    "BoxCox",
    "ConditioningEncoding",
    "FeatureTransform",
    "GaussRank",
    "Log",
    "Logit",
    "MinMax",
    "PointPreprocessing",
    "Standardise",
    "Transform",
]
