"""`jetbench evaluate`: judge any file of generated clouds, whoever made it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jetgen.cli import options

if TYPE_CHECKING:
    from jetgen.evaluation import Evaluation

__all__ = ["evaluate_command"]


def evaluate_command(
    file: Annotated[Path, typer.Argument(help="The generated clouds: HDF5 or npz.")],
    *,
    reference: Annotated[
        str, typer.Option("--reference", help="The true clouds: a file, or NAME[@SIZE] of a dataset.")
    ],
    features: Annotated[
        str | None,
        typer.Option(help="The features in order, such as etarel,phirel,ptrel, where the file has no names."),
    ] = None,
    metrics: options.Metrics = None,
    train: Annotated[
        str | None,
        typer.Option(
            help="The training clouds, for metrics that look for copies: a file, or NAME[@SIZE] of a dataset."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the splits behind the floor.")] = 0,
    device: options.Device = "cpu",
    as_json: options.AsJson = False,
) -> None:
    """Compare a file of generated clouds with true ones, the floor beside each score."""
    import json

    from jetgen.evaluation import evaluate

    names = tuple(part.strip() for part in features.split(",")) if features else None
    known = _reference(reference)
    known |= {} if train is None else {"train": _training(train)}
    chosen = metrics or "standard"
    result = evaluate(fake=file, metrics=chosen, features=names, seed=seed, device=device, **known)
    if as_json:
        typer.echo(json.dumps(_document(result), indent=1))
    else:
        _show(result)
    if not result.metrics:
        raise typer.Exit(1)


def _reference(name: str) -> dict[str, Any]:
    """What `evaluate` is told of the truth: a file, or a dataset with its meaning and its training clouds."""
    from jetgen.datasets.naming import named_file
    from jetgen.handle import dataset

    path = named_file(name)
    if path is not None:
        return {"real": path}
    handle = dataset(name)
    return {"real": handle.test, "spec": handle.spec, "train": handle.train}


def _training(name: str) -> Any:
    """The clouds of a file, or the train split of a dataset."""
    from jetgen.datasets.naming import named_file
    from jetgen.handle import dataset

    return named_file(name) or dataset(name).train


def _document(result: Evaluation) -> dict[str, Any]:
    """One entry for each name that a metric gave a value."""
    found: dict[str, Any] = {}
    for measured in result.metrics.values():
        floors = measured.floor.bands if measured.floor is not None else {}
        for name, value in measured.components.items():
            band = floors.get(name)
            found[name] = {
                "value": value,
                "spread": measured.spreads.get(name),
                "floor": None if band is None else {"mean": band.mean, "low": band.low, "high": band.high},
                "n_real": measured.n_real,
                "n_fake": measured.n_fake,
                "unit": measured.unit,
                "direction": measured.direction,
                "clipped": measured.clipped,
            }
    return {"metrics": found, "skipped": result.skipped}


def _show(result: Evaluation) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for head in ("metric", "value", "spread", "floor: truth", "5 to 95 % of the floor", "floor from"):
        table.add_column(head, justify="left" if head == "metric" else "right", no_wrap=True)
    for measured in result.metrics.values():
        for name, value in measured.components.items():
            floor = measured.floor
            band = floor.bands[name] if floor is not None else None
            words = ("–", "–") if band is None else (f"{band.mean:.3g}", f"{band.low:.3g} to {band.high:.3g}")
            sizes = "–" if floor is None else f"{floor.n_fake:,} / {floor.n_real:,}"
            spread = measured.spreads.get(name)
            table.add_row(name, f"{value:.4g}", "–" if spread is None else f"{spread:.2g}", *words, sizes)
    console = Console()
    console.print(table)
    for measured in list(result.metrics.values())[:1]:
        console.print(f"{measured.n_fake:,} generated against {measured.n_real:,} true clouds", highlight=False)
    for name, reason in result.skipped.items():
        console.print(f"no {name}: {reason}", highlight=False)
