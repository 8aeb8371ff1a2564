"""The contracts of jetgen. They are structural: a plugin implements them without inheriting from anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from jetgen.api.context import RunContext
from jetgen.data.clouds import Clouds
from jetgen.data.conditions import Conditions
from jetgen.data.spec import CloudSpec

if TYPE_CHECKING:
    from jetgen.api.metric import Measurement

__all__ = [
    "CloudSource",
    "Dataset",
    "FitReport",
    "Generator",
    "Metric",
    "MetricContext",
    "Response",
    "Split",
    "SupportsDensity",
    "SupportsFeatures",
    "SupportsLogProb",
    "SupportsPretrained",
    "SupportsResponse",
    "SupportsSimulation",
]

Split = Literal["train", "val", "test"]


class CloudSource(Protocol):
    """Clouds that can be read by slices; they need not fit in memory. :class:`jetgen.Clouds` is one."""

    def __len__(self) -> int: ...

    def __getitem__(self, key: slice, /) -> Clouds: ...


class Dataset(Protocol):
    """Clouds with a meaning and a fixed split. Made by ``create(size, **options)`` from its spec."""

    @classmethod
    def create(cls, size: str, **options: Any) -> Self:
        """A dataset of one of the sizes that its spec names; nothing is read or made yet."""
        ...

    @property
    def spec(self) -> CloudSpec:
        """What the arrays mean; known before any data exist."""
        ...

    def recipe(self) -> Mapping[str, Any]:
        """A JSON object that determines the data; known before any data exist."""
        ...

    def prepare(self, ctx: RunContext) -> None:
        """Make or fetch what is missing; cheap when everything is there, safe to kill and to run twice at once."""
        ...

    def load(self, split: Split) -> CloudSource:
        """The clouds of one split, after :meth:`prepare`."""
        ...


class SupportsSimulation(Protocol):
    """A dataset whose simulator can be timed beside the models."""

    def simulate(self, n: int, seed: int) -> Clouds:
        """``n`` fresh clouds, made now by one process on one thread; nothing is cached."""
        ...


class SupportsDensity(Protocol):
    """A dataset whose clouds are drawn from a density that it knows."""

    def log_prob(self, clouds: Clouds) -> NDArray[np.float64]:
        """float64 (N,), the natural logarithm of the density of each cloud in the units of its features.

        It is that of the points in a fixed order, as generators with :class:`SupportsLogProb` give it; minus infinity
        where the density is 0. It does not need :meth:`Dataset.prepare`.
        """
        ...


@dataclass(frozen=True)
class Response:
    """What a detector does to each of P true particles, which it finds independently of each other.

    A residual is what is reconstructed minus what is true: of a positive feature in logarithm, of a periodic one the
    shorter way round.

    Arguments:
        found: float64 (P,), the probability that a particle is found.
        mean: float64 (P, F), the means of the residuals of the F features of a reconstructed point.
        variance: float64 (P, F), their variances.
    """

    found: NDArray[np.float64]
    mean: NDArray[np.float64]
    variance: NDArray[np.float64]


class SupportsResponse(Protocol):
    """A dataset whose clouds answer true ones, and that knows exactly how.

    Its floors are new answers to the true clouds of the test split, against the test clouds.
    """

    def response(self, given: Clouds) -> Response:
        """What happens to each particle of these true clouds, in the order of their points.

        It does not need :meth:`Dataset.prepare`.
        """
        ...

    def answer(self, given: Clouds, event: NDArray[np.int64], seed: int) -> Clouds:
        """New clouds, made now: cloud i answers the true cloud ``event[i]``; none is that of a split."""
        ...


@dataclass(frozen=True)
class FitReport:
    """The report of a training.

    Arguments:
        parameters: the number of trained parameters, an ``int``.
        steps: the number of steps (updates) that were done, an ``int``.
        stop_reason: ``"finished"``, or ``"deadline"`` if the time was over before the last step.
        history: the values over time of each quantity, such as ``{"loss": [2.1, 1.4]}``; finite numbers.
    """

    parameters: int
    steps: int
    stop_reason: str = "finished"
    history: Mapping[str, list[float]] = field(default_factory=dict)


class Generator(Protocol):
    """A model that learns clouds and makes new ones."""

    @classmethod
    def create(cls, settings: Any, cloud_spec: CloudSpec) -> Self:
        """An untrained model for clouds of this meaning; ``settings`` is an instance of the spec's settings class."""
        ...

    def fit(self, train: CloudSource, val: CloudSource, ctx: RunContext) -> FitReport:
        """Train. After a kill, the same call is made again with the same ``ctx.out``, and should resume from there."""
        ...

    def sample(self, conditions: Conditions, ctx: RunContext) -> Clouds:
        """``conditions.n`` clouds, cloud i for row i of the conditions; the same ``ctx`` gives the same clouds.

        ``n`` may be 0: the sample then has 0 clouds, and as many features as any other.
        """
        ...

    def save(self, folder: Path) -> None:
        """Write everything that :meth:`load` needs into an existing empty folder; no pickle."""
        ...

    @classmethod
    def load(cls, folder: Path, device: str) -> Self:
        """The model that :meth:`save` wrote, ready to sample on ``device``."""
        ...


class SupportsLogProb(Protocol):
    """A generator that knows the density of a cloud."""

    def log_prob(self, clouds: Clouds, ctx: RunContext) -> NDArray[np.float64]:
        """float64 (N,), the natural logarithm of the density of each cloud in the units of its features.

        It is that of the points in a fixed order; as a density of sets it would be smaller by log n!.
        """
        ...


class SupportsPretrained(Protocol):
    """A generator that can be had with weights that were trained before, such as those that its plugin ships."""

    @classmethod
    def pretrained(cls, settings: Any) -> Self | None:
        """The trained model that ``settings`` name, ready to sample on the CPU; None if they name none."""
        ...

    @property
    def spec(self) -> CloudSpec:
        """The clouds that it was trained on."""
        ...


@dataclass(frozen=True)
class MetricContext(RunContext):
    """The :class:`jetgen.RunContext` of a metric.

    Arguments:
        train: the training clouds, if the spec of the metric ``needs`` ``"train"``.
        model: the trained generator, if it ``needs`` ``"model"``.
        halves: int64 row numbers of halves of the true clouds. A metric with a result for every cloud gives its values
            against each half as well, as ``Measurement.halves``; others may ignore them.
        density: the logarithm of the true density of clouds, if the dataset has :class:`SupportsDensity`.
        response: what happens to true particles, if it has :class:`SupportsResponse`.
    """

    train: CloudSource | None = None
    model: Generator | None = None
    halves: tuple[NDArray[np.int64], ...] = ()
    density: Callable[[Clouds], NDArray[np.float64]] | None = None
    response: Callable[[Clouds], Response] | None = None


class Metric(Protocol):
    """A figure of merit of generated against true clouds."""

    @classmethod
    def create(cls, cloud_spec: CloudSpec) -> Self:
        """The metric for clouds of this spec."""
        ...

    def compute(self, real: Clouds, fake: Clouds, ctx: MetricContext) -> Measurement:
        """Compare generated (``fake``) with true clouds (``real``), which have no weights.

        ``fake.weights`` is None unless the spec of the metric says ``weighted``.

        A metric of features that each cloud has by itself can derive from :class:`jetgen.api.metric.FeatureMetric`,
        which computes them once per cloud.
        """
        ...


@runtime_checkable
class SupportsFeatures(Protocol):
    """A metric in two steps: features of each cloud, then a comparison of two sets of features.

    The features of a cloud are computed once, however often it is compared: for all draws of a model and all splits
    of a floor. :class:`jetgen.api.metric.FeatureMetric` derives ``compute`` from the two steps.
    """

    def featurise(self, clouds: Clouds, ctx: MetricContext) -> NDArray[np.float64]:
        """float64 (N, ...), the features of each cloud. They must not depend on the other clouds."""
        ...

    def compare(self, real: NDArray[np.float64], fake: NDArray[np.float64], ctx: MetricContext) -> Measurement:
        """What ``compute`` returns for clouds with these features.

        Where the spec says ``weighted`` there is one more argument, ``weights``: float64 (M,), those of the generated
        clouds, by default None. It is given only if the clouds have weights.
        """
        ...
