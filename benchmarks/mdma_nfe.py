"""Score against the number of function evaluations of mdma-flowmatch, for each solver: the curve its default rests on.

    python benchmarks/mdma_nfe.py [--weights FOLDER_OR_NAME] [--solvers midpoint jumps] [--judge] [--plot nfe.png]

A trained model (--weights: the folder of a saved one, or shipped weights; without it the preset is trained first)
samples the same number of jets with every solver and NFE, from the same noise. They are judged against train and
validation jets together, because this is where a setting is chosen; the floor is that of truth against truth at these
sizes. With --judge also what the fast judge says (particles, high-level features), about a minute for each. Jumps are
of models that have learnt them (the setting flow_map). The time is that of one thread. --plot draws the scores over the
floor.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import jetgen
import numpy as np
import torch
from jetgen import Clouds
from jetgen.evaluation.floors import floor_draws
from jetgen.evaluation.scorer import Scorer
from mdma_bench.judging import METRICS, judged, seen, shown, truth_to_choose_by

LABELS = {"w1m": "$W_1^M$", "w1p": "$W_1^P$", "w1efp": "$W_1^{EFP}$", "sliced": "sliced"}
NFES = {
    "jumps": (1, 2, 4, 8, 16, 32),
    "euler": (1, 4, 8, 16, 32),
    "midpoint": (2, 4, 6, 8, 12, 16, 32),
    "heun": (4, 6, 8, 12, 16, 32),
    "rk4": (4, 8, 12, 16, 32),
    "dopri5": (0,),
}


def floors(truth: Clouds, spec: jetgen.CloudSpec, size: int) -> dict[str, float]:
    """The mean score of truth against truth, with so many clouds on the smaller side."""
    context = jetgen.MetricContext(seed=1)
    found = {}
    for name, cls in METRICS.items():
        _, _, draws = floor_draws(Scorer(cls.create(spec)), truth, len(truth), size, 10, context)
        found[name] = float(np.mean([draw.value for draw in draws]))
    return found


def curve(options: argparse.Namespace, weights: str) -> list[dict[str, Any]]:
    """The scores of every solver at every NFE."""
    data = jetgen.dataset(options.dataset)
    truth = truth_to_choose_by(data)
    floor = floors(truth, data.spec, options.jets)
    print("floor  " + "  ".join(f"{name} {value * 1e3:.3f}e-3" for name, value in floor.items()), flush=True)
    rows = []
    for solver in options.solvers:
        for nfe in NFES[solver]:
            model = jetgen.generator("mdma-flowmatch", weights=weights, solver=solver, nfe=max(1, nfe))
            start = time.perf_counter()
            fake = model.sample(options.jets, seed=1)
            spent = (time.perf_counter() - start) / options.jets
            scores = judged(truth, fake, data.spec)
            told = seen(truth, fake, data.spec) if options.judge else {}
            over = {name: value / floor[name] for name, value in scores.items()}
            rows.append({"solver": solver, "nfe": nfe, "seconds": spent, **over, **told})
            values = "  ".join(
                f"{name} {value * 1e3:7.3f}e-3 ({value / floor[name]:5.1f} x)" for name, value in scores.items()
            )
            print(f"{solver:8s} NFE {nfe or 'own':>3}  {values}  {spent * 1e6:.0f} us a jet{shown(told)}", flush=True)
    return rows


def draw(rows: list[dict[str, Any]], target: Path) -> None:
    """The scores over their floors against the NFE, one panel per score."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, len(METRICS), figsize=(12, 3.2), sharex=True, sharey=True, layout="constrained")
    for axis, name in zip(axes, METRICS, strict=True):
        for solver in dict.fromkeys(row["solver"] for row in rows):
            points = [(row["nfe"], row[name]) for row in rows if row["solver"] == solver]
            if solver == "dopri5":
                axis.axhline(points[0][1], color="grey", linestyle=":", label="dopri5")
            else:
                axis.plot(*zip(*points, strict=True), marker="o", markersize=3, label=solver)
        axis.axhline(1, color="black", linewidth=0.8)
        axis.set(xscale="log", yscale="log", xlabel="NFE", title=f"{LABELS[name]} over its floor")
        ticks = [1, 2, 4, 8, 16, 32]
        axis.set_xticks(ticks, [str(tick) for tick in ticks])
        axis.set_yticks([0.5, 1, 2, 5, 10], ["0.5", "1", "2", "5", "10"])
        axis.minorticks_off()
    axes[0].legend(frameon=False, fontsize="small")
    figure.savefig(target, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", help="folder of a saved model, or the name of shipped weights")
    parser.add_argument("--preset", default="quick", help="to train if there are no weights")
    parser.add_argument("--dataset", default="pythia-top30@small")
    parser.add_argument("--jets", type=int, default=10_000)
    parser.add_argument("--save", type=Path, default=Path("mdma-nfe-model"), help="where a trained model is kept")
    parser.add_argument("--solvers", nargs="+", choices=NFES, default=[name for name in NFES if name != "jumps"])
    parser.add_argument("--judge", action="store_true", help="also ask the fast judge")
    parser.add_argument("--plot", type=Path, help="draw the curves into this file")
    options = parser.parse_args()
    torch.set_num_threads(1)
    weights = options.weights
    if weights is None:
        model = jetgen.generator("mdma-flowmatch", preset=options.preset)
        model.fit(jetgen.dataset(options.dataset), seed=1)
        model.save(options.save)
        weights = str(options.save)
    rows = curve(options, weights)
    if options.plot is not None:
        draw(rows, options.plot)


if __name__ == "__main__":
    main()
