"""True events and the answers to them as numbers for networks: standardised, in the frame of the event, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import torch
from jetgen import Clouds, CloudSpec, Conditions
from jetgen.data.multiplicity import ConditionalMultiplicity
from jetgen.data.ordering import leading_feature, ordered
from jetgen.errors import DataError
from jetgen.metrics.answers.matching import Coordinates, matched, resolution_of
from jetgen.torch.training import Ragged, Rows
from jetgen.torch.transforms import ConditioningEncoding
from numpy.typing import NDArray

from jetgen_cvae_slot_attention.layout import Layout

__all__ = ["AnswerPreprocessing", "check_sizes", "true_events"]

Float64 = NDArray[np.float64]

_LEAST = 1e-6  # of a spread: a feature that never changes has none
_LARGEST = 80.0  # of a logarithm, so that float32 holds the number
_ARRAYS = ("offset", "spread", "width", "place")
_SOME = 4_000  # answers that tell the resolution


class AnswerPreprocessing:
    """The numbers of true events and of their answers.

    A coordinate is the logarithm of a positive feature, or an angle in radians, or the feature itself; it is shifted
    and divided by its spread. In the frame of the event all but logarithms are relative to the mean of the true
    particles, and two kinds of numbers are added: the coordinate as it is, unless it is an angle, and the rank of a
    particle by its leading feature.

    Arguments:
        spec: of the answers.
        frame: ``event`` or ``absolute``.
        offset, spread, width: float64 (F,), of each coordinate what is subtracted, its spread, and the resolution.
        place: float64 (F,), the size of the coordinates where they are absolute.
        multiplicity: of the answers.
    """

    def __init__(
        self,
        spec: CloudSpec,
        frame: str,
        offset: Float64,
        spread: Float64,
        width: Float64,
        place: Float64,
        multiplicity: ConditionalMultiplicity,
    ) -> None:
        self.spec, self.frame, self.multiplicity = spec, frame, multiplicity
        self.offset, self.spread, self.width, self.place = offset, spread, width, place
        self.coordinates = Coordinates(spec)
        self.conditioning = ConditioningEncoding.fit((), np.empty((0, 0), np.float32))

    @classmethod
    def fit(cls, spec: CloudSpec, frame: str, clouds: Clouds) -> Self:
        """That of training clouds.

        Raises:
            DataError: if an event is empty.
        """
        given, event = true_events(clouds.given, clouds.event)
        first, one = Coordinates(spec), np.ones(len(spec.features))
        counts = ConditionalMultiplicity.of(clouds.multiplicity, (), clouds.conditioning)
        width = resolution_of(clouds[:_SOME], event[:_SOME], given, first)
        self = cls(spec, frame, 0 * one, one, width, one, counts)
        centres = self._centres(given)
        places = first.of_particles(given)
        values = self.coordinates.difference(places, centres[given.rows])
        self.offset = values.mean(axis=0)
        self.offset[self.moving] = 0.0
        self.spread = np.maximum((values - self.offset).std(axis=0), _LEAST)
        self.place = np.maximum(np.sqrt(np.square(places).mean(axis=0)), _LEAST)
        return self

    @property
    def features(self) -> int:
        """F, the coordinates of a point."""
        return len(self.coordinates.names)

    @property
    def layout(self) -> Layout:
        """How a row of numbers describes a true event."""
        given = self._given_spec
        numbers = self.features + (len(self.placed) + 1 if self.frame == "event" else 0)
        return Layout(given.max_points, self.features, numbers, tuple(size for _, size in self._classes))

    @property
    def unit(self) -> Float64:
        """float64 (F,), the resolution in the units of preprocessed coordinates."""
        return self.width / self.spread

    @property
    def directions(self) -> list[int]:
        """The columns of coordinates that are no logarithms: where a particle goes."""
        return [i for i, name in enumerate(self.coordinates.names) if self._nature(name) != "positive"]

    @property
    def angles(self) -> list[int]:
        """The columns of coordinates that are angles."""
        return [i for i, name in enumerate(self.coordinates.names) if self._nature(name) == "periodic"]

    @property
    def moving(self) -> list[int]:
        """The columns of coordinates that are relative to the centre of the event."""
        return self.directions if self.frame == "event" else []

    @property
    def placed(self) -> list[int]:
        """Those whose absolute value is told, too. Physics does not know where an angle begins."""
        return [i for i in self.moving if i not in self.angles]

    def known(self, truth: Clouds, event: NDArray[np.int64]) -> NDArray[np.float32]:
        """float32 (N, width of the layout), the true event of each cloud; see :func:`true_events`.

        Raises:
            DataError: if one is too large, or has other features.
        """
        layout, expected = self.layout, len(self._given_spec.features)
        if truth.n_features != expected:
            msg = f"the true events have {truth.n_features} features; the model was trained for {expected}"
            raise DataError(msg)
        largest = int(truth.multiplicity.max(initial=0))
        if largest > layout.slots:
            msg = f"a true event has {largest} particles; the model was trained for {layout.slots} at most"
            raise DataError(msg)
        numbers = np.concatenate([self._particles(truth), self._class_columns(truth)], axis=1)
        padded = np.zeros((len(truth), layout.slots, numbers.shape[1]), np.float32)
        padded[truth.rows, truth.ranks] = numbers
        packed = np.concatenate([padded.reshape(len(truth), -1), truth.multiplicity[:, None]], axis=1)
        return packed.astype(np.float32)[event]

    def rows(self, clouds: Clouds, rng: np.random.Generator, *, training: bool) -> Mapping[str, Rows]:
        """``points``, ``multiplicity`` and ``conditioning``, the true event; and which particle a point belongs to.

        ``partner`` (ragged) is the place of that particle in its event, ``found`` (N, T) is 1 where there is a point.

        Raises:
            DataError: if an event is empty, or a cloud has more points than its event has particles.
        """
        del rng, training
        given, event = true_events(clouds.given, clouds.event)
        check_sizes(clouds.multiplicity, given, event)
        particle = matched(clouds, event, given, self.coordinates, self.width).particle
        partner = given.ranks[particle]
        found = np.zeros((len(clouds), self.layout.slots), np.float32)
        found[clouds.rows, partner] = 1.0
        centres = self._centres(given)[event[clouds.rows]]
        values = self.coordinates.difference(self.coordinates.of_points(clouds), centres)
        return {
            "points": Ragged.of(self._scaled(values), clouds.multiplicity),
            "multiplicity": torch.tensor(clouds.multiplicity),
            "conditioning": torch.tensor(self.known(given, event)),
            "partner": Ragged.of(partner[:, None].astype(np.float32), clouds.multiplicity),
            "found": torch.tensor(found),
        }

    def decode(self, values: NDArray[np.float32], conditions: Conditions) -> Clouds:
        """The clouds of preprocessed points (total, F), in the order of their leading feature."""
        given, event = true_events(conditions.given, conditions.event)
        assert conditions.multiplicity is not None
        centres = self._centres(given)[np.repeat(event, conditions.multiplicity)]
        coordinates = values.astype(np.float64) * self.spread + self.offset + centres
        logarithms = [i for i in range(self.features) if i not in self.directions]
        coordinates[:, logarithms] = np.clip(coordinates[:, logarithms], -_LARGEST, _LARGEST)
        points = self.coordinates.to_points(coordinates)
        clouds = Clouds.from_multiplicities(points, conditions.multiplicity, conditions.conditioning, given, event)
        return ordered(clouds, self.spec)

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which :meth:`from_json` makes an equal preprocessing."""
        arrays = {name: getattr(self, name).tolist() for name in _ARRAYS}
        return {"frame": self.frame, **arrays, "sizes": self.multiplicity.to_json()}

    @classmethod
    def from_json(cls, spec: CloudSpec, document: Mapping[str, Any]) -> Self:
        """The preprocessing that :meth:`to_json` described."""
        offset, spread, width, place = (np.asarray(document[name], np.float64) for name in _ARRAYS)
        sizes = ConditionalMultiplicity.from_json(document["sizes"])
        return cls(spec, document["frame"], offset, spread, width, place, sizes)

    @property
    def _given_spec(self) -> CloudSpec:
        assert self.spec.given is not None
        return self.spec.given

    @property
    def _classes(self) -> list[tuple[int, int]]:
        """Of each category of a true particle its column, and how many values it has."""
        features = self._given_spec.features
        return [(i, len(one.categories)) for i, one in enumerate(features) if one.nature == "categorical"]

    def _nature(self, name: str) -> str:
        return self.spec.features[self.spec.index(name)].nature

    def _centres(self, given: Clouds) -> Float64:
        """float64 (E, F), the mean of the particles of each event where coordinates are relative to it, else 0."""
        values, divisor = self.coordinates.of_particles(given), np.maximum(given.multiplicity, 1)
        centres = np.zeros((len(given), self.features))
        for i in self.moving:
            if i in self.angles:
                turns = [np.bincount(given.rows, wave(values[:, i]), len(given)) for wave in (np.sin, np.cos)]
                centres[:, i] = np.arctan2(*turns)
            else:
                centres[:, i] = np.bincount(given.rows, values[:, i], len(given)) / divisor
        return centres

    def _scaled(self, values: Float64) -> NDArray[np.float32]:
        return ((values - self.offset) / self.spread).astype(np.float32)

    def _particles(self, given: Clouds) -> NDArray[np.float32]:
        """float32 (total, F + E), the numbers of true particles."""
        centres, places = self._centres(given), self.coordinates.of_particles(given)
        columns = [self._scaled(self.coordinates.difference(places, centres[given.rows]))]
        if self.frame == "event":
            own = (places / self.place)[:, self.placed]
            rank = given.ranks[_rank_order(given, self._given_spec)] / self.layout.slots
            columns += [own.astype(np.float32), rank[:, None].astype(np.float32)]
        return np.concatenate(columns, axis=1)

    def _class_columns(self, given: Clouds) -> NDArray[np.float32]:
        """float32 (total, K), the categories of true particles."""
        found = given.points[:, [column for column, _ in self._classes]]
        for i, (column, size) in enumerate(self._classes):
            if not np.isin(found[:, i], np.arange(size)).all():
                name = self._given_spec.features[column].name
                msg = f"{name} of a true particle is none of its {size} categories"
                raise DataError(msg)
        return found


def _rank_order(given: Clouds, spec: CloudSpec) -> NDArray[np.int64]:
    """int64 (total,), for each particle the row of the one whose place in its event is this particle's rank."""
    order = np.lexsort((-given.points[:, leading_feature(spec)], given.rows))
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return place


def true_events(given: Clouds | None, event: NDArray[np.int64] | None) -> tuple[Clouds, NDArray[np.int64]]:
    """Both, which are there.

    Raises:
        DataError: if they are not, or an event that is asked for is empty.
    """
    if given is None or event is None:
        msg = "the model answers true events; give some (given and event)"
        raise DataError(msg)
    empty = np.flatnonzero(given.multiplicity[event] == 0) if len(event) else np.empty(0, np.int64)
    if len(empty):
        msg = f"true event {event[empty[0]]} has no particles: there is nothing to answer"
        raise DataError(msg)
    return given, event


def check_sizes(multiplicity: NDArray[np.int64], given: Clouds, event: NDArray[np.int64]) -> None:
    """Check that no cloud has more points than its true event has particles.

    Raises:
        DataError: if one does.
    """
    above = np.flatnonzero(multiplicity > given.multiplicity[event])
    if len(above):
        one = above[0]
        points, particles = multiplicity[one], given.multiplicity[event[one]]
        what = f"{points} points for the {particles} particles of its true event {event[one]}"
        msg = f"cloud {one} has {what}; these models make no fakes"
        raise DataError(msg)
