"""`jetbench explain`: what a classifier test sees in the samples of a finished cell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jetgen.cli import options
from jetgen.cli.planning import run_folder
from jetgen.system import console

if TYPE_CHECKING:
    from rich.table import Table

    from jetgen.evaluation.explain.contrasts import Contrast
    from jetgen.evaluation.explain.explanation import Explanation, Finding
    from jetgen.metrics.c2st.verdict import Score

__all__ = ["explain_command"]

_ROWS = 12


def explain_command(
    run: Annotated[Path, typer.Argument(help="The run folder.")],
    cell: Annotated[str, typer.Argument(help="The id of the cell.")],
    *,
    metric: Annotated[
        str, typer.Option("-m", "--metric", help="The judge: c2st_fast, a minute, or c2st, some minutes.")
    ] = "c2st_fast",
    out: Annotated[
        Path | None,
        typer.Option(
            help="The folder of the figures. Without it: explain, in the folder of the cell.", show_default=False
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the trainings of the judge.")] = 0,
    device: options.Device = "cpu",
    as_json: options.AsJson = False,
) -> None:
    """What tells the generated clouds of a cell from true ones: in words, tables and figures."""
    import json

    from jetgen.evaluation.explain.explain import explain
    from jetgen.harness.report.samples import cell_samples
    from jetgen.harness.store.plan import cell_folder, read_plan
    from jetgen.plot.style import missing_libraries

    run = run_folder(run)
    clouds = cell_samples(run, read_plan(run), cell, options.find_plugins(None))
    found = explain(clouds.real, clouds.fake, clouds.spec, metric, seed=seed, device=device)
    folder = run_folder(out) if out is not None else cell_folder(run, cell) / "explain"
    missing = missing_libraries()
    paths = found.draw(folder) if missing is None else []
    if as_json:
        typer.echo(json.dumps({"cell": cell, **found.to_json(), "figures": [str(path) for path in paths]}, indent=1))
        return
    _show(found)
    note = f"no figures: {missing}" if missing else f"figures: {', '.join(path.name for path in paths)} in {folder}"
    typer.echo(note)


def _show(found: Explanation) -> None:
    """The sentences, then the tables, 80 columns wide."""
    import textwrap

    from jetgen.evaluation.explain.words import share_words

    for sentence in str(found).splitlines():
        typer.echo(textwrap.fill(sentence, 80))
    terminal = console()
    terminal.print(_alone(found))
    for which, side in (
        ("invented", "generated: {} with the smallest w"),
        ("uncovered", "truth: {} with the largest w"),
    ):
        rows = [(one, tail) for one in found.findings if (tail := getattr(one, which)) is not None]
        rows.sort(key=lambda row: row[1].strength, reverse=True)
        if rows:
            terminal.print(_tails(f"{side.format(share_words(rows[0][1]))} against the others", rows[:_ROWS]))
        else:
            terminal.print(f"{side.format('the tenth')}: most have the same w, so there is no such tenth\n")
    terminal.print(_weights(found))


def _table(title: str, *heads: str) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(heads[0], overflow="fold")
    for head in heads[1:]:
        table.add_column(head, justify="right", no_wrap=True)
    return table


def _alone(found: Explanation) -> Table:
    table = _table("each observable alone: medians", "observable", "AUC", "generated", "truth")
    for one in found.findings[:_ROWS]:
        table.add_row(one.observable.label, _score(one.alone), *_medians(one.made))
    table.add_row(f"({len(found.findings) - _ROWS} more: --json)" if len(found.findings) > _ROWS else "")
    return table


def _tails(title: str, rows: list[tuple[Finding, Contrast]]) -> Table:
    """The AUC here is the probability of a larger value in the tail."""
    table = _table(title, "observable", "AUC of the value", "tail", "others")
    for one, tail in rows:
        table.add_row(one.observable.label, _score(tail.auc), *_medians(tail))
    return table


def _weights(found: Explanation) -> Table:
    table = _table(f"weights w = D / (1 - D) of {found.judge.n:,} {found.kind} a side", "", "generated", "truth")
    sides = (found.generated, found.true)
    rows: tuple[tuple[str, Callable[..., str]], ...] = (
        ("mean", lambda one: f"{one.mean.value:.3g} ± {one.mean.stderr:.2g}"),
        ("effective sample size / N", lambda one: f"{one.effective:.3g}"),
        ("share with w below 0.1", lambda one: f"{one.below:.3g}"),
        ("share with w above 10", lambda one: f"{one.above:.3g}"),
        ("percentile 0.1", lambda one: f"{one.low:.3g}"),
        ("percentile 99.9", lambda one: f"{one.high:.3g}"),
    )
    for name, text in rows:
        table.add_row(name, *map(text, sides))
    return table


def _score(score: Score) -> str:
    return f"{score.value:.3f} ± {score.stderr:.3f}"


def _medians(contrast: Contrast) -> tuple[str, str]:
    return f"{contrast.some.median:.3g}", f"{contrast.others.median:.3g}"
