r"""Models that answer true events: their table, and their figures, from finished runs.

The runs have a row for each model and loss, over several seeds; the figures show the answers of seed 0.

    jetbench run -d tracks-stochastic@small --seeds 3 -m resolution -m cardinality -m w1p -m c2st_fast --out RUN \
        -g cvae-slot-attention -g cvae-slot-attention,loss=energy -g cvae-slot-attention,model=cvae ...
    python benchmarks/answers.py tracks-stochastic@small RUN --docs docs --names "copy likelihood" "slot energy" cvae
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import jetgen
import matplotlib as mpl
from answering.figures import draw_events, draw_marginals, draw_moments, draw_sizes, draw_spreads
from answering.rows import Truth, rows_of, scores_of

_COLUMNS = {
    "judge": "c2st_fast",
    "ln variance ratio: pT": "resolution_pt",
    "η": "resolution_eta",
    "φ": "resolution_phi",
    "pull": "resolution_pull",
    "correlation": "resolution_correlation",
    "CE": "cardinality_ce",
    "over entropy": "cardinality_excess",
    "W1P": "w1p",
    "training / min": "minutes",
}


def main() -> None:
    """Print the table and draw the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", help="with its size, such as tracks-stochastic@small")
    parser.add_argument("runs", type=Path, nargs="+", help="their folders; of a model in several the last one counts")
    parser.add_argument("--docs", type=Path, help="folder of the figures; without it only the table is made")
    parser.add_argument("--names", nargs="*", help="rows that all figures but the one of spreads show; all by default")
    asked = parser.parse_args()
    scores = {name: row for run in asked.runs for name, row in scores_of(run, asked.dataset).items()}
    print(table(scores))
    if asked.docs is None:
        return
    mpl.use("Agg")
    data = jetgen.dataset(asked.dataset)
    truth = Truth(data.test[: len(data.test)], data.spec)
    found = {row.name: row for run in asked.runs for row in rows_of(run, asked.dataset, truth)}
    rows = [found[name] for name in sorted(found)]
    some = [row for row in rows if asked.names is None or row.name in asked.names]
    name = asked.dataset.partition("@")[0]
    draw_spreads(truth, rows, asked.docs / f"answers_{name}_spreads.png")
    for draw in (draw_marginals, draw_moments, draw_sizes, draw_events):
        draw(truth, some, asked.docs / f"answers_{name}_{draw.__name__.removeprefix('draw_')}.png")


def table(scores: dict[str, dict[str, tuple[float, float]]]) -> str:
    """Markdown: a line for each model, the floor first; ± is the spread over the seeds."""
    lines = [f"| | {' | '.join(_COLUMNS)} |", f"|---|{'---:|' * len(_COLUMNS)}"]
    for model in sorted(scores, key=lambda name: (name != "floor", name)):
        cells = []
        for score in _COLUMNS.values():
            mean, spread = scores[model].get(score, (math.nan, 0.0))
            cells.append("" if math.isnan(mean) else f"{mean:.3g}" + (f" ± {spread:.2g}" if spread else ""))
        lines.append(f"| {model} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
