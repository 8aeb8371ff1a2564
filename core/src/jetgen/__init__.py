"""jetgen: interchangeable generative models for particle clouds, and the harness that judges them on equal terms.

Every public name is imported when it is first used, so that ``import jetgen`` stays fast.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jetgen.cloud_spec import CloudSpec as CloudSpec
    from jetgen.cloud_spec import Feature as Feature
    from jetgen.clouds import Clouds as Clouds
    from jetgen.conditions import Conditions as Conditions
    from jetgen.context import RunContext as RunContext
    from jetgen.errors import JetgenError as JetgenError
    from jetgen.evaluation import evaluate as evaluate
    from jetgen.handle import dataset as dataset
    from jetgen.handle import generator as generator
    from jetgen.handle import load as load
    from jetgen.protocols import CloudSource as CloudSource
    from jetgen.protocols import Dataset as Dataset
    from jetgen.protocols import FitReport as FitReport
    from jetgen.protocols import Generator as Generator
    from jetgen.protocols import Metric as Metric
    from jetgen.protocols import MetricContext as MetricContext
    from jetgen.protocols import SupportsLogProb as SupportsLogProb
    from jetgen.protocols import SupportsPretrained as SupportsPretrained
    from jetgen.protocols import SupportsSimulation as SupportsSimulation
    from jetgen.settings import Need as Need
    from jetgen.settings import Settings as Settings
    from jetgen.specs import DatasetSpec as DatasetSpec
    from jetgen.specs import GeneratorSpec as GeneratorSpec
    from jetgen.specs import MetricSpec as MetricSpec

_HOMES = {
    "CloudSource": "protocols",
    "CloudSpec": "cloud_spec",
    "Clouds": "clouds",
    "Conditions": "conditions",
    "Dataset": "protocols",
    "DatasetSpec": "specs",
    "Feature": "cloud_spec",
    "FitReport": "protocols",
    "Generator": "protocols",
    "GeneratorSpec": "specs",
    "JetgenError": "errors",
    "Metric": "protocols",
    "MetricContext": "protocols",
    "MetricSpec": "specs",
    "Need": "settings",
    "RunContext": "context",
    "Settings": "settings",
    "SupportsLogProb": "protocols",
    "SupportsPretrained": "protocols",
    "SupportsSimulation": "protocols",
    "dataset": "handle",
    "evaluate": "evaluation",
    "generator": "handle",
    "load": "handle",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        msg = f"module 'jetgen' has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(importlib.import_module(f"jetgen.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
