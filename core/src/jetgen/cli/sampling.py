"""`jetbench sample`: clouds of a trained model in a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jetgen.cli import options
from jetgen.cli.planning import run_folder
from jetgen.errors import UsageError

if TYPE_CHECKING:
    from jetgen.notebook import GeneratorHandle

__all__ = ["sample_command"]


def sample_command(
    model: Annotated[
        str,
        typer.Argument(
            help="A folder of a saved model, RUN/cells/ID of a run, or NAME:WEIGHTS, shipped with a plugin."
        ),
    ],
    *,
    n: Annotated[int, typer.Option("-n", min=0, help="How many clouds.")],
    out: Annotated[
        Path, typer.Option("-o", "--out", help="The file: .h5, .npz, or .parquet with a list in each cell.")
    ],
    seed: Annotated[int, typer.Option(min=0, help="Of all clouds.")] = 0,
    like: Annotated[
        str | None,
        typer.Option(
            help="Whose conditioning or true events are answered: a file, or the test clouds of NAME[@SIZE].",
            show_default=False,
        ),
    ] = None,
    layout: options.Layout = None,
    part: Annotated[int, typer.Option(min=1, help="Clouds at a time: what an interrupt can cost.")] = 10_000,
    device: options.Device = "cpu",
) -> None:
    """Sample clouds of a trained model into a file; after an interrupt the same command goes on."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from jetgen.notebook.datasets import named_clouds

    handle = _named(model, device)
    path = run_folder(out)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as bar:
        task = bar.add_task(handle.name, total=n)

        def listen(record: Any) -> None:
            if record["kind"] == "progress" and record.get("unit") == "clouds":
                bar.update(task, completed=record["done"])

        try:
            source = None if like is None else named_clouds(like)
            handle.sample_to(path, n, seed=seed, like=source, layout=layout, device=device, part=part, listener=listen)
        except KeyboardInterrupt:
            bar.stop()
            typer.echo(
                f"stopped: finished parts stay in {path}.parts, and the same command goes on from them", err=True
            )
            raise typer.Exit(130) from None
    typer.echo(f"{n:,} clouds of {handle.name}: {path}")


def _named(model: str, device: str) -> GeneratorHandle:
    """The trained model that the user names.

    Raises:
        UsageError: if it is neither a folder nor NAME:WEIGHTS.
    """
    from jetgen.notebook import generator, load

    folder = run_folder(Path(model))
    for place in (folder / "model", folder):
        if (place / "generator.json").exists():
            return load(place, device)
    name, colon, weights = model.partition(":")
    if not colon:
        msg = f"{model} is neither the folder of a saved model, nor a cell of a run that has one, nor NAME:WEIGHTS"
        raise UsageError(msg)
    return generator(name, weights=weights)
