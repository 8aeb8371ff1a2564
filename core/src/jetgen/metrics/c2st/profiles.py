"""How much effort a classifier test makes: fixed numbers, so that its values can be compared."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FAST", "PAPER", "Profile", "Recipe"]


@dataclass(frozen=True)
class Recipe:
    """How one network is trained.

    Arguments:
        epochs: passes over the training clouds; of their ends the one that orders the selection clouds best is kept.
        batch: clouds of one step.
        rate: the learning rate; with ``cycle`` it is the largest one.
        cycle: the rate rises and falls in one cycle, and weights decay; else both stay as they are.
        average: what counts are the weights averaged over about the last ``1 / (1 - average)`` steps; 0 for the last
            ones. Without it the noise of the steps hides faults that concern few clouds, such as a missing tail.
    """

    epochs: int
    batch: int
    rate: float
    cycle: bool = True
    average: float = 0.98


@dataclass(frozen=True)
class Profile:
    """The sizes of a classifier test.

    Arguments:
        clouds: at most so many of each class are used.
        points: of larger clouds so many leading points are looked at one by one.
        trainings: of each network; each reports on clouds that the others do not report on.
        set_width: of the hidden layers of the set network.
        set_recipe: how that is trained.
        high_level_width: of the three hidden layers of the network of high-level features.
        high_level_recipe: how that is trained.
    """

    clouds: int
    points: int
    trainings: int
    set_width: int
    set_recipe: Recipe
    high_level_width: int
    high_level_recipe: Recipe


FAST = Profile(
    clouds=10_000,
    points=150,
    trainings=3,
    set_width=64,
    set_recipe=Recipe(epochs=16, batch=100, rate=2e-3),
    high_level_width=512,
    high_level_recipe=Recipe(epochs=20, batch=200, rate=1e-3),
)
"""Minutes on two processor cores."""

PAPER = Profile(
    clouds=100_000,
    points=1_000,
    trainings=5,
    set_width=128,
    set_recipe=Recipe(epochs=50, batch=100, rate=1e-3),
    high_level_width=2_048,
    high_level_recipe=Recipe(epochs=50, batch=1_000, rate=2e-4, cycle=False, average=0.0),
)
"""The sizes, epochs and the network of high-level features of the CaloChallenge (2410.21611), and its recipe for it."""
