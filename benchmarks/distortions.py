"""What each metric sees: its reaction to the planted distortions, in units of its own floor band.

All independent truth of a dataset (val and test) is split at random into two equal halves, one for the truth and one
for the sample; the training split is what novelty and the copies look at. Reaction: (value - mean of the floor) over
half the width of the floor's 5 to 95 % band, at the same sizes.

python benchmarks/distortions.py [--dataset pythia-top30@small] [--tier standard|slow|all] [--metrics w1m,w1p]
    [--distortions shuffle,copy] [--splits 3] [--draws 10] [--out runs/distortions] [--docs docs]

Every column is written to the folder --out when it is done; the same command on the same folder adds columns and rows
to the ones that are there. --docs also puts the table into metrics.md of that folder, between the marks of the
dataset, and the plot beside it (one row needs no plot).
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import jetgen
import numpy as np
from jetgen.api.loading import first_line
from jetgen.data.ordering import ordered
from jetgen.evaluation.choice import chosen_metrics, inapplicable, too_few_clouds
from jetgen.evaluation.floors import bands, floor_draws
from jetgen.evaluation.scorer import Scorer
from jetgen.io.atomic import write_json, write_text
from jetgen.metrics.distortions import DISTORTIONS
from jetgen.metrics.specs import METRICS
from jetgen.registry import discover, load_target

_NONE = "none"
_SEEN = 2.0


@dataclass(frozen=True)
class Truth:
    """Independent truth to be split again and again, the training clouds, their meaning, and the size of a side."""

    name: str
    pool: jetgen.Clouds
    train: jetgen.Clouds
    spec: jetgen.CloudSpec
    size: int

    @classmethod
    def of(cls, name: str, most: int | None) -> Truth:
        """All that a dataset has, at ``most`` so many clouds on either side."""
        data = jetgen.dataset(name)
        train, val, test = (source[: len(source)] for source in (data.train, data.val, data.test))
        pool = jetgen.Clouds.concatenate([val, test])
        return cls(name, pool, train, data.spec, min(most or len(pool), len(pool) // 2))

    def split(self, number: int) -> tuple[jetgen.Clouds, jetgen.Clouds]:
        """Two parts without a common cloud."""
        order = jetgen.RunContext().at("halves", number).rng("data").permutation(len(self.pool))
        return self.pool[order[: self.size]], self.pool[order[self.size : 2 * self.size]]

    def sample(self, half: jetgen.Clouds, row: str, number: int) -> jetgen.Clouds:
        """The second half with the fault of this row; the same for every metric."""
        if row == _NONE:
            return half
        rng = jetgen.RunContext().at(row, number).rng("data")
        return DISTORTIONS[row].apply(half, self.spec, rng, self.train)


def main() -> None:
    """Fill the columns one by one, and write what there is after each."""
    options = _options()
    truth = Truth.of(options.dataset, options.clouds)
    rows = [_NONE, *(options.distortions.split(",") if options.distortions else DISTORTIONS)]
    record = _opened(options.out / "distortions.json", truth)
    for row in rows:
        record["changed"][row] = _changed(truth, row)
    for spec in _chosen(options):
        reason = _unfit(spec, truth)
        record["skipped"].pop(spec.name, None)
        try:
            if reason is None:
                splits = options.splits if spec.tier == "standard" else 1
                draws = options.draws or spec.floor_draws
                column = _column(spec, truth, rows, splits, draws, _context(options, truth))
                column["rows"] = {**record["metrics"].get(spec.name, {}).get("rows", {}), **column["rows"]}
                record["metrics"][spec.name] = column
                print(f"{spec.name}: {column['seconds']:.0f} s", flush=True)
        except Exception as error:  # noqa: BLE001 (a metric is a plugin: it may raise anything, the others go on)
            reason = first_line(error)
        if reason is not None:
            record["skipped"][spec.name] = reason
            print(f"{spec.name}: skipped, {reason}", flush=True)
        _write(record, options.out)
    print(f"\n{_table(record)}")
    if options.docs is not None:
        _into(options.docs / "metrics.md", truth.name, _table(record))
        if len(_rows(record)) > 2:
            _plot(record, options.docs / "metrics_distortions.png")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="pythia-top30@small")
    parser.add_argument("--metrics", default="", help="names with commas between; by default all of the tier")
    parser.add_argument("--tier", default="standard", choices=("standard", "slow", "all"))
    parser.add_argument("--distortions", default="", help="names with commas between; by default all")
    parser.add_argument("--splits", type=int, default=3, help="values behind a reaction; of slow metrics one")
    parser.add_argument("--draws", type=int, default=None, help="draws of a floor; by default what the metric asks for")
    parser.add_argument("--clouds", type=int, default=None, help="on either side; by default half of the truth")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--out", type=Path, default=Path("runs/distortions"))
    parser.add_argument("--docs", type=Path, default=None)
    options = parser.parse_args()
    unknown = [name for name in options.distortions.split(",") if name and name not in DISTORTIONS]
    if unknown:
        parser.error(f"there is no distortion {', '.join(unknown)}; there are {', '.join(DISTORTIONS)}")
    return options


def _chosen(options: argparse.Namespace) -> list[jetgen.MetricSpec]:
    names = options.metrics.split(",") if options.metrics else [options.tier]
    return [cast("jetgen.MetricSpec", plugin.spec) for plugin, _ in chosen_metrics(discover(), names)]


def _context(options: argparse.Namespace, truth: Truth) -> jetgen.MetricContext:
    return jetgen.MetricContext(train=truth.train, threads=options.threads, device=options.device)


def _unfit(spec: jetgen.MetricSpec, truth: Truth) -> str | None:
    if "model" in spec.needs:
        return f"{spec.name} asks a trained generator, and distorted truth has none"
    return inapplicable(spec, truth.spec) or too_few_clouds(spec, truth.size, truth.size)


def _column(
    spec: jetgen.MetricSpec, truth: Truth, rows: list[str], splits: int, draws: int, ctx: jetgen.MetricContext
) -> dict[str, Any]:
    """The floor of one metric and its reaction to each row; a row that fails says why."""
    start = time.perf_counter()
    scorer = Scorer(cast("Any", load_target(spec.target)).create(truth.spec))
    *_, scores = floor_draws(scorer, truth.pool, truth.size, truth.size, draws, ctx)
    floor = bands(spec.name, scores)[spec.name]
    half = (floor.high - floor.low) / 2
    found: dict[str, list[float]] = {row: [] for row in rows}
    failed: dict[str, str] = {}
    for number in range(splits):
        first, second = truth.split(number)
        real = scorer.featurise(first, ctx)
        for row in rows:
            try:
                fake = scorer.featurise(truth.sample(second, row, number), ctx)
                found[row].append(scorer.compare(real, fake, ctx.at("distorted", number)).value)
            except Exception as error:  # noqa: BLE001 (as above: the other rows go on)
                failed[row] = first_line(error)
    cells = {row: _cell(values, floor.mean, half) for row, values in found.items() if row not in failed}
    return {
        "tier": spec.tier,
        "unit": spec.unit,
        "floor": {"mean": floor.mean, "low": floor.low, "high": floor.high, "draws": floor.draws},
        "splits": splits,
        "seconds": time.perf_counter() - start,
        "rows": {**cells, **{row: {"reason": reason} for row, reason in failed.items()}},
    }


def _cell(values: list[float], mean: float, half: float) -> dict[str, Any]:
    if half == 0.0:
        return {"values": values, "reason": "its floor has no width"}
    return {"values": values, "reaction": (float(np.mean(values)) - mean) / half}


def _changed(truth: Truth, row: str) -> float | None:
    """The fraction of clouds that are not the same set of points as before; None if the fault cannot be planted."""
    _, half = truth.split(0)
    try:
        after = truth.sample(half, row, 0)
    except jetgen.JetgenError:
        return None
    before, after = ordered(half, truth.spec), ordered(after, truth.spec)
    size = int(max(before.multiplicity.max(initial=1), after.multiplicity.max(initial=1)))
    differ = (before.padded(size)[0] != after.padded(size)[0]).any(axis=(1, 2)) | (
        before.multiplicity != after.multiplicity
    )
    return float(differ.mean())


def _opened(path: Path, truth: Truth) -> dict[str, Any]:
    """What an earlier call found for the same clouds."""
    about = {"dataset": truth.name, "clouds": truth.size, "train": len(truth.train)}
    if path.exists():
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if record["about"] == about:
            return record
    return {"about": about, "changed": {}, "metrics": {}, "skipped": {}}


def _write(record: dict[str, Any], out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / "distortions.json", record)
    write_text(out / "distortions.md", f"{_table(record)}\n")
    if record["metrics"]:
        _plot(record, out / "distortions.png")


def _rows(record: dict[str, Any]) -> list[str]:
    return [row for row in (_NONE, *DISTORTIONS) if row in record["changed"]]


def _names(record: dict[str, Any]) -> list[str]:
    """Core's metrics in the order of a report, then those of plugins."""
    known = [spec.name for spec in METRICS if spec.name in record["metrics"]]
    return known + [name for name in record["metrics"] if name not in known]


def _reaction(record: dict[str, Any], row: str, name: str) -> float:
    """NaN where there is none."""
    return float(record["metrics"][name]["rows"].get(row, {}).get("reaction", math.nan))


def _text(reaction: float) -> str:
    if math.isnan(reaction):
        return "–"
    return f"{round(reaction, 1) + 0.0:+.1f}" if abs(reaction) < 10 else f"{reaction:+,.0f}"


def _table(record: dict[str, Any]) -> str:
    """Markdown: bold is what the metric sees."""
    names = _names(record)

    def shown(row: str, name: str) -> str:
        reaction = _reaction(record, row, name)
        return f"**{_text(reaction)}**" if abs(reaction) > _SEEN else _text(reaction)

    def share(row: str) -> str:
        changed = record["changed"][row]
        return "–" if changed is None else f"{100 * changed:.3g} %"

    floor = [f"{record['metrics'][name]['floor']['mean']:.3g}" for name in names]
    about = record["about"]
    lines = [
        f"| {about['dataset']} | clouds changed | " + " | ".join(f"`{name}`" for name in names) + " |",
        "|---|---:|" + "---:|" * len(names),
        "| floor: mean value | | " + " | ".join(floor) + " |",
        *(
            f"| {row} | {share(row)} | " + " | ".join(shown(row, name) for name in names) + " |"
            for row in _rows(record)
        ),
        "",
        f"{about['clouds']:,} against {about['clouds']:,} clouds; bold: |reaction| above {_SEEN:.0f}.",
    ]
    notes = [f"- `{name}` is not here: {reason}." for name, reason in record["skipped"].items()]
    for name, column in record["metrics"].items():
        notes += [f"- `{name}`, {row}: {cell['reason']}." for row, cell in column["rows"].items() if "reason" in cell]
    return "\n".join([*lines, "", *notes] if notes else lines)


def _into(page: Path, dataset: str, table: str) -> None:
    """Replace what stands between the two marks of the dataset."""
    start, end = f"<!-- distortions of {dataset} -->", f"<!-- end of distortions of {dataset} -->"
    text = page.read_text(encoding="utf-8")
    if start not in text or end not in text:
        msg = f"{page} does not have the marks {start} and {end}"
        raise SystemExit(msg)
    before, rest = text.split(start)
    write_text(page, f"{before}{start}\n\n{table}\n\n{end}{rest.split(end)[1]}")


def _plot(record: dict[str, Any], path: Path) -> None:
    """A heat map of the size of the reactions, logarithmic; grey is what the metric is blind to."""
    from matplotlib import colormaps
    from matplotlib.colors import LogNorm
    from matplotlib.figure import Figure

    names, rows = _names(record), _rows(record)
    reactions = np.array([[_reaction(record, row, name) for name in names] for row in rows])
    top = float(np.nanmax(np.abs(reactions), initial=10 * _SEEN))
    colours = colormaps["viridis_r"].with_extremes(under="0.88", bad="white")
    norm = LogNorm(_SEEN, top)
    figure = Figure(figsize=(2.6 + 0.72 * len(names), 1.9 + 0.42 * len(rows)), layout="constrained")
    axes = figure.add_subplot()
    shown = axes.imshow(np.abs(reactions), cmap=colours, norm=norm, aspect="auto")
    axes.set_xticks(range(len(names)), names, rotation=35, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(rows)), [row.replace("_", " ") for row in rows])
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    _grid(axes, reactions, lambda value: norm(value) > 0.5)
    bar = figure.colorbar(shown, ax=axes, extend="min", pad=0.02)
    bar.set_label("|value - floor| / half the floor's band")
    about = record["about"]
    axes.set_title(f"{about['dataset']}, {about['clouds']:,} against {about['clouds']:,}; grey: blind", fontsize=10)
    figure.savefig(path, dpi=160)


def _grid(axes: Any, reactions: np.ndarray, dark: Callable[[float], Any]) -> None:
    """The number in each cell, and white lines between the cells."""
    for (i, j), reaction in np.ndenumerate(reactions):
        size = abs(float(reaction))
        colour = "white" if size > _SEEN and dark(size) else "0.45" if not size > _SEEN else "black"
        axes.text(j, i, _text(float(reaction)), ha="center", va="center", fontsize=8, color=colour)
    axes.set_xticks(np.arange(1, reactions.shape[1]) - 0.5, minor=True)
    axes.set_yticks(np.arange(1, reactions.shape[0]) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="minor", length=0)


if __name__ == "__main__":
    main()
