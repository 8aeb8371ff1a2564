"""What the judge sees in three of our models: docs/what-the-judge-sees.md with its figures.

10,000 jets of each model against the test jets of pythia-top30@small: rqs-flow `quick`, trained here, and the shipped
weights of both MDMA generators. Samples and results are kept in --out; the same command goes on from there.

python benchmarks/what_the_judge_sees.py [--model rqs-flow] [--metric c2st] [--out runs/judge] [--docs docs]
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import jetgen
from jetgen.evaluation.explain.figures import draw_observable
from jetgen.io.atomic import write_json, write_text
from jetgen.io.cloud_file import open_clouds
from jetgen.io.writing import write_clouds
from jetgen.plot.style import save

DATASET = "pythia-top30@small"
_ROWS = 10


@dataclass(frozen=True)
class Model:
    """A generator at a preset, trained here or with the weights that it ships."""

    name: str
    preset: str
    weights: str = ""

    def samples(self, data: jetgen.CloudSource, spec: jetgen.CloudSpec, folder: Path) -> jetgen.Clouds:
        """As many jets as there are test jets, kept in ``folder``."""
        path = folder / f"{self.name}.h5"
        if not path.exists():
            handle = jetgen.generator(
                self.name, preset=self.preset, **({"weights": self.weights} if self.weights else {})
            )
            if not self.weights:
                handle.fit(jetgen.dataset(DATASET), seed=0)
            write_clouds(path, handle.sample(len(data), seed=1), spec)
        with open_clouds(path) as file:
            return file[:]


MODELS = (
    Model("rqs-flow", "quick"),
    Model("mdma-gan", "standard", "pythia-top30"),
    Model("mdma-flowmatch", "standard", "pythia-top30"),
)


def main() -> None:
    """Explain each model, and write what is said into the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=[model.name for model in MODELS], help="by default all")
    parser.add_argument("--metric", default="c2st")
    parser.add_argument("--out", type=Path, default=Path("runs/judge"))
    parser.add_argument("--docs", type=Path, default=None)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    data = jetgen.dataset(DATASET)
    for model in MODELS:
        if options.model not in (None, model.name):
            continue
        fake = model.samples(data.test, data.spec, options.out)
        found = jetgen.explain(data.test, fake, data.spec, options.metric)
        print(f"{model.name} {model.preset}\n{found}\n", flush=True)
        write_json(options.out / f"{model.name}.json", found.to_json())
        found.draw(options.out / model.name)
        if options.docs is not None:
            save(options.docs / f"judge_{model.name}.png", partial(draw_observable, found))
            _into(options.docs / "what-the-judge-sees.md", model.name, _section(found))


def _section(found: jetgen.Explanation) -> str:
    """The sentences as a list, and a table of the strongest observables."""
    lines = [f"- {sentence}" for sentence in str(found).splitlines()]
    lines += ["", "| observable alone | AUC | median, generated | truth |", "|---|---:|---:|---:|"]
    for one in found.findings[:_ROWS]:
        made = one.made
        medians = f"{made.some.median:.3g} | {made.others.median:.3g}"
        lines.append(f"| {one.observable.label} | {one.alone.value:.3f} ± {one.alone.stderr:.3f} | {medians} |")
    return "\n".join(lines)


def _into(page: Path, model: str, section: str) -> None:
    """Replace what stands between the two marks of the model."""
    start, end = f"<!-- judge of {model} -->", f"<!-- end of judge of {model} -->"
    text = page.read_text(encoding="utf-8")
    before, rest = text.split(start)
    write_text(page, f"{before}{start}\n\n{section}\n\n{end}{rest.split(end)[1]}")


if __name__ == "__main__":
    main()
