"""`jetbench evaluate`: judge any file of generated clouds, whoever made it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jetgen.cli import options
from jetgen.system import console

if TYPE_CHECKING:
    from jetgen.evaluation.evaluate import Evaluation, Floor

__all__ = ["evaluate_command"]


def evaluate_command(
    file: Annotated[
        Path, typer.Argument(help="The generated clouds: HDF5, npz, npy, CSV, Parquet or ROOT; weights are used.")
    ],
    *,
    reference: Annotated[
        str, typer.Option("--reference", help="The true clouds: a file, or NAME[@SIZE] of a dataset.")
    ],
    features: options.Features = None,
    points: options.Points = None,
    mask: options.Mask = None,
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

    from jetgen.io.cloud_file import open_clouds
    from jetgen.notebook.evaluating import evaluate

    names, chosen = options.names(features), metrics or "standard"
    with open_clouds(file, names, points=points, mask=mask) as made:
        result = evaluate(reference, made, chosen, train=train, features=names, seed=seed, device=device)
    if as_json:
        typer.echo(json.dumps(_document(result), indent=1))
    else:
        _show(result)
    if not result.metrics:
        raise typer.Exit(1)


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
                "n_effective": measured.n_effective,
            }
    return {"metrics": found, "skipped": result.skipped}


def _show(result: Evaluation) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for head in ("metric", "value", "spread", "floor [5 %, 95 %]", "x floor"):
        table.add_column(head, justify="left" if head == "metric" else "right", no_wrap=True)
    for measured in result.metrics.values():
        for name, value in measured.components.items():
            spread, floor = measured.spreads.get(name), measured.floor
            text = "–" if spread is None else f"{spread:.2g}"
            table.add_row(name, f"{value:.4g}", text, *_floor_words(value, measured.direction, floor, name))
    terminal = console()
    terminal.print(table)
    for note in _notes(result):
        terminal.print(note)


def _floor_words(value: float, direction: str, floor: Floor | None, name: str) -> tuple[str, str]:
    if floor is None:
        return "–", "–"
    band = floor.bands[name]
    ratio = f"{value / band.mean:.1f}" if direction == "lower" and band.low > 0 else "–"
    return f"{band.mean:.2g} [{band.low:.2g}, {band.high:.2g}]", ratio


def _notes(result: Evaluation) -> Iterator[str]:
    """The sizes behind the numbers, what was clipped, which column is worst, and why metrics are missing."""
    from jetgen.metrics.marginals import worst_column

    measured = list(result.metrics.values())
    if measured:
        sizes = f"{measured[0].n_fake:,} generated against {measured[0].n_real:,} true clouds"
        yield f"{sizes}; spread: between generated samples of this size"
        if measured[0].n_effective is not None:
            yield f"the weights of the generated clouds are used: as good as {measured[0].n_effective:,.0f} without"
    for (n_fake, n_real), group in _by_floor(result).items():
        sizes = f"{n_fake:,} against {n_real:,}"
        yield f"floor: truth against other truth, {sizes} clouds ({', '.join(group)}); fewer clouds, larger floor"
    for name, one in result.metrics.items():
        if one.clipped:
            yield f"{name}: {one.clipped:,} generated points were not legal (negative or outside) and were clipped"
    worst = worst_column(result.metrics["marginals"].components) if "marginals" in result.metrics else None
    if worst is not None:
        yield f"marginals: {worst[0]} is worst, {worst[1]:.3g} of the true spread"
    for name, reason in result.skipped.items():
        yield f"no {name}: {reason}"


def _by_floor(result: Evaluation) -> dict[tuple[int, int], list[str]]:
    """The names of the metrics by the sizes that their floor is made from."""
    found: dict[tuple[int, int], list[str]] = {}
    for name, one in result.metrics.items():
        if one.floor is not None:
            found.setdefault((one.floor.n_fake, one.floor.n_real), []).append(name)
    return found
