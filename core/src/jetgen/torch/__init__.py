"""Everything that needs torch: layers, transforms, training, and the base class of generators, `TorchGenerator`.

The names below are imported when they are first used, so that settings and specs stay free of torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jetgen.torch.clouds import Batch as Batch
    from jetgen.torch.clouds import Noise as Noise
    from jetgen.torch.clouds import NoiseShape as NoiseShape
    from jetgen.torch.clouds import TorchGenerator as TorchGenerator
    from jetgen.torch.clouds import TrainingData as TrainingData
    from jetgen.torch.clouds import TrainingPlan as TrainingPlan
    from jetgen.torch.nn import SetNetwork as SetNetwork

_HOMES = {
    "Batch": "clouds",
    "Noise": "clouds",
    "NoiseShape": "clouds",
    "SetNetwork": "nn",
    "TorchGenerator": "clouds",
    "TrainingData": "clouds",
    "TrainingPlan": "clouds",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        msg = f"module 'jetgen.torch' has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(importlib.import_module(f"jetgen.torch.{_HOMES[name]}"), name)
