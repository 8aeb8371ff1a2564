"""Invertible transforms of features, fitted on training points and saved with the model as JSON."""

from __future__ import annotations

from jetgen.transforms.context import ContextEncoding
from jetgen.transforms.elementwise import BoxCox, Log, Logit, MinMax, Standardise, Transform
from jetgen.transforms.features import TRANSFORMS, FeatureTransform
from jetgen.transforms.points import PointCoding

__all__ = [
    "TRANSFORMS",
    "BoxCox",
    "ContextEncoding",
    "FeatureTransform",
    "Log",
    "Logit",
    "MinMax",
    "PointCoding",
    "Standardise",
    "Transform",
]
