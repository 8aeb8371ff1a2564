"""Figures of clouds and of models, with matplotlib in the style of mplhep: those of the report, for notebooks, too.

Each of them takes the true clouds, those of one model or of several by name, and the spec:

>>> import jetgen
>>> figure = jetgen.plot.features(truth, {"mdma-gan": jets}, data.spec)  # doctest: +SKIP
>>> figure.savefig("features.pdf")  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from jetgen.api.protocols import CloudSource
    from jetgen.data.clouds import Clouds
    from jetgen.data.spec import CloudSpec

_HOMES = {
    "correlations": "clouds",
    "efps": "jets",
    "events": "answers",
    "features": "clouds",
    "images": "jets",
    "mean_showers": "showers",
    "moments": "answers",
    "observables": "clouds",
    "profiles": "showers",
    "single_jets": "jets",
    "sizes": "answers",
    "spreads": "answers",
    "substructure": "jets",
}
"""Where each figure is drawn: ``features`` by ``draw_features`` of ``jetgen.plot.clouds``."""

__all__ = list(_HOMES)


def __getattr__(name: str) -> Callable[..., Figure]:
    """A figure by name, loaded when it is first asked for."""
    if name not in _HOMES:
        msg = f"module 'jetgen.plot' has no attribute {name!r}"
        raise AttributeError(msg)
    draw = getattr(importlib.import_module(f"jetgen.plot.{_HOMES[name]}"), f"draw_{name}")
    return _of_clouds(draw)


def _of_clouds(draw: Callable[..., None]) -> Callable[..., Figure]:
    """The figure as a function of clouds."""

    @wraps(draw)
    def plotted(real: CloudSource, fakes: Mapping[str, Clouds] | Clouds, spec: CloudSpec, **more: Any) -> Figure:
        from jetgen.plot.comparison import Comparison
        from jetgen.plot.style import figure_of

        sides = fakes if isinstance(fakes, Mapping) else {"model": fakes}
        return figure_of(partial(draw, found=Comparison(spec, real[0 : len(real)], sides), **more))

    return plotted
