"""What stands under a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean

from jetgen.harness.report.figures import Standing
from jetgen.harness.report.likelihood import likelihood_notes
from jetgen.harness.report.marginals import marginals_notes
from jetgen.harness.report.memorising import memorising_notes
from jetgen.harness.report.significance import FEWEST_SEEDS, LEVEL
from jetgen.harness.report.standings import Experiment
from jetgen.harness.report.wording import digits, head
from jetgen.harness.store.row import Row, Score

__all__ = ["cost_notes", "quality_notes"]

_EXPLODED = 0.01


def quality_notes(experiment: Experiment, shown: Sequence[str]) -> Iterator[str]:
    """The notes under the last table of quality, which shows the scores ``shown``."""
    rows = [row for one in experiment.standings for row in one.rows]
    spread = f"over {experiment.seeds} seeds" if experiment.seeds > 1 else "over the draws of one seed"
    yield (
        f"{experiment.n_fake:,} generated clouds against {experiment.n_real:,} test clouds, "
        f"{experiment.draws} draws, {experiment.seeds} seed(s); ± is the spread {spread}; x: times the floor."
    )
    floor = next((row.scores for row in rows if row.kind == "floor" and row.scores), {})
    if floor:
        sizes = _sizes({head(name, experiment.order.judge): floor[name] for name in shown if name in floor})
        yield f"floor: truth against independent truth, mean and 5 to 95 % band: {sizes}."
    few = [head(name) for name in shown if any(_few(one, name) for one in experiment.standings)]
    if few:
        yield f"(few): too few clouds to rank by {', '.join(few)}."
    yield from _mixed(experiment)
    if len(experiment.models) > 1:
        yield from (_ordered(experiment), _tied(experiment), _stable(experiment))
    yield from memorising_notes(experiment)
    yield from likelihood_notes(experiment)
    yield from marginals_notes(experiment)
    yield from _effective(experiment)
    for one in experiment.standings:
        if one.scored and not one.baseline and one.best_row.draws < experiment.draws:
            lacking = f"{one.best_row.draws} draw(s) instead of {experiment.draws}"
            yield f"{one.title}: {lacking}, its file holds clouds for no more."
    for one in experiment.standings:
        if one.title.count("=") < len(one.best_row.overrides):  # the title does not tell them
            changed = ", ".join(f"{key} = {value}" for key, value in one.best_row.overrides.items())
            yield f"{one.title}: {changed}"
    for row in rows:
        if row.status != "ok":
            phase = f" in {row.phase}" if row.phase else ""
            yield f"{row.id}: {row.status}{phase}: {row.error or 'stopped at its time limit'}"
    yield from _unscored(rows)


def _ordered(experiment: Experiment) -> str:
    """By what the models are ordered."""
    judge = experiment.order.judge
    if judge is None:
        ratios = any(map(experiment.order.figures, experiment.models))
        by = "their ratios to the floor (geometric mean)" if ratios else "name"
        return f"Models are ordered by {by}: no classifier test judged all of them from enough clouds."
    floor = next((one.figures.get(judge) for one in experiment.standings if one.rows[0].kind == "floor"), None)
    truth = "" if floor is None else f"; truth has {digits(floor.mean)} [{digits(floor.low)}, {digits(floor.high)}]"
    return f"Models are ordered by the judge: by how far the AUC of {judge} is from 0.5, where it finds nothing{truth}."


def _tied(experiment: Experiment) -> str:
    """What the letters mean."""
    if experiment.shared_seeds < FEWEST_SEEDS:
        number = "One seed" if experiment.seeds == 1 else f"Fewer than {FEWEST_SEEDS} seeds in common"
        return f"{number}: models are tied rather than ranked, and nothing is bold; compare with --seeds 3 or more."
    pairs = len(experiment.models) * (len(experiment.models) - 1) // 2
    return (
        "ties: models that share a letter are not told apart by the differences between their trainings "
        f"(paired t test, {experiment.shared_seeds} seeds, Holm over {pairs} pair(s), {100 * LEVEL:.0f} %)."
    )


def _stable(experiment: Experiment) -> str:
    """Whether another truth would have ordered the models alike."""
    found = experiment.stability
    if not found.halves:
        goes_by = [experiment.order.figures(one).items() for one in experiment.models]
        lacking = dict.fromkeys(head(name) for each in goes_by for name, figure in each if not figure.halves)
        names = ", ".join(lacking) or "any score"
        return f"Order under halves of the truth: unknown, without values of {names} against them."
    changes = [f"{better} and {worse} change places in {number}" for better, worse, number in found.changes]
    same = f"Order under halves of the truth: the same in {found.same} of {found.halves}"
    return "; ".join([same, *changes]) + "."


def _effective(experiment: Experiment) -> Iterator[str]:
    """How many clouds without weights the weighted ones of a model are worth."""
    for one in experiment.standings:
        share = _effective_share(one)
        if share is None:
            continue
        sizes = [row.counts["n_effective"] for row in one.rows if "n_effective" in row.counts]
        told = f"{one.title}: the weighted clouds of a draw count like {fmean(sizes):,.0f} ({100 * share:.2g} %)"
        yield f"{told}." if share >= _EXPLODED else f"{told}: its weights explode, and its scores say little."


def _effective_share(one: Standing) -> float | None:
    """The effective size of a draw over its number of clouds, mean over the seeds; None without weights."""
    found = [
        row.counts["n_effective"] / max(score.n_fake for score in row.scores.values())
        for row in one.rows
        if row.scores and "n_effective" in row.counts
    ]
    return fmean(found) if found else None


def _mixed(experiment: Experiment) -> Iterator[str]:
    """Which metrics are of several versions, and which rows to run again."""
    for metric, versions in experiment.mixed.items():
        told = ", ".join(version or "unknown" for version in versions)
        again = ", ".join(id_ for ids in list(versions.values())[1:] for id_ in ids)
        yield (
            f"(mixed): {head(metric)} comes from several versions of the metric ({told}), so it is neither ranked nor "
            f"compared; run these rows again with `jetbench run`: {again}."
        )


def _unscored(rows: Sequence[Row]) -> Iterator[str]:
    """Why metrics say nothing: once for all rows, or with the names of those that they are silent on."""
    judged = [row for row in rows if row.status != "skipped"]
    silent: dict[tuple[str, str], list[str]] = {}
    for row in judged:
        for metric, reason in row.skipped_metrics.items():
            silent.setdefault((metric, reason), []).append(row.id)
    alike: dict[tuple[str, tuple[str, ...]], list[tuple[str, str]]] = {}
    for (metric, reason), ids in silent.items():
        alike.setdefault((reason.removeprefix(f"{metric} "), tuple(ids)), []).append((metric, reason))
    for (shared, names), found in alike.items():
        who = "" if len(names) == len(judged) else f"{', '.join(names)}: "
        reason = found[0][1] if len(found) == 1 else f"each {shared}"
        yield f"{who}no {', '.join(metric for metric, _ in found)}: {reason}"


def _sizes(floor: Mapping[str, Score]) -> str:
    """How many clouds stand on either side, and how often: the usual numbers, then the columns that have others."""
    names: dict[str, list[str]] = {}
    for name, score in floor.items():
        times = "once" if len(score.values) == 1 else f"{len(score.values)} times"
        text = f"{score.n_fake:,} against {score.n_real:,}, {times}"
        names.setdefault(text, []).append(name)
    usual = max(names, key=lambda text: len(names[text]), default="")
    return "; ".join([usual, *(f"{', '.join(names[text])}: {text}" for text in names if text != usual)])


def _few(one: Standing, name: str) -> bool:
    return name in one.figures and one.figures[name].few


def cost_notes(experiment: Experiment) -> Iterator[str]:
    """The notes under the table of costs."""
    costs = [row.cost for one in experiment.standings for row in one.rows]
    timed = next((cost for cost in costs if cost.simulator_microseconds_per_cloud is not None), None)
    if timed is not None:
        simulator = timed.simulator_microseconds_per_cloud or 0.0
        yield (
            f"speed-up: over the simulator, {simulator:,.{0 if simulator >= 10 else 2}f} µs per cloud on one core; "
            f"both are timed in turn on the same core (models on {timed.timing_device}, batched, all included)."
        )
        yield "break-even: clouds after which the training, and the simulation of its data, have paid."
    for one in experiment.standings:
        cost = one.best_row.cost
        if cost.microseconds_by_batch:
            times = ", ".join(f"{int(n):,}: {digits(value)}" for n, value in cost.microseconds_by_batch.items())
            how = (
                f"{cost.timing_device}, {cost.timing_threads} thread(s), weights in {cost.precision or 'unknown form'}"
            )
            yield f"{one.title}: µs/cloud by the clouds of one call, {times} ({how})."
        share = _effective_share(one)
        if share and cost.microseconds_per_cloud is not None:
            yield f"{one.title}: {digits(cost.microseconds_per_cloud / share)} µs for each cloud that counts."
