"""The light objects that entry points name. They say what there is without importing what is heavy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from jetgen.data.spec import Kind

__all__ = ["ALL_KINDS", "API_VERSION", "DatasetSpec", "GeneratorSpec", "MetricSpec", "Spec"]

API_VERSION = 2
"""The version of the protocols that this jetgen speaks."""

ALL_KINDS: tuple[str, ...] = get_args(Kind)
"""Every kind of clouds."""


@dataclass(frozen=True, kw_only=True)
class Spec:
    """What every named thing says of itself.

    Arguments:
        name: what a user types; the same as the name of the entry point.
        summary: one line.
        target: where the class is, as ``"package.module:Class"``; it is imported when it is used.
        paper: arXiv number or address, empty if there is none.
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
        settings: where its settings class is (a torch-free subclass of :class:`jetgen.Settings`).
        kinds: the kinds of clouds that it can learn; by default all.
        capabilities: the further protocols that it implements, such as ``"SupportsLogProb"``.
        baseline: True for a row that is shown beside the models and never ranked.
    """

    settings: str
    kinds: tuple[str, ...] = ALL_KINDS
    capabilities: tuple[str, ...] = ()
    baseline: bool = False


@dataclass(frozen=True, kw_only=True)
class DatasetSpec(Spec):
    """A dataset at one or more sizes.

    Arguments:
        kind: the kind of its clouds.
        sizes: name of each size, and the number of clouds of train, val and test there.
        default_size: the size of a name without ``@size``.
        options: further arguments of the class's ``create``.
        capabilities: ``"SupportsSimulation"`` if its simulator can be timed.
    """

    kind: str
    sizes: Mapping[str, tuple[int, int, int]]
    default_size: str
    options: Mapping[str, Any] = field(default_factory=dict)
    capabilities: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class MetricSpec(Spec):
    """A figure of merit.

    Arguments:
        kinds: the kinds of clouds that it applies to.
        features: the features that it needs by name; empty if any will do.
        unit: the unit of its values, empty for a pure number.
        direction: ``"lower"`` or ``"higher"`` is better, or ``"one"`` or ``"half"`` when the ideal value is that.
        smallest_n: the number of clouds on either side below which the value says nothing.
        tier: ``"standard"`` (seconds), ``"slow"`` (minutes), or ``"paper"`` (hours; computed only if named).
        needs: ``"train"`` if it looks at the training clouds too, ``"model"`` if it asks the trained generator itself,
            ``"core"`` if it wants a processor core for itself: the timing stage of a run does what it says.
        capability: the protocol that a generator must declare for a metric that asks it, such as ``"SupportsLogProb"``.
        requires: modules that core does not install by itself and that must be there, such as ``"torch"``.
        ranked: False for a diagnostic that must not order models.
        draws: how many draws of a model it judges at most; None for all that the run makes.
        floor_draws: the splits of the truth behind the floor; fewer where one of them takes minutes.
    """

    kinds: tuple[str, ...]
    features: tuple[str, ...] = ()
    unit: str = ""
    direction: Literal["lower", "higher", "one", "half"] = "lower"
    smallest_n: int = 100
    tier: Literal["standard", "slow", "paper"] = "standard"
    needs: tuple[Literal["train", "model", "core"], ...] = ()
    capability: str = ""
    requires: tuple[str, ...] = ()
    ranked: bool = True
    draws: int | None = None
    floor_draws: int = 30
