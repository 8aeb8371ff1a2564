"""jetgen: interchangeable generative models for particle clouds, and the harness that judges them on equal terms.

Every public name is imported when it is first used, so that ``import jetgen`` stays fast.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jetgen import plot as plot
    from jetgen.api.context import RunContext as RunContext
    from jetgen.api.metric import Measurement as Measurement
    from jetgen.api.protocols import CloudSource as CloudSource
    from jetgen.api.protocols import Dataset as Dataset
    from jetgen.api.protocols import FitReport as FitReport
    from jetgen.api.protocols import Generator as Generator
    from jetgen.api.protocols import Metric as Metric
    from jetgen.api.protocols import MetricContext as MetricContext
    from jetgen.api.protocols import Response as Response
    from jetgen.api.protocols import SupportsDensity as SupportsDensity
    from jetgen.api.protocols import SupportsLogProb as SupportsLogProb
    from jetgen.api.protocols import SupportsPretrained as SupportsPretrained
    from jetgen.api.protocols import SupportsResponse as SupportsResponse
    from jetgen.api.protocols import SupportsSimulation as SupportsSimulation
    from jetgen.api.settings import Need as Need
    from jetgen.api.settings import Settings as Settings
    from jetgen.api.specs import DatasetSpec as DatasetSpec
    from jetgen.api.specs import GeneratorSpec as GeneratorSpec
    from jetgen.api.specs import MetricSpec as MetricSpec
    from jetgen.api.torch_settings import TorchSettings as TorchSettings
    from jetgen.conversion.converting import Converted as Converted
    from jetgen.conversion.converting import convert as convert
    from jetgen.data.clouds import Clouds as Clouds
    from jetgen.data.conditions import Conditions as Conditions
    from jetgen.data.spec import CloudSpec as CloudSpec
    from jetgen.data.spec import Feature as Feature
    from jetgen.errors import JetgenError as JetgenError
    from jetgen.evaluation.evaluate import Evaluation as Evaluation
    from jetgen.evaluation.explain.explain import explain as explain
    from jetgen.evaluation.explain.explanation import Explanation as Explanation
    from jetgen.io.cloud_file import open_clouds as open_clouds
    from jetgen.io.exports import export as export
    from jetgen.notebook import dataset as dataset
    from jetgen.notebook import generator as generator
    from jetgen.notebook import load as load
    from jetgen.notebook.evaluating import evaluate as evaluate
    from jetgen.notebook.runs import load_run as load_run

_HOMES = {
    "CloudSource": "api.protocols",
    "CloudSpec": "data.spec",
    "Clouds": "data.clouds",
    "Conditions": "data.conditions",
    "Converted": "conversion.converting",
    "Dataset": "api.protocols",
    "DatasetSpec": "api.specs",
    "Evaluation": "evaluation.evaluate",
    "Explanation": "evaluation.explain.explanation",
    "Feature": "data.spec",
    "FitReport": "api.protocols",
    "Generator": "api.protocols",
    "GeneratorSpec": "api.specs",
    "JetgenError": "errors",
    "Measurement": "api.metric",
    "Metric": "api.protocols",
    "MetricContext": "api.protocols",
    "MetricSpec": "api.specs",
    "Need": "api.settings",
    "Response": "api.protocols",
    "RunContext": "api.context",
    "Settings": "api.settings",
    "TorchSettings": "api.torch_settings",
    "SupportsDensity": "api.protocols",
    "SupportsLogProb": "api.protocols",
    "SupportsPretrained": "api.protocols",
    "SupportsResponse": "api.protocols",
    "SupportsSimulation": "api.protocols",
    "convert": "conversion.converting",
    "dataset": "notebook",
    "evaluate": "notebook.evaluating",
    "explain": "evaluation.explain.explain",
    "export": "io.exports",
    "generator": "notebook",
    "load": "notebook",
    "load_run": "notebook.runs",
    "open_clouds": "io.cloud_file",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name == "plot":
        return importlib.import_module("jetgen.plot")
    if name not in _HOMES:
        msg = f"module 'jetgen' has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(importlib.import_module(f"jetgen.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES, "plot"])
