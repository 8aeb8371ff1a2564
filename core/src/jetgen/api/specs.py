"""The specs that entry points name: they describe plugins without importing anything heavy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from jetgen.data.spec import Kind

__all__ = ["ALL_KINDS", "API_VERSION", "DatasetSpec", "GeneratorSpec", "MetricSpec", "Spec"]

API_VERSION = 2
"""The version of the protocols of this jetgen."""

ALL_KINDS: tuple[str, ...] = get_args(Kind)
"""Every kind of clouds."""


@dataclass(frozen=True, kw_only=True)
class Spec:
    """The common fields of all specs.

    Arguments:
        name: what a user types; equal to the name of the entry point.
        summary: one line.
        target: the class, as ``"package.module:Class"``; it is imported when it is used.
        paper: arXiv number or address; empty if there is none.
        api_version: the :data:`API_VERSION` that the plugin was written for.
    """

    name: str
    summary: str
    target: str
    paper: str = ""
    api_version: int = API_VERSION

    def to_json(self) -> dict[str, Any]:
        """A JSON object with every field."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class GeneratorSpec(Spec):
    """A generative model.

    Arguments:
        settings: its settings class, a torch-free subclass of :class:`jetgen.Settings`, as ``"package.module:Class"``.
        kinds: the kinds of clouds that it can learn; by default all.
        capabilities: the further protocols that it implements, such as ``"SupportsLogProb"``.
        baseline: True for a generator whose row is shown but not ranked.
        refines: True for a generator that works on top of any other one, which its settings name: a run of all
            generators leaves it out.
        modules: further top-level packages whose code decides what it learns, such as ``"my_layers"``. An edit there
            trains it anew, as one in its own package and in those called ``jetgen_*`` does.
    """

    settings: str
    kinds: tuple[str, ...] = ALL_KINDS
    capabilities: tuple[str, ...] = ()
    baseline: bool = False
    refines: bool = False
    modules: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DatasetSpec(Spec):
    """A dataset at one or more sizes.

    Arguments:
        kind: the kind of its clouds.
        sizes: the numbers of train, val and test clouds of each size, by its name.
        default_size: the size that a name without ``@size`` means.
        options: further arguments of ``create``.
        asks: the names of further arguments of ``create`` that a user gives as text after the name of the dataset:
            ``("model",)`` for ``rqs-surrogate@small,model=FOLDER``. All are needed.
        capabilities: ``"SupportsSimulation"`` if it can simulate new clouds, ``"SupportsDensity"`` if it knows the
            density of its clouds, ``"SupportsResponse"`` if it knows how its clouds answer true ones.
    """

    kind: str
    sizes: Mapping[str, tuple[int, int, int]]
    default_size: str
    options: Mapping[str, Any] = field(default_factory=dict)
    asks: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class MetricSpec(Spec):
    """A figure of merit.

    Arguments:
        kinds: the kinds of clouds that it applies to.
        features: the names of the features that it needs; empty if it takes any.
        answers: ``"only"`` if it judges clouds that answer true ones alone, ``"never"`` if it cannot judge those.
        unit: the unit of its values; empty for a pure number.
        direction: ``"lower"`` or ``"higher"`` if that is better; ``"one"`` or ``"half"`` if that is the ideal value.
        smallest_n: the smallest number of true and of generated clouds for which the value is meaningful.
        costly: True if it is too expensive to be computed for fewer clouds. A run then leaves it out unless it is
            named; of another metric it would mark the score.
        tier: ``"standard"`` (seconds), ``"slow"`` (minutes), or ``"paper"`` (hours; computed only if named).
        needs: ``"train"`` if it uses the training clouds, ``"model"`` if it calls the trained generator itself,
            ``"core"`` if it needs a CPU core for itself: it then runs in the timing stage.
        capability: the protocol that the generator must declare if the metric calls it: ``"SupportsLogProb"``.
        requires: modules that core does not install and the metric imports, such as ``"torch"``.
        ranked: False for a diagnostic that does not rank generators.
        weighted: True if it takes the weights of generated clouds; else it is skipped, with the reason, where they have
            some. A metric in two steps then has ``compare(real, fake, ctx, weights=None)``.
        draws: the largest number of draws of a model that it evaluates; None for all draws of the run.
        floor_draws: the number of splits of the truth that give the floor; fewer for a metric that takes minutes.
    """

    kinds: tuple[str, ...]
    features: tuple[str, ...] = ()
    answers: Literal["any", "only", "never"] = "any"
    unit: str = ""
    direction: Literal["lower", "higher", "one", "half"] = "lower"
    smallest_n: int = 100
    costly: bool = False
    tier: Literal["standard", "slow", "paper"] = "standard"
    needs: tuple[Literal["train", "model", "core"], ...] = ()
    capability: str = ""
    requires: tuple[str, ...] = ()
    ranked: bool = True
    weighted: bool = False
    draws: int | None = None
    floor_draws: int = 30
