"""What boosted trees see of the cells of a detector, by the number of bins: test jets against moved training jets.

python benchmarks/judge_grid.py [--dataset pythia-top30@small] [--moves 0 1e-4 1e-3] [--bins 16 32 64 128 255]

Every angle of the training jets is moved by a normal number of this width in radians; cells are 0.005 and 0.010 wide. A
move far below a cell is nothing that an analysis could see, but it takes angles off the grid. Shown are the AUC of all
high-level features, of the distance of the two hardest particles alone, and of all features with the smallest and the
largest distances between particles; then what the fifth smallest distance alone shows.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import jetgen
import numpy as np
from jetgen.evaluation.explain.contrasts import auc_alone
from jetgen.evaluation.explain.resolution import blurred
from jetgen.metrics.c2st.calibration import area_under_curve
from jetgen.metrics.c2st.inputs import Encoder
from jetgen.metrics.c2st.profiles import FAST, Trees
from jetgen.metrics.c2st.splitting import Folds
from jetgen.metrics.c2st.trees import tree_outputs
from jetgen.metrics.observables.catalogue import observable_values, observables
from jetgen.metrics.observables.high_level import high_level_names
from numpy.typing import NDArray


def alone(sides: Sequence[jetgen.Clouds], spec: jetgen.CloudSpec, rng: np.random.Generator) -> str:
    """The AUC of the best classifier of the fifth smallest distance alone, as it is and as an explanation takes it."""
    column = [one.name for one in observables(spec)].index("delta_r_5")
    found = []
    for seen in (sides, [blurred(side, spec, rng) for side in sides]):
        values = [observable_values(side, spec)[:, column] for side in seen]
        found.append(f"{auc_alone(values[0], values[1], rng).value:.3f}")
    return " | ".join(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="pythia-top30@small")
    parser.add_argument("--moves", nargs="+", type=float, default=[0.0, 1e-4, 1e-3], help="in radians")
    parser.add_argument("--bins", nargs="+", type=int, default=[16, 32, 64, 128, 255])
    options = parser.parse_args()
    data = jetgen.dataset(options.dataset)
    n = min(FAST.clouds, len(data.test), len(data.train))
    hardest = high_level_names(data.spec).index("distance_12")
    print("| move | bins | high-level features | distance of the hardest | with distances between particles |")
    print("|---:|---:|---:|---:|---:|")
    for move in options.moves:
        fake = blurred(data.train[:n], data.spec, np.random.default_rng(0), move)
        samples = Folds.of(data.test[:n], fake, n, np.random.default_rng(0)).samples(0)
        encoder = Encoder(samples.learn.clouds, data.spec, FAST.points)
        inputs = [encoder(one.clouds) for one in samples]
        wholes = [one.whole for one in inputs]
        columns: list[list[NDArray[np.float32]]] = [
            wholes,
            [whole[:, hardest : hardest + 1] for whole in wholes],
            [np.concatenate([one.whole, one.spacings], axis=1) for one in inputs],
        ]
        for bins in options.bins:
            found = [tree_outputs(each, samples, Trees((4, 31), bins)).report for each in columns]
            areas = [f"{area_under_curve(outputs, samples.report.labels):.3f}" for outputs in found]
            print(f"| {move:g} | {bins} | {' | '.join(areas)} |", flush=True)
    print("\n| move | 5th smallest distance alone | blurred, as in an explanation |\n|---:|---:|---:|")
    for move in options.moves:
        fake = blurred(data.train[:n], data.spec, np.random.default_rng(0), move)
        print(f"| {move:g} | {alone((data.test[:n], fake), data.spec, np.random.default_rng(1))} |", flush=True)


if __name__ == "__main__":
    main()
