"""The sizes of the classifier tests; they are fixed, so values can be compared."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FAST", "PAPER", "SLOW", "Profile", "Recipe"]


@dataclass(frozen=True)
class Recipe:
    """How one network is trained.

    Arguments:
        epochs: passes over the training clouds; the weights of the epoch with the best AUC on the selection clouds
            are kept.
        batch: clouds in a batch.
        rate: the learning rate; with ``cycle`` the largest one.
        cycle: one cycle of the learning rate, with weight decay; else a constant rate without weight decay.
        average: decay of the exponential moving average of the weights; 0 for none. It reduces the noise of the steps,
            which hides faults that concern few clouds, such as a missing tail.
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
        clouds: the largest number of clouds of each class.
        points: of larger clouds only this many leading points are used.
        trainings: of each network; each reports on other clouds.
        pairs: the set classifier forms pairs among this many leading points.
        set_width: width of the hidden layers of the set classifier.
        set_recipe: its training.
        high_level_width: width of the three hidden layers of the classifier of high-level features.
        high_level_recipe: its training.
    """

    clouds: int
    points: int
    trainings: int
    pairs: int
    set_width: int
    set_recipe: Recipe
    high_level_width: int
    high_level_recipe: Recipe


FAST = Profile(
    clouds=10_000,
    points=150,
    trainings=1,
    pairs=20,
    set_width=64,
    set_recipe=Recipe(epochs=7, batch=256, rate=4e-3),
    high_level_width=256,
    high_level_recipe=Recipe(epochs=20, batch=256, rate=4e-3),
)
"""Takes less than a minute on two CPU cores."""

SLOW = Profile(
    clouds=10_000,
    points=150,
    trainings=3,
    pairs=30,
    set_width=64,
    set_recipe=Recipe(epochs=16, batch=128, rate=3e-3),
    high_level_width=256,
    high_level_recipe=Recipe(epochs=20, batch=256, rate=4e-3),
)
"""Takes four minutes or less on two CPU cores."""

PAPER = Profile(
    clouds=100_000,
    points=1_000,
    trainings=5,
    pairs=30,
    set_width=128,
    set_recipe=Recipe(epochs=50, batch=100, rate=1e-3),
    high_level_width=2_048,
    high_level_recipe=Recipe(epochs=50, batch=1_000, rate=2e-4, cycle=False, average=0.0),
)
"""The sizes, epochs and the network of high-level features of the CaloChallenge (2410.21611), and its recipe for it."""
