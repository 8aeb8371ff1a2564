"""The Pythia tables: cost, efficiency and peaks of the masses, and the 18 marginals of signal and background drawn.

python benchmarks/pythia_higgs.py [--rows 20000] [--figure docs/pythia_higgs.png] [--published HIGGS.csv]

Rows are simulated in this process, on one thread, and nothing is cached. Times are CPU seconds.
``--published`` names rows of the HIGGS data set in the layout of its own file; quantiles of both are printed.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jetgen_pythia.higgs.columns import COLUMNS
from jetgen_pythia.higgs.recipe import CHANNELS
from jetgen_pythia.higgs.specs import SIZES
from jetgen_pythia.processes import simulator
from numpy.typing import NDArray

PEAKS = {"m_jj": 80, "m_jjj": 172, "m_lv": 80, "m_jlv": 172, "m_bb": 125, "m_wbb": 325, "m_wwbb": 425}
"""The masses of the particles, in GeV; the last three are of the signal alone."""

PUBLISHED = (1, 2, 4, *(first + i for first in (6, 10, 14, 18) for i in (0, 1)), *range(22, 29))
"""Where the published file has our columns; its first column is the label, 1 for signal."""

QUANTILES = (5, 25, 50, 75, 95)


def peak(values: NDArray[np.floating], width: float) -> float:
    """The middle of the interval of this width that holds the most values."""
    values = np.sort(values)
    inside = np.searchsorted(values, values + width) - np.arange(len(values))
    return float(values[np.argmax(inside)] + width / 2)


def simulated(channel: str, rows: int) -> NDArray[np.float32]:
    """The rows of one channel (rows, 18); prints what they cost. Pythia is initialised before the clock starts."""
    source = simulator(channel)
    source.clouds(1, "benchmark", "first")
    events, start = source.events, time.process_time()
    table = source.clouds(rows, "benchmark", "rows").points
    seconds, events = time.process_time() - start, source.events - events
    hours = sum(SIZES["small"]) * seconds / rows / 3600
    print(
        f"{channel:17} {events / seconds:6.0f} events/s {rows / seconds:5.0f} rows/s {1e3 * seconds / rows:5.2f} ms/row"
        f"  accepted {rows / events:.1%}  @small on two cores {30 * hours:.1f} min"
    )
    return table


def print_peaks(tables: Mapping[str, NDArray[np.float32]]) -> None:
    """Print where each mass has its peak and its median."""
    print(f"\n{'GeV':8}{'particle':>10}" + "".join(f"{name:>24}" for name in tables))
    for name, mass in PEAKS.items():
        cells = []
        for table in tables.values():
            values = table[:, COLUMNS.index(name)]
            cells.append(f"{peak(values, 1 if name == 'm_lv' else 0.06 * mass):.1f}, median {np.median(values):.1f}")
        print(f"{name:8}{mass:10}" + "".join(f"{cell:>24}" for cell in cells))


def print_published(tables: Mapping[str, NDArray[np.float32]], path: Path) -> None:
    """Print quantiles of our columns and of the published ones, which are all divided by their means."""
    theirs = np.genfromtxt(path, delimiter=",")
    label = theirs[:, 0] == 1
    share = label.mean()
    signal, background = tables.values()
    print(f"\nquantiles {QUANTILES} of columns divided by their means: ours | published")
    for index, (name, column) in enumerate(zip(COLUMNS, PUBLISHED, strict=True)):
        mean = share * signal[:, index].mean() + (1 - share) * background[:, index].mean()
        unit = 1 if name.endswith("eta") else mean
        for (channel, table), rows in zip(tables.items(), (label, ~label), strict=True):
            both = (table[:, index] / unit, theirs[rows, column])
            texts = [" ".join(f"{value:5.2f}" for value in np.percentile(values, QUANTILES)) for values in both]
            print(f"{name:11}{channel:17} {texts[0]} | {texts[1]}")


def draw(tables: Mapping[str, NDArray[np.float32]], path: Path) -> None:
    """Draw the marginals of all columns."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(15, 8), layout="constrained")
    for index, (name, axes) in enumerate(zip(COLUMNS, figure.subplots(3, 6).flat, strict=True)):
        top = 100 if name.endswith("eta") else 98.5
        low, high = np.percentile(np.concatenate([table[:, index] for table in tables.values()]), [0, top])
        for (channel, table), colour in zip(tables.items(), ("tab:blue", "tab:orange"), strict=True):
            axes.hist(table[:, index], np.linspace(low, high, 61), density=True, histtype="step", color=colour)
            axes.plot([], [], color=colour, label=channel.removeprefix("higgs-"))
        if name in PEAKS:
            axes.axvline(PEAKS[name], color="grey", linestyle=":", linewidth=1)
        axes.set_title(name if name.endswith("eta") else f"{name} [GeV]", fontsize=10)
        axes.set_yticks([])
        axes.tick_params(labelsize=8)
    figure.axes[0].legend(fontsize=9)
    figure.savefig(path, dpi=80)
    print(f"\ndrawn: {path}")


def main() -> None:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000, help="of each channel")
    parser.add_argument("--figure", type=Path, help="where to draw; nothing is drawn without it")
    parser.add_argument("--published", type=Path, help="rows of the HIGGS data set: a label and 28 columns, no header")
    options = parser.parse_args()
    tables = {channel: simulated(channel, options.rows) for channel in CHANNELS}
    print_peaks(tables)
    if options.published is not None:
        print_published(tables, options.published)
    if options.figure is not None:
        draw(tables, options.figure)


if __name__ == "__main__":
    main()
