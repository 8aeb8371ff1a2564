"""The tables of known density: what they look like, what models make of them, and what metrics see on them.

python benchmarks/toys.py draw --out FILE.png [--model FOLDER ...] [--points 5000]
python benchmarks/toys.py faults [--points 10000] [--draws 30] [--toy toy-swiss-roll]

`draw`: a row for each toy: its density, points of it, and as many samples of each saved model that learnt it.
A FOLDER is one that `save` of a trained generator wrote, or RUN/cells/ID/model of a run.
`faults`: the floor of the distances on every toy, truth against other truth: mean and 5 to 95 % band; then samples of
one toy with a planted fault, the mean over a tenth as many draws, over the mean of the floor; bold beyond its band.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jetgen
import numpy as np
from jetgen.io.atomic import atomic_path
from jetgen.io.saved_model import read_card
from jetgen.metrics.marginals import MarginalDistance
from jetgen.metrics.sliced import SlicedDistance
from jetgen_toys.tables.dataset import DENSITIES, ToyTable
from numpy.typing import NDArray

_SEED = 1  # of the points of all panels
_EDGE = {"toy-camel-back": 8.0, "toy-checkerboard": 4.4}
_USUAL_EDGE = 4.0
_NODES = 400

_SCORES = ("marginals", "marginals_worst", "marginals_ks", "sliced")

_Change = Callable[[NDArray[np.float32], np.random.Generator], NDArray[np.float32]]


def _shifted(points: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    del rng
    moved = points.copy()
    moved[:, 0] += 0.05 * points[:, 0].std()
    return moved


def _wider(points: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    del rng
    return points * np.float32(1.05)


def _smeared(points: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    return np.asarray(points + 0.1 * points.std(axis=0) * rng.normal(size=points.shape), np.float32)


def _shuffled(points: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    return rng.permuted(points, axis=0)


def _collapsed(points: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    return points[rng.integers(max(1, len(points) // 10), size=len(points))]


_FAULTS: dict[str, _Change] = {
    "none, once more": lambda points, _: points,
    "the first column is shifted by 5 % of its spread": _shifted,
    "5 % wider": _wider,
    "noise of 10 % of the spread": _smeared,
    "columns shuffled: marginals intact": _shuffled,
    "collapse: a tenth of the points, ten times each": _collapsed,
}


def main() -> int:
    """Do what was asked for."""
    options = _options()
    try:
        if options.study == "draw":
            draw(_models(options.model), options.points, options.out)
            print(f"{options.out}: {', '.join(DENSITIES)}")
        else:
            print(faults(options.toy, options.points, options.draws))
    except jetgen.JetgenError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    studies = parser.add_subparsers(dest="study", required=True)
    one = studies.add_parser("draw", help="densities beside points")
    one.add_argument("--out", type=Path, required=True, help="a PNG file")
    one.add_argument("--model", type=Path, nargs="+", default=[], help="folders of saved models")
    one.add_argument("--points", type=int, default=5_000)
    one = studies.add_parser("faults", help="floors, and planted faults over them")
    one.add_argument("--toy", choices=DENSITIES, default="toy-swiss-roll", help="with the faults")
    one.add_argument("--points", type=int, default=10_000, help="on either side")
    one.add_argument("--draws", type=int, default=30, help="of a floor, at least 10")
    options = parser.parse_args()
    for name, least in (("points", 1), ("draws", 10)):
        if getattr(options, name, least) < least:
            parser.error(f"--{name} is {getattr(options, name)}; at least {least} is needed")
    return options


def faults(toy: str, points: int, draws: int) -> str:
    """Two tables in Markdown: the floors of all toys, and the reactions to faults on one of them."""
    heads = " | ".join(f"`{name}`" for name in _SCORES)
    lines = [f"| floor, {points:,} against {points:,} | {heads} |", "|---|" + "---:|" * len(_SCORES)]
    bands = {name: _band(_scores(name, points, range(draws), _FAULTS["none, once more"])) for name in DENSITIES}
    for name, (mean, low, high) in bands.items():
        cells = (f"{m:.4f} [{a:.4f}, {b:.4f}]" for m, a, b in zip(mean, low, high, strict=True))
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    lines += ["", f"| `{toy}`: fault | {heads} |", lines[1]]
    mean, _, high = bands[toy]
    for fault, change in _FAULTS.items():
        found = _scores(toy, points, range(draws, draws + draws // 10), change).mean(axis=0)
        ratios = zip(found / mean, found > high, strict=True)
        cells = (f"**{ratio:.1f}**" if beyond else f"{ratio:.1f}" for ratio, beyond in ratios)
        lines.append(f"| {fault} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _band(scores: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """The mean, and the 5 and 95 % quantiles, of each score."""
    return (scores.mean(axis=0), *np.quantile(scores, [0.05, 0.95], axis=0))


def _scores(toy: str, points: int, draws: range, change: _Change) -> NDArray[np.float64]:
    """float64 (draws, scores), of truth with a fault against other truth."""
    data, ctx = ToyTable.create("small", toy=toy), jetgen.MetricContext()
    metrics = {"marginals": MarginalDistance.create(data.spec), "sliced": SlicedDistance.create(data.spec)}
    found = []
    for draw_ in draws:
        real, fake = (data.simulate(points, 2 * draw_ + side) for side in (0, 1))
        fake = fake.with_points(change(fake.points, np.random.default_rng(draw_)))
        values: dict[str, float] = {}
        for name, metric in metrics.items():
            values |= metric.compute(real, fake, ctx).named(name)
        found.append([values[name] for name in _SCORES])
    return np.array(found)


def _models(folders: Sequence[Path]) -> dict[str, list[Path]]:
    """The folders of models by the toy that they learnt."""
    found: dict[str, list[Path]] = {toy: [] for toy in DENSITIES}
    for folder in folders:
        dataset = str(read_card(folder).get("dataset"))
        toy = dataset.partition("@")[0]
        if toy not in found:
            msg = f"the model in {folder} learnt {dataset}; drawn are models of {', '.join(found)}"
            raise jetgen.UsageError(msg)
        found[toy].append(folder)
    return found


def draw(models: dict[str, list[Path]], points: int, path: Path) -> None:
    """One row of panels for each toy.

    Raises:
        DataError: if a model cannot be read.
        StorageError: if the file cannot be written.
    """
    from matplotlib.figure import Figure

    columns = 2 + max(map(len, models.values()))
    figure = Figure(figsize=(2.6 * columns, 2.6 * len(DENSITIES)), layout="constrained")
    panels = figure.subplots(len(DENSITIES), columns, squeeze=False)
    for row, toy in zip(panels, DENSITIES, strict=True):
        _draw_density(row[0], toy)
        _draw_points(row[1], toy, ToyTable.create("small", toy=toy).simulate(points, _SEED).points, "points")
        for axes, folder in zip(row[2:], models[toy], strict=False):
            sample = jetgen.load(folder).sample(points, seed=_SEED)
            _draw_points(axes, toy, sample.points, read_card(folder)["generator"]["name"])
        for axes in row[2 + len(models[toy]) :]:
            axes.set_axis_off()
    with atomic_path(path) as aside:
        figure.savefig(aside, format="png", dpi=110)


def _edge(toy: str) -> float:
    return _EDGE.get(toy, _USUAL_EDGE)


def _lattice(toy: str) -> NDArray[np.float64]:
    """The middles of equal steps along a side of a panel."""
    return ((np.arange(_NODES) + 0.5) / _NODES * 2 - 1) * _edge(toy)


def _draw_density(axes: Any, toy: str) -> None:
    """A map of the density, or a line."""
    edge, at = _edge(toy), _lattice(toy)
    axes.set_title(toy, fontsize=9)
    if len(DENSITIES[toy].columns) == 1:
        axes.plot(at, np.exp(DENSITIES[toy].log_prob(at[:, None])), color="C0")
        axes.set(xlim=(-edge, edge), ylim=(0, None))
        return
    nodes = np.stack(np.meshgrid(at, at), axis=-1).reshape(-1, 2)
    density = np.exp(DENSITIES[toy].log_prob(nodes)).reshape(_NODES, _NODES)
    axes.imshow(density, origin="lower", extent=(-edge, edge, -edge, edge), cmap="viridis", vmin=0)


def _draw_points(axes: Any, toy: str, points: NDArray[np.float32], title: str) -> None:
    """Points in the same frame, or a histogram with the density on it."""
    edge = _edge(toy)
    axes.set_title(title, fontsize=9)
    if points.shape[1] == 1:
        at = _lattice(toy)
        axes.hist(points[:, 0], bins=np.linspace(-edge, edge, 81), density=True, color="0.75")
        axes.plot(at, np.exp(DENSITIES[toy].log_prob(at[:, None])), color="C0")
        axes.set(xlim=(-edge, edge))
        return
    axes.scatter(*points.T, s=0.6, color="C0", linewidths=0)
    axes.set(xlim=(-edge, edge), ylim=(-edge, edge), aspect="equal")


if __name__ == "__main__":
    sys.exit(main())
