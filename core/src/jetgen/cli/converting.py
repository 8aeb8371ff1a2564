"""`jetbench convert`: a file of another layout becomes one that every command reads."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jetgen.cli import options

__all__ = ["convert_command"]


def convert_command(
    file: Annotated[
        Path,
        typer.Argument(
            help="EnergyFlow, JetClass, top tagging, CaloChallenge, a ROOT tree, npy, or any other HDF5, npz, Parquet."
        ),
    ],
    *,
    out: Annotated[Path, typer.Option("-o", "--out", help="The new file: .h5, .npz, or .parquet.")],
    points: options.Points = None,
    mask: options.Mask = None,
    features: options.Features = None,
    relative: Annotated[
        bool,
        typer.Option(
            "--relative",
            help="Make momenta (pt, eta or y, phi; or px, py, pz) relative to the axis of their jet. Published layouts "
            "always are.",
        ),
    ] = False,
    unit: Annotated[str, typer.Option(help="Of the momenta in the file: GeV, MeV or TeV.")] = "GeV",
    leading: Annotated[
        int | None, typer.Option(min=1, help="Keep so many particles of each jet, those of the largest pT.")
    ] = None,
    only: Annotated[
        str | None, typer.Option(help="Keep the jets of one type, such as top.", show_default=False)
    ] = None,
    conditioning: Annotated[
        str | None,
        typer.Option(
            help="What becomes conditioning, of jets made relative: jet_type, pt, eta, mass. Without it: jet_type, "
            "where a file has several.",
            show_default=False,
        ),
    ] = None,
    layout: options.Layout = None,
) -> None:
    """Write a file of another layout as one of clouds; jets become relative to their axis, and units are checked."""
    from jetgen.conversion.converting import convert

    made = convert(
        file,
        out,
        features=options.names(features),
        points=points,
        mask=mask,
        relative=relative,
        unit=unit,
        leading=leading,
        conditioning=options.names(conditioning),
        only=only,
        layout=layout,
    )
    for fact in made.facts:
        typer.echo(fact)
    typer.echo(f"{made.n:,} clouds with {', '.join(made.spec.names)}: {made.path}")
