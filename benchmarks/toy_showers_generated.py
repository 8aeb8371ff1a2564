"""Plot generated toy showers and the truth: profiles, response, number of hits, and single showers.

    jetbench run -g mdma-gan -g mdma-flowmatch -d toy-showers@small --out RUN
    python benchmarks/toy_showers_generated.py RUN FILE.png [--size small]

The first seed of each generator in the run folder is plotted, and the test showers. The lower row shows one shower of
each, with an incident energy near --energy. These are toy showers, not Geant4.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import jetgen
import numpy as np
from jetgen import Clouds
from jetgen.io.cloud_file import open_clouds
from jetgen.metrics.observables.voxels import incident_energy, voxel_energies
from jetgen_toys.showers.dataset import shower_spec
from jetgen_toys.showers.recipe import NATURE
from toy_showers import draw_side

SPEC = shower_spec()


def generated(run: Path, size: str, most: int) -> dict[str, Clouds]:
    """The showers of each generator with a finished row, by the name of the generator."""
    found: dict[str, Clouds] = {}
    for file in sorted(run.glob("cells/*/row.json")):
        row = json.loads(file.read_text(encoding="utf-8"))
        if (row["dataset"], row["size"], row["kind"], row["status"]) != ("toy-showers", size, "model", "ok"):
            continue
        if row["baseline"] or row["generator"] in found:
            continue
        with open_clouds(file.parent / "samples.h5") as samples:
            found[row["generator"]] = samples[:most]
    return found


def draw(sides: dict[str, Clouds], energy: float, path: Path) -> None:
    """Write the plot to ``path``; ``energy`` in MeV selects the single showers."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    colours = dict(zip(sides, ["black", *plt.get_cmap("tab10").colors], strict=False))  # type: ignore[attr-defined]
    figure, axes = plt.subplots(2, 4, figsize=(18, 8), constrained_layout=True)
    curves = {name: _curves(clouds) for name, clouds in sides.items()}
    truth = next(iter(curves.values()))
    for name, one in curves.items():
        for axis, what in zip(axes[0], ("layer", "ring"), strict=False):
            axis.stairs(one[what], np.arange(len(one[what]) + 1), color=colours[name], label=name)
        axes[0, 2].hist(one["response"], np.linspace(0.3, 1.5, 61), histtype="step", color=colours[name], density=True)
        edges = np.linspace(0, max(6, truth["hits"].max()), 61)
        axes[0, 3].hist(one["hits"], edges, histtype="step", color=colours[name], density=True)
    for axis, title in zip(axes[0], ("longitudinal profile", "radial profile", "response", "hits"), strict=True):
        axis.set(title=title)
    axes[0, 0].set(xlabel="layer", ylabel="energy / incident energy")
    axes[0, 1].set(xlabel="ring", yscale="log")
    axes[0, 2].set(xlabel="energy / incident energy")
    axes[0, 3].set(xlabel="hits", yscale="log")
    axes[0, 0].legend()
    for axis, (name, clouds) in zip(axes[1], sides.items(), strict=False):
        nearest = int(np.abs(np.log(incident_energy(clouds, SPEC) / energy)).argmin())
        draw_side(figure, axis, clouds[[nearest]])
        axis.set_title(f"{name}: {axis.get_title()}")
    for axis in axes[1, len(sides) :]:
        axis.axis("off")
    figure.suptitle(f"{NATURE}: {', '.join(f'{len(clouds):,} of {name}' for name, clouds in sides.items())}")
    figure.savefig(path, dpi=80)


def _curves(clouds: Clouds) -> dict[str, Any]:
    energy = incident_energy(clouds, SPEC)
    share = voxel_energies(clouds, SPEC) / energy[:, None, None, None]
    return {
        "layer": share.sum((2, 3)).mean(0),
        "ring": share.sum((1, 2)).mean(0),
        "response": share.sum((1, 2, 3)),
        "hits": np.asarray(clouds.multiplicity),
    }


def main() -> None:
    """Read the run folder, plot, and print the means of the profiles."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("--size", default="small")
    parser.add_argument("--energy", type=float, default=100.0, help="of the single showers, in GeV")
    options = parser.parse_args()
    test = jetgen.dataset(f"toy-showers@{options.size}").test
    truth = test[: len(test)]
    sides = {"truth": truth, **generated(options.run, options.size, len(truth))}
    if len(sides) == 1:
        parser.error(f"{options.run} has no finished row of a generator on toy-showers@{options.size}")
    for name, clouds in sides.items():
        one = _curves(clouds)
        deepest = float((one["layer"] * (np.arange(len(one["layer"])) + 0.5)).sum() / one["layer"].sum())
        outer = float(one["ring"][1:].sum() / one["ring"].sum())
        print(
            f"{name:16s} response {one['response'].mean():.3f} ± {one['response'].std():.3f}, "
            f"mean layer {deepest:.2f}, outside ring 0 {outer:.3f}, hits {one['hits'].mean():.0f}"
        )
    draw(sides, 1e3 * options.energy, options.file)
    print(f"plot: {options.file}")


if __name__ == "__main__":
    main()
