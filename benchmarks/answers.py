r"""Models that answer true events: their table, and their figures, from finished runs.

The runs have a row for each model and loss, over several seeds; the figures show the answers of seed 0.

    jetbench run -d tracks-stochastic@small --seeds 3 -m resolution -m cardinality -m w1p -m c2st_fast --out RUN \
        -g cvae-slot-attention -g cvae-slot-attention,loss=energy -g cvae-slot-attention,model=cvae ...
    python benchmarks/answers.py tracks-stochastic@small RUN --docs docs --names "copy likelihood" "slot energy" cvae
"""

from __future__ import annotations

import argparse
import math
from functools import partial
from pathlib import Path

import jetgen
from answering import rows_of, scores_of
from jetgen.plot.answers import draw_events, draw_moments, draw_sizes, draw_spreads
from jetgen.plot.clouds import draw_features
from jetgen.plot.comparison import Comparison
from jetgen.plot.style import save

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
    data = jetgen.dataset(asked.dataset)
    truth = data.test[: len(data.test)]
    found = {name: clouds for run in asked.runs for name, clouds in rows_of(run, asked.dataset, len(truth)).items()}
    every = Comparison(data.spec, truth, dict(sorted(found.items())))
    some = Comparison(data.spec, truth, {name: every.fakes[name] for name in asked.names or every.fakes})
    figures = {
        "spreads": partial(draw_spreads, found=every),
        "marginals": partial(draw_features, found=some),
        "moments": partial(draw_moments, found=some),
        "sizes": partial(draw_sizes, found=some),
        "events": partial(draw_events, found=some),
    }
    for name, draw in figures.items():
        save(asked.docs / f"answers_{asked.dataset.partition('@')[0]}_{name}.png", draw)


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
