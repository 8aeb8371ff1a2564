"""The peer's side: jetnet and energyflow, called as their documentation says, in an environment of their own."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics_speed.serving import Inputs, Task, serve
from metrics_speed.torch_cluster_stand_in import stand_in

_FIVE = [("n==", 4), ("d==", 4), ("p==", 1)]
_ALL = [("d<=", 4)]


def _metrics() -> Any:
    return import_module("jetnet.evaluation.gen_metrics")


def _efps(jets: NDArray[Any], which: list[tuple[str, int]]) -> NDArray[Any]:
    """The EFPs, by as many processes as there are cores."""
    return np.asarray(import_module("jetnet.utils").efps(jets, efpset_args=which))


def _w1(first: NDArray[Any], second: NDArray[Any]) -> list[float]:
    """What jetnet calls for each column, on all values instead of a resample."""
    distance = import_module("scipy.stats").wasserstein_distance
    return [distance(first[:, i], second[:, i]) for i in range(first.shape[1])]


def _efp_task(which: list[tuple[str, int]], inputs: Inputs, jets: int, compared: int) -> Task:
    single = inputs["real"][:jets]
    double = single.astype(np.float64)
    variants = {"float64": lambda: _efps(double, which), "float32": lambda: _efps(single, which)}
    return Task(variants, lambda values: values[:compared])


def _efps5(inputs: Inputs, jets: int, compared: int) -> Task:
    return _efp_task(_FIVE, inputs, jets, compared)


def _efps36(inputs: Inputs, jets: int, compared: int) -> Task:
    return _efp_task(_ALL, inputs, jets, compared)


def _pair(inputs: Inputs, jets: int) -> tuple[NDArray[Any], NDArray[Any]]:
    return inputs["real"][:jets], inputs["fake"][:jets]


def _w1efp(inputs: Inputs, jets: int, compared: int) -> Task:
    real, fake = _pair(inputs, jets)

    def full(_: Any) -> list[float]:
        sides = [_efps(side[:compared].astype(np.float64), _FIVE) for side in (real, fake)]
        return _w1(*sides)

    return Task({"": lambda: _metrics().w1efp(real, fake, num_eval_samples=jets, num_batches=1)}, full)


def _w1p(inputs: Inputs, jets: int, compared: int) -> Task:
    real, fake = _pair(inputs, jets)

    def full(_: Any) -> list[float]:
        return _w1(real[:compared][inputs["real_mask"][:compared]], fake[:compared][inputs["fake_mask"][:compared]])

    return Task({"": lambda: _metrics().w1p(real, fake, num_eval_samples=jets, num_batches=1)}, full)


def _w1m(inputs: Inputs, jets: int, compared: int) -> Task:
    real, fake = _pair(inputs, jets)

    def full(_: Any) -> list[float]:
        masses = import_module("jetnet.utils").jet_features
        sides = [masses(side[:compared].astype(np.float64))["mass"][:, None] for side in (real, fake)]
        return _w1(*sides)

    return Task({"": lambda: _metrics().w1m(real, fake, num_eval_samples=jets, num_batches=1)}, full)


def _features(inputs: Inputs, jets: int) -> tuple[NDArray[Any], NDArray[Any]]:
    return inputs["real_features"][:jets], inputs["fake_features"][:jets]


def _fpd(inputs: Inputs, jets: int, compared: int) -> Task:
    """With the sizes that ours takes for so many jets; at 50,000 they are jetnet's own."""
    del compared
    real, fake = _features(inputs, jets)
    largest = min(50_000, jets)

    def by(smallest: int, largest: int, batches: int = 20) -> Any:
        return _metrics().fpd(real, fake, min_samples=smallest, max_samples=largest, num_batches=batches)

    return Task({"": lambda: by(int(0.4 * largest), largest)}, warm=lambda: by(100, 200, 1))


def _kpd(inputs: Inputs, jets: int, compared: int) -> Task:
    """Its one-threaded way draws other batches; those of the other way are ours, so its values are compared."""
    del compared
    real, fake = _features(inputs, jets)

    def by(threads: int | None, batch: int, batches: int = 10) -> Any:
        return _metrics().kpd(real, fake, num_threads=threads, num_batches=batches, batch_size=batch)

    batch = min(5_000, jets)
    return Task(
        {"all threads": lambda: by(0, batch), "one thread": lambda: by(None, batch)},
        warm=lambda: [by(threads, 100, 2) for threads in (0, None)],
    )


def _fpnd(inputs: Inputs, jets: int, compared: int) -> Task:
    real = inputs["real"][:jets]
    del compared

    def by(size: int) -> float:
        return float(_metrics().fpnd(real, "t", device="cpu", batch_size=size, use_tqdm=False))

    return Task({"batches of 16": lambda: by(16), "batches of 64": lambda: by(64)})


Matrices = list[NDArray[Any]]


def _emd_task(inputs: Inputs, jets: int, result: Callable[[Matrices], Any]) -> Task:
    """The matrices as jetnet has them made, and the same without the particles of no momentum, which cost time."""
    emds = import_module("energyflow.emd").emds
    real, fake = (side[:, :, [2, 0, 1]] for side in _pair(inputs, jets))
    masks = (inputs[f"{name}_mask"][:jets] for name in ("real", "fake"))
    few_real, few_fake = (
        [jet[kept] for jet, kept in zip(side, mask, strict=True)]
        for side, mask in zip((real, fake), masks, strict=True)
    )

    def matrices(first: Any, second: Any) -> Any:
        return result([emds(second[start : start + 100], first[start : start + 100]) for start in range(0, jets, 100)])

    return Task(
        {"without padding": lambda: matrices(few_real, few_fake), "padded, as jetnet": lambda: matrices(real, fake)},
        warm=lambda: emds(real[:5], fake[:5]),
    )


def _emds(inputs: Inputs, jets: int, compared: int) -> Task:
    del compared
    return _emd_task(inputs, jets, np.concatenate)


def _matching(inputs: Inputs, jets: int, compared: int) -> Task:
    del compared

    def covs_and_mmds(matrices: Matrices) -> list[float]:
        covs = [len(np.unique(matrix.argmin(axis=1))) / matrix.shape[1] for matrix in matrices]
        return covs + [float(matrix.min(axis=0).mean()) for matrix in matrices]

    return _emd_task(inputs, jets, covs_and_mmds)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    stand_in()
    serve(
        {
            "efps5": _efps5,
            "efps36": _efps36,
            "w1efp": _w1efp,
            "w1p": _w1p,
            "w1m": _w1m,
            "fpd": _fpd,
            "kpd": _kpd,
            "fpnd": _fpnd,
            "emds": _emds,
            "matching": _matching,
        }
    )
