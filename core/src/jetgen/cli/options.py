"""The options that several commands share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from jetgen.registry import Registry, discover

__all__ = [
    "All",
    "AsJson",
    "Datasets",
    "Device",
    "Draws",
    "Features",
    "Generators",
    "Grace",
    "Jobs",
    "Layout",
    "Mask",
    "Memory",
    "Metrics",
    "NoPlugin",
    "Out",
    "Overrides",
    "Points",
    "Preset",
    "Report",
    "Reweight",
    "Samples",
    "Seeds",
    "StrictPlugins",
    "Suite",
    "Threads",
    "Timeout",
    "find_plugins",
    "names",
]

Suite: TypeAlias = Annotated[Path | None, typer.Argument(help="A suite in TOML.", show_default=False)]
All: TypeAlias = Annotated[bool, typer.Option("--all", help="Every healthy generator on the default suite.")]
Generators: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("-g", "--generator", help="NAME or NAME,KEY=VALUE,...: a row of its own; repeatable."),
]
Datasets: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("-d", "--dataset", help="NAME, NAME@SIZE[,OPTION=VALUE] or a FILE of clouds; repeatable."),
]
Metrics: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("-m", "--metric", help="A metric, or standard, slow, all; repeatable. By default standard."),
]
Preset: TypeAlias = Annotated[str | None, typer.Option(help="tiny, quick, standard, gpu or full. Without it: quick.")]
Seeds: TypeAlias = Annotated[int | None, typer.Option(min=1, help="How many training seeds. Without it: 1.")]
Draws: TypeAlias = Annotated[
    int | None, typer.Option(min=1, help="Independent draws behind each score. Without it: 5.")
]
Overrides: TypeAlias = Annotated[
    list[str] | None, typer.Option("--set", help="GENERATOR.KEY=VALUE, above preset and suite; repeatable.")
]
Reweight: TypeAlias = Annotated[
    bool, typer.Option("--reweight", help="A second row for each model: its clouds with the weights of a classifier.")
]
Jobs: TypeAlias = Annotated[int, typer.Option(min=1, help="Cells at a time; the cores are divided among them.")]
Threads: TypeAlias = Annotated[
    int | None,
    typer.Option(min=1, help="The most cores to use. Without it: all that the machine or its batch system grants."),
]
Timeout: TypeAlias = Annotated[
    float | None,
    typer.Option(min=1, help="Seconds after which a stage is asked to stop. Without it: ten times the estimate."),
]
Grace: TypeAlias = Annotated[float, typer.Option(min=0, help="Seconds between being asked to stop and being stopped.")]
Memory: TypeAlias = Annotated[
    float | None, typer.Option(min=0.1, help="GiB that a stage may take. Without it: a share of the machine.")
]
Device: TypeAlias = Annotated[str, typer.Option(help="cpu, or a device of torch such as cuda:0.")]
Out: TypeAlias = Annotated[Path, typer.Option(help="The run folder; the same command on it again resumes.")]
NoPlugin: TypeAlias = Annotated[
    list[str] | None, typer.Option("--no-plugin", metavar="NAME", help="Leave a plugin out; repeatable.")
]
Report: TypeAlias = Annotated[
    bool, typer.Option("--report/--no-report", help="At the end make RUN/report/index.html, with figures.")
]
Samples: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=FILE", help="Clouds made elsewhere, as a row beside the models; repeatable."),
]
Points: TypeAlias = Annotated[
    str | None,
    typer.Option(help="The array of the points of FILE, if it has another name; of a ROOT file, the tree."),
]
Mask: TypeAlias = Annotated[
    str | None,
    typer.Option(
        help="Of padded points of FILE: the array that says which slots are filled, or the feature that is positive "
        "where one is, such as ptrel."
    ),
]
Features: TypeAlias = Annotated[
    str | None,
    typer.Option(help="The features in order, such as etarel,phirel,ptrel, where the file has no names."),
]
Layout: TypeAlias = Annotated[
    str | None,
    typer.Option(help="native, jetnet, npz or parquet. Without it: by the ending of the file.", show_default=False),
]
StrictPlugins: TypeAlias = Annotated[bool, typer.Option("--strict-plugins", help="Fail if any plugin is not ok.")]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def find_plugins(no_plugin: Sequence[str] | None, *, refresh: bool = False) -> Registry:
    """Everything that is installed, without what ``--no-plugin`` leaves out."""
    return discover(deny=no_plugin or (), refresh=refresh)


def names(text: str | None) -> tuple[str, ...] | None:
    """The names in a text with commas; None if there is no text."""
    return tuple(part.strip() for part in text.split(",")) if text else None
