"""``jetgen.convert``: a file of another layout becomes one that everything here reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jetgen.conversion.recognising import Asked, Recognised, recognised
from jetgen.conversion.relative import UNITS, RelativeJets
from jetgen.data.checks import check_truth
from jetgen.data.spec import CloudSpec
from jetgen.errors import UsageError
from jetgen.io.exports import check_exportable, export

__all__ = ["Converted", "convert"]

_LOOKED_AT = 10_000  # clouds behind what is said of a file


@dataclass(frozen=True)
class Converted:
    """What was found in a file, and written.

    Arguments:
        path: the new file.
        n: the number of clouds.
        spec: of them.
        facts: what was found, in sentences.
    """

    path: Path
    n: int
    spec: CloudSpec
    facts: tuple[str, ...]


def convert(
    path: Path | str,
    out: Path | str,
    *,
    features: Sequence[str] | None = None,
    points: str | None = None,
    mask: str | None = None,
    relative: bool = False,
    unit: str = "GeV",
    leading: int | None = None,
    conditioning: Sequence[str] | None = None,
    only: str | None = None,
    layout: str | None = None,
) -> Converted:
    """Write the clouds of a file of another layout as one that jetgen reads; :mod:`jetgen.conversion` lists them.

    Arguments:
        path: the file. Published layouts are recognised, unless ``features`` or ``mask`` say what is in it.
        out: the new file: HDF5, npz or Parquet by the ending of its name, or as ``layout`` says.
        features: the columns to read, in this order; required for padded arrays without names.
        points: the array of the points, if it has another name than usual; of a ROOT file, the tree.
        mask: the array that says which slots of padded points are filled, or the feature that is positive where one is.
        relative: whether momenta are made relative to the axis of the jet. Those of published layouts always are.
        unit: of the momenta in the file: GeV, MeV or TeV.
        leading: how many particles of each jet are kept, those of the largest pT; the axis is that of all.
        conditioning: per-cloud observables that become conditioning; of jets that are made relative, some of
            ``jet_type``, ``pt``, ``eta`` and ``mass``. By default the type of the jets, where a file has several.
        only: the one type of jets that is kept, such as ``"top"``.
        layout: native, jetnet, npz or parquet.

    Raises:
        DataError: if the file cannot be read, or its values are not in the units that its layout has.
        UsageError: if something is asked for that such clouds do not have.
        JetgenError: if the new file cannot be written; an existing one is then unchanged.
    """
    path, out = Path(path), Path(out)
    if unit not in UNITS:
        msg = f"momenta in {unit!r} are not known; use one of {', '.join(UNITS)}"
        raise UsageError(msg)
    if leading is not None and leading < 1:
        msg = f"{leading} leading particles are none; 1 or more are needed"
        raise UsageError(msg)
    if out.exists() and path.exists() and out.samefile(path):
        msg = f"{out} is the file itself; name another one"
        raise UsageError(msg)
    file = recognised(path, Asked(features, points, mask, relative, unit, leading, conditioning, only))
    try:
        check_exportable(out, file.spec, layout)
        facts = tuple(_facts(file, path))
        export(out, file.source, file.spec, layout)
        return Converted(out, len(file.source), file.spec, facts)
    finally:
        file.close()


def _facts(file: Recognised, path: Path) -> Iterator[str]:
    n, source = len(file.source), file.source
    known: Mapping[str, NDArray[np.float64]] = {}
    if isinstance(source, RelativeJets):
        clouds, known = source.looked_at(_LOOKED_AT)
        check_truth(clouds, file.spec, str(path))
    else:
        clouds = source[:_LOOKED_AT]
    sizes = clouds.multiplicity if len(clouds) else np.zeros(1, np.int64)
    yield f"{file.what}: {n:,} clouds of {sizes.min()} to {sizes.max()} points"
    if isinstance(source, RelativeJets) and n:
        yield from _of_jets(known, source.roles)
    for feature in file.spec.conditioning:
        meaning = ", ".join(f"{i} {name}" for i, name in enumerate(feature.categories))
        unit = f" in {feature.unit}" if feature.unit else ""
        yield f"conditioning: {feature.name}{unit}{f' ({meaning})' if meaning else ''}"


def _of_jets(known: Mapping[str, NDArray[np.float64]], roles: Mapping[str, str]) -> Iterator[str]:
    low, high = np.percentile(known["pt"], [5, 95])
    yield (
        f"jets of pT {low:.4g} to {high:.4g} GeV (5 to 95 %), abs(eta) up to {np.abs(known['eta']).max():.2g}, "
        f"mass {np.median(known['mass']):.3g} GeV (median)"
    )
    if "rapidity" in roles:
        massive = {"pid", "mass", "energy"} & set(roles)
        how = "with the mass of each particle" if massive else "of massless particles"
        yield f"rapidities became pseudorapidities {how}"
    yield f"particles relative to the axis of their jet, from {', '.join(roles.values())}"
