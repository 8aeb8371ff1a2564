"""The meaning of the arrays of point clouds: names, units and nature of the features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from jetgen.errors import DataError

__all__ = ["CloudSpec", "Feature", "Kind", "Nature"]

Kind = Literal["jets", "showers", "tracks", "table"]
Nature = Literal["continuous", "positive", "periodic", "categorical"]


@dataclass(frozen=True)
class Feature:
    """One column of an array.

    Arguments:
        name: what tables and plots call it.
        unit: such as ``"GeV"``; empty for a pure number.
        nature: ``"continuous"``, ``"positive"``, ``"periodic"`` or ``"categorical"``.
        categories: the meaning of the values 0, 1, 2, ... of a categorical column; empty if it is unknown.
        bins: for a feature that is the index of a bin or voxel, the number of bins: its values are 0, ..., bins - 1.
            0 for any other feature. The period of a periodic feature is its number of bins, or 2 pi without bins.

    Raises:
        DataError: if these do not go together.
    """

    name: str
    unit: str = ""
    nature: Nature = "continuous"
    categories: tuple[str, ...] = ()
    bins: int = 0

    def __post_init__(self) -> None:
        if not self.name or not _are_texts(self.name):
            msg = f"a feature is called {self.name!r}; the name of a feature is a text"
            raise DataError(msg)
        if not _are_texts(self.unit) or _are_texts(self.categories) or not _are_texts(*self.categories):
            msg = f"feature {self.name!r} has unit {self.unit!r} and categories {self.categories!r}; texts are needed"
            raise DataError(msg)
        object.__setattr__(self, "categories", tuple(self.categories))
        if self.nature not in get_args(Nature):
            msg = f"feature {self.name!r} has nature {self.nature!r}; use one of {', '.join(get_args(Nature))}"
            raise DataError(msg)
        if self.categories and self.nature != "categorical":
            msg = f"feature {self.name!r} is {self.nature} and cannot have categories; make its nature categorical"
            raise DataError(msg)
        if type(self.bins) is not int or self.bins < 0:
            msg = f"feature {self.name!r} has {self.bins!r} bins; an integer is needed, 0 for none"
            raise DataError(msg)
        if self.bins and self.nature in ("categorical", "positive"):
            msg = f"feature {self.name!r} is {self.nature} and cannot have bins; only continuous and periodic ones can"
            raise DataError(msg)

    def to_json(self) -> dict[str, Any]:
        """A JSON object of the arguments; categories and bins only where there are any."""
        document = {**asdict(self), "categories": list(self.categories)}
        return {key: value for key, value in document.items() if value or key not in ("categories", "bins")}


def _are_texts(*values: Any) -> bool:
    return all(isinstance(value, str) for value in values)


@dataclass(frozen=True)
class CloudSpec:
    """The meaning of :class:`jetgen.Clouds`.

    Arguments:
        kind: ``"jets"``, ``"showers"``, ``"tracks"`` or ``"table"``.
        features: the F columns of ``points``.
        max_points: the largest multiplicity.
        conditioning: the C columns of ``conditioning``.
        given: the meaning of the conditioning clouds; None if there are none.
        geometry: facts of the detector that metrics and plots need, as a JSON object.

    Raises:
        DataError: if these do not go together.

    >>> spec = CloudSpec("jets", (Feature("etarel"), Feature("phirel"), Feature("ptrel", nature="positive")), 30)
    >>> spec.index("ptrel")
    2
    >>> CloudSpec.from_json(spec.to_json()) == spec
    True
    """

    kind: Kind
    features: tuple[Feature, ...]
    max_points: int
    conditioning: tuple[Feature, ...] = ()
    given: CloudSpec | None = None
    geometry: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        for name in ("features", "conditioning"):  # a list would not equal the spec that is read back from JSON
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if self.kind not in get_args(Kind):
            msg = f"clouds have kind {self.kind!r}; use one of {', '.join(get_args(Kind))}"
            raise DataError(msg)
        for what, columns in (("feature", self.names), ("conditioning", self.conditioning_names)):
            if len(set(columns)) != len(columns):
                msg = f"the {what} names {', '.join(columns)} are not distinct"
                raise DataError(msg)
        if type(self.max_points) is not int:
            msg = f"clouds of at most {self.max_points!r} points cannot be; an integer is needed"
            raise DataError(msg)
        if not self.features or self.max_points < 1:
            msg = f"clouds need at least one feature and one point, not {len(self.features)} and {self.max_points}"
            raise DataError(msg)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the point features, in the order of the columns of ``points``."""
        return tuple(feature.name for feature in self.features)

    @property
    def conditioning_names(self) -> tuple[str, ...]:
        """The names of the per-cloud observables, in the order of the columns of ``conditioning``."""
        return tuple(feature.name for feature in self.conditioning)

    def index(self, name: str) -> int:
        """The index of the column called ``name``.

        Raises:
            DataError: if there is none.
        """
        if name not in self.names:
            msg = f"the clouds have no feature {name!r}; they have {', '.join(self.names)}"
            raise DataError(msg)
        return self.names.index(name)

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which :meth:`from_json` makes an equal spec."""
        return {
            "kind": self.kind,
            "features": [feature.to_json() for feature in self.features],
            "max_points": self.max_points,
            "context": [feature.to_json() for feature in self.conditioning],
            "given": self.given.to_json() if self.given is not None else None,
            "geometry": dict(self.geometry),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> CloudSpec:
        """The spec that :meth:`to_json` described.

        Raises:
            DataError: if the document is not one.
        """
        try:
            given = document.get("given")
            conditioning = document.get("context", document.get("conditioning", ()))
            return cls(
                kind=document["kind"],
                features=tuple(Feature(**feature) for feature in document["features"]),
                max_points=document["max_points"],
                conditioning=tuple(Feature(**feature) for feature in conditioning),
                given=cls.from_json(given) if given is not None else None,
                geometry=dict(document.get("geometry", {})),
            )
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            if isinstance(error, DataError):
                raise
            msg = f"the description of the clouds is not a CloudSpec ({type(error).__name__}: {error})"
            raise DataError(msg) from error
