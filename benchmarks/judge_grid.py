"""What boosted trees see of the cells of a detector, by the number of bins: test jets against moved training jets.

python benchmarks/judge_grid.py [--dataset pythia-top30@small] [--moves 0 1e-4 1e-3] [--bins 16 32 64 128 255]

Every angle of the training jets is moved by a normal number of this width in radians; cells are 0.005 and 0.010 wide. A
move far below a cell is nothing that an analysis could see, but it takes angles off the grid. Shown are the AUC of all
high-level features, of the distance of the two hardest particles alone, and of all features with the smallest and the
largest distances between particles.
"""

from __future__ import annotations

import argparse

import jetgen
import numpy as np
from jetgen.metrics.c2st.calibration import area_under_curve
from jetgen.metrics.c2st.inputs import Encoder
from jetgen.metrics.c2st.profiles import FAST, Trees
from jetgen.metrics.c2st.splitting import Folds
from jetgen.metrics.c2st.trees import tree_outputs
from jetgen.metrics.observables.high_level import high_level_names
from numpy.typing import NDArray


def moved(clouds: jetgen.Clouds, spec: jetgen.CloudSpec, width: float) -> jetgen.Clouds:
    """The clouds with every angle moved by a normal number."""
    points = clouds.points.copy()
    angles = [spec.index("etarel"), spec.index("phirel")]
    points[:, angles] += np.random.default_rng(0).normal(0.0, width, (len(points), 2))
    return clouds.with_points(points)


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
        fake = moved(data.train[:n], data.spec, move)
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


if __name__ == "__main__":
    main()
