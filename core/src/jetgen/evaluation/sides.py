"""The true and the generated clouds of a comparison: read from where they are, and checked against each other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from numpy.typing import ArrayLike

from jetgen.api.protocols import CloudSource
from jetgen.data.checks import check_generated, check_truth
from jetgen.data.clouds import Clouds
from jetgen.data.spec import CloudSpec
from jetgen.errors import DataError, UsageError
from jetgen.io.cloud_file import CloudFile, open_clouds

__all__ = ["called", "read_clouds", "read_sides", "require_same_meaning"]


def read_sides(
    real: CloudSource | Path | str,
    fake: CloudSource | Path | str,
    spec: CloudSpec | None,
    features: Sequence[str] | None,
    weights: ArrayLike | None = None,
) -> tuple[CloudSpec, Clouds, Clouds]:
    """The spec, the true and the generated clouds.

    Arguments:
        real, fake: clouds, or paths of files.
        spec: features and conditioning of the clouds; None for those in the file ``real``.
        features: the names of the columns of files without names; of other files, the features to read.
        weights: (N,), of the generated clouds; None for those that ``fake`` has, if any.

    Raises:
        UsageError: if nothing says what the columns mean, or weights are given twice.
        DataError: if a file cannot be read, the true clouds have weights or are not what their spec says, or the
            generated ones are of another kind or in other units, or their weights cannot be used.
    """
    meaning, truth = read_clouds(real, spec, features)
    check_truth(truth, meaning, called(real, "the true clouds"))
    _, made = read_clouds(fake, meaning, features)
    made = made if weights is None else _weighted(made, weights)
    check_generated(made, meaning, truth, called(fake, "the generated clouds"))
    return meaning, truth, made


def read_clouds(
    source: CloudSource | Path | str, spec: CloudSpec | None, features: Sequence[str] | None
) -> tuple[CloudSpec, Clouds]:
    """The spec and the clouds of a source; the features of a file are put in the order of the spec.

    Raises:
        UsageError: if nothing says what the columns mean.
        DataError: if a file cannot be read, or the clouds are not what the spec says.
    """
    if isinstance(source, str | Path):
        with open_clouds(source, features) as file:
            return read_clouds(file, spec, None)
    if isinstance(source, CloudFile):
        return spec or source.spec, _reordered(source, spec or source.spec)
    if spec is None:
        msg = "nothing says what the columns of the clouds mean; give spec=CloudSpec(...)"
        raise UsageError(msg)
    clouds = source[: len(source)]
    if clouds.n_features != len(spec.features):
        msg = f"the clouds have {clouds.n_features} features, not the {len(spec.features)}: {', '.join(spec.names)}"
        raise DataError(msg)
    return spec, clouds


def _weighted(made: Clouds, weights: ArrayLike) -> Clouds:
    if made.weights is not None:
        msg = "the generated clouds have weights already; leave out weights=, or take theirs away by with_weights(None)"
        raise UsageError(msg)
    return made.with_weights(weights)


def called(source: CloudSource | Path | str, otherwise: str) -> str:
    """What messages call a source: the path of a file, else ``otherwise``."""
    if isinstance(source, CloudFile):
        source = source.path
    return str(source) if isinstance(source, str | Path) else otherwise


def _reordered(file: CloudFile, spec: CloudSpec) -> Clouds:
    missing = [name for name in spec.names if name not in file.spec.names]
    if missing:
        msg = f"{file.path}: there is no feature {', '.join(missing)}; it has {', '.join(file.spec.names)}"
        raise DataError(msg)
    require_same_meaning(file, spec)
    clouds = file[:]
    if file.spec.names == spec.names:
        return clouds
    columns = [file.spec.index(name) for name in spec.names]
    return clouds.with_points(clouds.points[:, columns])


def require_same_meaning(file: CloudFile, spec: CloudSpec) -> None:
    """Refuse what a file declares of itself and is not what the reference is; what nobody declared is not compared."""
    if file.declared and file.spec.kind != spec.kind:
        msg = f"{file.path}: it holds {file.spec.kind}, the reference {spec.kind}"
        raise DataError(msg)
    for feature in spec.features:
        unit = file.spec.features[file.spec.index(feature.name)].unit
        if unit and feature.unit and unit != feature.unit:
            msg = f"{file.path}: {feature.name} is in {unit}, in the reference in {feature.unit}; convert one of them"
            raise DataError(msg)
