"""The learning rates of the published training, beside those of core."""

from __future__ import annotations

import math

from jetgen.torch.training import Schedule, constant, warmup_cosine

from jetgen_tf_gan.settings import TFGANSettings

__all__ = ["cosine_cycles", "noam", "schedule_of"]


def noam(width: int, warmup: int) -> Schedule:
    """The rate itself: width^-1/2 min(s^-1/2, s warmup^-3/2) at step s, from 1 (arXiv:1706.03762).

    >>> round(noam(32, 1200 * 121)(1200 * 121 - 1), 6)
    0.000464
    """

    def rate(step: int) -> float:
        number = step + 1
        return float(width**-0.5 * min(number**-0.5, number * max(1, warmup) ** -1.5))

    return rate


def cosine_cycles(steps: int, warmup: int) -> Schedule:
    """A factor that rises to 1 in ``warmup`` steps, and falls to 0 and back along half cosines of a third of them.

    The best weights are found shortly before it is 0 for the first time.
    """
    third = max(1, steps / 3)

    def factor(step: int) -> float:
        return min(1.0, (step + 1) / max(1, warmup)) * 0.5 * (1 + math.cos(math.pi * step / third))

    return factor


def schedule_of(settings: TFGANSettings) -> Schedule:
    """The factor on the rates that the settings ask for; with ``noam`` the rates of the optimisers are 1."""
    if settings.schedule == "noam":
        return noam(settings.width, settings.warmup)
    if settings.schedule == "cosine-cycles":
        return cosine_cycles(settings.steps, settings.warmup)
    if settings.schedule == "constant":
        return constant
    return warmup_cosine(settings.steps, settings.warmup, settings.rate_floor)
