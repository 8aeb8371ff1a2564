"""The shower simulator of jetgen-toys: its figures and the published ones, its speed, plots, and planted faults.

python benchmarks/toy_showers.py [--showers 3000] [--plot FILE.png] [--controls]

The table has the published Geant4 showers of dataset 2 (`real`), the values that the description of the simulator
quotes (`quoted`), and the simulator of this repository (`ours`). The speed is the CPU time of one thread, the smallest
of five measurements. --controls evaluates new showers, and showers of a simulator with one planted fault each, against
the truth; it prints the ratio to the mean of ten comparisons without a fault. These are toy showers, not Geant4.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from jetgen import Clouds, MetricContext
from jetgen.evaluation.scorer import Scorer
from jetgen.metrics.observables.voxels import incident_energy, voxel_energies
from jetgen.metrics.showers import EnergyDistance, ProfileDistance, SparsityDistance
from jetgen.metrics.sliced import SlicedDistance
from jetgen.metrics.wasserstein import MultiplicityDistance
from jetgen_toys.showers.dataset import shower_spec
from jetgen_toys.showers.recipe import BLOCK, NATURE, PARAMETERS
from jetgen_toys.showers.simulator import Simulator, stream
from toy_showers_targets import TARGETS, expected_hits, figures

METRICS: dict[str, Any] = {
    "w1mult": MultiplicityDistance,
    "shower_energy": EnergyDistance,
    "shower_profiles": ProfileDistance,
    "shower_sparsity": SparsityDistance,
    "sliced": SlicedDistance,
}
SPEC = shower_spec()


def main() -> None:
    """Print the tables and draw the plots."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--showers", type=int, default=3_000)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--controls", action="store_true")
    options = parser.parse_args()
    blocks = -(-options.showers // BLOCK)
    clouds = stream(Simulator(), 0, blocks, "benchmark")
    acceptance(clouds)
    speed()
    if options.controls:
        controls(blocks)
    if options.plot:
        draw(clouds, options.plot)


def acceptance(clouds: Clouds) -> None:
    """Print the figures of the simulator and the published ones."""
    ours = figures(clouds, SPEC)
    print(f"{NATURE}: {len(clouds):,} of them, {len(clouds.points):,} hits\n")
    print("| figure | real | quoted | ours |\n|---|---:|---:|---:|")
    for target in TARGETS:
        print(f"| {target.name} | {target.real:.4g} | {target.simulator:.4g} | {ours[target.name]:.4g} |")
    most = clouds.points[:, SPEC.index("energy")].max()
    print(f"| hits, fewest and most | 6, 5617 | 51, - | {clouds.multiplicity.min()}, {clouds.multiplicity.max()} |")
    print(f"| energy of a hit, largest (GeV) | 6.5 | 5.1 | {most / 1e3:.2g} |")


def speed() -> None:
    """Print the CPU time per shower in microseconds."""
    simulator, found = Simulator(), []
    for turn in range(6):
        start = time.process_time()
        stream(simulator, 4 * turn, 4, "speed")
        found.append((time.process_time() - start) / (4 * BLOCK))
    print(f"\n{1e6 * min(found[1:]):.0f} microseconds of CPU time per shower\n")


def controls(blocks: int) -> None:
    """Print how the metrics react to planted faults."""
    scorers = {name: Scorer(metric.create(SPEC)) for name, metric in METRICS.items()}
    truth = stream(Simulator(), 0, blocks, "truth")
    context = MetricContext()
    again = [_again(truth, "clean", turn) for turn in range(10)]
    floors = {
        name: float(np.mean([scorer.score(truth, clean, context).value for clean in again]))
        for name, scorer in scorers.items()
    }
    print("| fault | " + " | ".join(f"`{name}`" for name in floors) + " |\n|---|" + "---:|" * len(floors))
    print("| none (value) | " + " | ".join(f"{floors[name]:.4g}" for name in floors) + " |")
    sides = {name: scorer.featurise(truth, context) for name, scorer in scorers.items()}
    for fault, make in _faults().items():
        made = make(truth)
        row = []
        for name, scorer in scorers.items():
            found = scorer.compare(sides[name], scorer.featurise(made, context), context)
            row.append(found.value / floors[name])
        print(f"| {fault} | " + " | ".join(f"{ratio:.1f}" for ratio in row) + " |", flush=True)


def _faults() -> dict[str, Callable[[Clouds], Clouds]]:
    changed = {
        "none, once more": {},
        "2 % more energy": {"response": 1.02 * PARAMETERS.response},
        "10 % more energy": {"response": 1.1 * PARAMETERS.response},
        "core 5 % wider": {"widening": 1.05 * PARAMETERS.widening},
        "core 20 % wider": {"widening": 1.2 * PARAMETERS.widening},
        "20 % more halo": {"halo": 1.2 * PARAMETERS.halo},
        "layers do not fluctuate": {"bundles": 1e6 * PARAMETERS.bundles},
    }
    simulated = {
        fault: lambda truth, values=values: _again(truth, "fault", 0, **values) for fault, values in changed.items()
    }
    return {**simulated, "sectors shuffled hit by hit": _shuffled}


def _again(truth: Clouds, *axes: str | int, **parameters: float) -> Clouds:
    """New showers of the same incident energies, by default from the same simulator."""
    simulator = Simulator(dataclasses.replace(PARAMETERS, **parameters))
    energies = incident_energy(truth, SPEC)
    rng = np.random.default_rng([int(axes[1]), len(str(axes[0]))])
    parts = [simulator.showers(energies[start : start + BLOCK], rng) for start in range(0, len(energies), BLOCK)]
    return Clouds.concatenate(parts)


def _shuffled(truth: Clouds) -> Clouds:
    made = _again(truth, "fault", 0)
    points = made.points.copy()
    points[:, SPEC.index("alpha")] = np.random.default_rng(0).integers(16, size=len(points))
    return made.with_points(points)


def draw(clouds: Clouds, path: Path) -> None:
    """Plot profiles in bins of the incident energy, and four showers from the side."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    energies = incident_energy(clouds, SPEC)
    quarter = np.clip((4 * np.log(energies / 1e3) / np.log(1e3)).astype(int), 0, 3)
    names = ("1 to 5.6 GeV", "5.6 to 32 GeV", "32 to 178 GeV", "178 GeV to 1 TeV")
    colours = plt.get_cmap("viridis")(np.linspace(0.05, 0.85, 4))
    figure, axes = plt.subplots(2, 4, figsize=(17, 8), constrained_layout=True)
    for i, (name, colour) in enumerate(zip(names, colours, strict=True)):
        voxels = voxel_energies(clouds[np.flatnonzero(quarter == i)], SPEC)
        share = voxels / energies[quarter == i][:, None, None, None]
        layer, ring = share.sum((2, 3)).mean(0), share.sum((1, 2)).mean(0)
        axes[0, 0].stairs(layer, np.arange(len(layer) + 1), color=colour, label=name)
        axes[0, 1].stairs(ring, np.arange(len(ring) + 1), color=colour)
        axes[0, 2].hist(share.sum((1, 2, 3)), np.linspace(0.3, 1.5, 61), histtype="step", color=colour, density=True)
    grid = np.geomspace(1e3, 1e6, 200)
    axes[0, 3].scatter(energies / 1e3, clouds.multiplicity, s=1, alpha=0.3, color="tab:blue", label="toy showers")
    axes[0, 3].plot(grid / 1e3, expected_hits(grid), color="black", label="published mean")
    axes[0, 0].set(xlabel="layer", ylabel="energy / incident energy", title="longitudinal profile")
    axes[0, 1].set(xlabel="ring", ylabel="energy / incident energy", yscale="log", title="radial profile")
    axes[0, 2].set(xlabel="energy / incident energy", ylabel="density", title="response")
    axes[0, 3].set(xlabel="incident energy (GeV)", ylabel="hits", xscale="log", yscale="log", title="hits")
    axes[0, 0].legend()
    axes[0, 3].legend()
    for axis, energy in zip(axes[1], (2e3, 20e3, 200e3, 900e3), strict=True):
        draw_side(figure, axis, clouds[[int(np.abs(np.log(energies / energy)).argmin())]])
    figure.suptitle(f"{NATURE}: {len(clouds):,} electrons in 45 layers of 16 sectors and 9 rings")
    figure.savefig(path, dpi=80)
    print(f"plot: {path}")


def draw_side(figure: Any, axis: Any, shower: Clouds) -> None:
    """Plot one shower: each hit at its depth and its height above the axis."""
    energy, z, alpha, r = shower.points.astype(np.float64).T
    height = SPEC.geometry["ring_mm"] * (r + 0.5) * np.sin(2 * np.pi * (alpha + 0.5) / 16 - np.pi)
    order = np.argsort(energy)
    dots = axis.scatter(
        SPEC.geometry["layer_mm"] * (z + 0.5)[order],
        height[order],
        c=np.log10(energy[order]),
        s=4 + 6 * np.clip(np.log10(energy[order]) + 1, 0, None),
        cmap="inferno_r",
        vmin=-2,
        vmax=3.5,
        linewidths=0,
    )
    axis.set(xlabel="depth (mm)", ylabel="height (mm)", xlim=(0, 153), ylim=(-42, 42))
    axis.set_title(f"{shower.conditioning[0, 0] / 1e3:.3g} GeV, {len(energy):,} hits")
    figure.colorbar(dots, ax=axis, label="log10 of the energy in MeV", fraction=0.05)


if __name__ == "__main__":
    main()
