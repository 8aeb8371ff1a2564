"""The sizes of the classifier tests; they are fixed, so values can be compared."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FAST", "PAPER", "SLOW", "Perceptron", "Profile", "Recipe", "Trees"]


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
class Perceptron:
    """A multilayer perceptron of the numbers of a cloud.

    Arguments:
        width: of its three hidden layers.
        recipe: how it is trained.
    """

    width: int
    recipe: Recipe


@dataclass(frozen=True)
class Trees:
    """Boosted trees on the numbers of a cloud.

    Arguments:
        leaves: the largest number of leaves of a tree; each is tried, and the selection clouds choose. Few leaves are
            best for smooth faults and few clouds, many for fine ones.
        bins: trees see each number in this many quantiles at most.
        rounds: trees are added one after the other; the selection clouds say how many are kept.
        rate: by which the output of each is multiplied.
    """

    leaves: tuple[int, ...]
    bins: int
    rounds: int = 300
    rate: float = 0.1


@dataclass(frozen=True)
class Profile:
    """The sizes of a classifier test.

    Arguments:
        clouds: the largest number of clouds of each class.
        points: of larger clouds only this many leading points are used.
        trainings: of each classifier; each reports on other clouds.
        pairs: the set classifier forms pairs among this many leading points.
        set_width: width of the hidden layers of the set classifier.
        set_recipe: its training.
        high_level: the classifier of high-level features.
        rows: the largest number of rows of each class of a table, whose trees are quick.
        columns: the classifier of the columns of a table.
    """

    clouds: int
    points: int
    trainings: int
    pairs: int
    set_width: int
    set_recipe: Recipe
    # The cells of a detector put some angles and distances on a grid: 32 bins do not resolve it, 255 do.
    high_level: Perceptron | Trees = Trees(leaves=(4, 31), bins=32)
    rows: int = 50_000
    columns: Trees = Trees(leaves=(4, 31), bins=255)


FAST = Profile(
    clouds=10_000,
    points=150,
    trainings=1,
    pairs=20,
    set_width=64,
    set_recipe=Recipe(epochs=7, batch=256, rate=4e-3),
)
"""Takes half a minute on a CPU core for jets of 30 particles."""

SLOW = Profile(
    clouds=10_000,
    points=150,
    trainings=3,
    pairs=30,
    set_width=64,
    set_recipe=Recipe(epochs=16, batch=128, rate=3e-3),
)
"""Takes three minutes on a CPU core for jets of 30 particles."""

PAPER = Profile(
    clouds=100_000,
    points=1_000,
    trainings=5,
    pairs=30,
    set_width=128,
    set_recipe=Recipe(epochs=50, batch=100, rate=1e-3),
    high_level=Perceptron(2_048, Recipe(epochs=50, batch=1_000, rate=2e-4, cycle=False, average=0.0)),
    rows=100_000,
)
"""The sizes, epochs and the network of high-level features of the CaloChallenge (2410.21611), and its recipe for it."""
