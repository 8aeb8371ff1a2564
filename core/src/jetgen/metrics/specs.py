"""What core's metrics say of themselves; nothing heavy is imported here."""

from __future__ import annotations

from jetgen.specs import MetricSpec

__all__ = ["METRICS", "novelty", "w1m", "w1mult", "w1p"]

# With one value a cloud, two samples of n clouds from the same truth are about 0.8 sqrt(2 / n) * 1.6 standard
# deviations apart in W1: 0.09 at n = 400, 0.06 at n = 1,000, 0.02 at n = 10,000. Good models are within 0.1.
_ONE_VALUE_A_CLOUD = 1_000

w1m = MetricSpec(
    name="w1m",
    summary="Wasserstein distance between the relative masses of jets",
    target="jetgen.metrics.wasserstein:MassDistance",
    paper="2106.11535",
    kinds=("jets",),
    features=("etarel", "phirel", "ptrel"),
    smallest_n=_ONE_VALUE_A_CLOUD,
)

w1p = MetricSpec(
    name="w1p",
    summary="Wasserstein distance between the features of all points, mean over the features",
    target="jetgen.metrics.wasserstein:FeatureDistance",
    paper="2106.11535",
    kinds=("jets", "showers", "tracks", "table"),
)

w1mult = MetricSpec(
    name="w1mult",
    summary="Wasserstein distance between the numbers of points of a cloud",
    target="jetgen.metrics.wasserstein:MultiplicityDistance",
    kinds=("jets", "showers", "tracks"),
    unit="points",
    smallest_n=_ONE_VALUE_A_CLOUD,
)

novelty = MetricSpec(
    name="novelty",
    summary="distance of generated clouds to the training clouds over that of test clouds: 1 is new, 0 is a copy",
    target="jetgen.metrics.novelty:Novelty",
    kinds=("jets", "showers", "tracks", "table"),
    direction="one",
    needs=("train",),
    ranked=False,
)

METRICS = (w1m, w1p, w1mult, novelty)
"""All of them, in the order of a report."""
