"""The specs of the metrics of core; nothing heavy is imported here."""

from __future__ import annotations

from jetgen.api.specs import MetricSpec

__all__ = [
    "METRICS",
    "c2st",
    "c2st_fast",
    "c2st_paper",
    "cardinality",
    "cost",
    "cov",
    "energy_test",
    "fpd",
    "kpd",
    "marginals",
    "memorising",
    "mmd",
    "nll",
    "novelty",
    "nplm",
    "resolution",
    "shower_energy",
    "shower_profiles",
    "shower_sparsity",
    "sks",
    "sliced",
    "substructure",
    "w1efp",
    "w1m",
    "w1mult",
    "w1p",
    "w1pt",
]

_JETS = ("etarel", "phirel", "ptrel")
_VOXELS = ("energy", "z", "alpha", "r")
_ALL_KINDS = ("jets", "showers", "tracks", "table")

# With one value a cloud, two samples of n clouds from the same truth are about 0.8 sqrt(2 / n) * 1.6 standard
# deviations apart in W1: 0.09 at n = 400, 0.06 at n = 1,000, 0.02 at n = 10,000. Good models are within 0.1.
_ONE_VALUE_A_CLOUD = 1_000

_JUDGE = ("torch", "lightning_fabric", "fastjet")

w1m = MetricSpec(
    name="w1m",
    summary="Wasserstein distance between the relative masses of jets",
    target="jetgen.metrics.wasserstein:MassDistance",
    paper="2106.11535",
    kinds=("jets",),
    features=_JETS,
    smallest_n=_ONE_VALUE_A_CLOUD,
    weighted=True,
)

w1p = MetricSpec(
    name="w1p",
    summary="Wasserstein distance between the features of all points, mean over the features",
    target="jetgen.metrics.wasserstein:FeatureDistance",
    paper="2106.11535",
    kinds=_ALL_KINDS,
    weighted=True,
)

w1pt = MetricSpec(
    name="w1pt",
    summary="Wasserstein distance between the relative transverse momenta of jets",
    target="jetgen.metrics.wasserstein:MomentumDistance",
    kinds=("jets",),
    features=_JETS,
    smallest_n=_ONE_VALUE_A_CLOUD,
    weighted=True,
)

w1mult = MetricSpec(
    name="w1mult",
    summary="Wasserstein distance between the numbers of points of a cloud",
    target="jetgen.metrics.wasserstein:MultiplicityDistance",
    kinds=("jets", "showers", "tracks"),
    unit="points",
    smallest_n=_ONE_VALUE_A_CLOUD,
    weighted=True,
)

w1efp = MetricSpec(
    name="w1efp",
    summary="Wasserstein distance between five energy flow polynomials (n = d = 4, prime), mean over the five",
    target="jetgen.metrics.efp_distance:EfpDistance",
    paper="2106.11535",
    kinds=("jets",),
    features=_JETS,
    smallest_n=_ONE_VALUE_A_CLOUD,
    weighted=True,
)

shower_energy = MetricSpec(
    name="shower_energy",
    summary="Wasserstein distance between the energies of showers, over the incident energy",
    target="jetgen.metrics.showers:EnergyDistance",
    paper="2410.21611",
    kinds=("showers",),
    features=_VOXELS,
    smallest_n=_ONE_VALUE_A_CLOUD,
    weighted=True,
)

shower_profiles = MetricSpec(
    name="shower_profiles",
    summary="Wasserstein distance between the energy shares of layers, rings and sectors, in units of their spread",
    target="jetgen.metrics.showers:ProfileDistance",
    paper="2410.21611",
    kinds=("showers",),
    features=_VOXELS,
    smallest_n=_ONE_VALUE_A_CLOUD,
    weighted=True,
)

shower_sparsity = MetricSpec(
    name="shower_sparsity",
    summary="Wasserstein distance between the shares of empty voxels in a layer, in units of their spread",
    target="jetgen.metrics.showers:SparsityDistance",
    paper="2410.21611",
    kinds=("showers",),
    features=_VOXELS,
    smallest_n=_ONE_VALUE_A_CLOUD,
    weighted=True,
)

fpd = MetricSpec(
    name="fpd",
    summary="Fréchet physics distance on 36 energy flow polynomials, extrapolated to infinite samples",
    target="jetgen.metrics.physics_distance:FrechetPhysicsDistance",
    paper="2211.10295",
    kinds=("jets",),
    features=_JETS,
    smallest_n=2_000,
    tier="slow",
    floor_draws=10,
)

kpd = MetricSpec(
    name="kpd",
    summary="kernel physics distance (unbiased quartic MMD) on 36 energy flow polynomials",
    target="jetgen.metrics.physics_distance:KernelPhysicsDistance",
    paper="2211.10295",
    kinds=("jets",),
    features=_JETS,
    smallest_n=2_000,
    tier="slow",
    floor_draws=10,
)

cov = MetricSpec(
    name="cov",
    summary="fraction of true jets that are nearest to a generated one (0.5 to 0.6 for the truth itself), by EMD",
    target="jetgen.metrics.coverage:Coverage",
    paper="2106.11535",
    kinds=("jets",),
    features=_JETS,
    direction="higher",
    smallest_n=100,
    tier="slow",
    ranked=False,
    floor_draws=10,
)

mmd = MetricSpec(
    name="mmd",
    summary="mean energy mover's distance of a true jet to the nearest of the generated ones",
    target="jetgen.metrics.coverage:MinimumMatchingDistance",
    paper="2106.11535",
    kinds=("jets",),
    features=_JETS,
    smallest_n=100,
    tier="slow",
    ranked=False,
    floor_draws=10,
)

substructure = MetricSpec(
    name="substructure",
    summary="Wasserstein distance between tau21, tau32 and D2, mean over the three",
    target="jetgen.metrics.substructure:SubstructureDistance",
    paper="2310.00049",
    kinds=("jets",),
    features=_JETS,
    smallest_n=_ONE_VALUE_A_CLOUD,
    tier="slow",
    requires=("fastjet",),
    floor_draws=30,
    weighted=True,
)

c2st = MetricSpec(
    name="c2st",
    summary="AUC of a classifier of generated against true clouds: 0.5 cannot tell them apart",
    target="jetgen.metrics.c2st.metric:ClassifierTest",
    paper="2106.05285",
    kinds=_ALL_KINDS,
    direction="half",
    smallest_n=_ONE_VALUE_A_CLOUD,
    costly=True,
    tier="slow",
    requires=_JUDGE,
    draws=1,
    floor_draws=1,
    weighted=True,
)

c2st_fast = MetricSpec(
    name="c2st_fast",
    summary="the same by one short training: half a minute",
    target="jetgen.metrics.c2st.metric:FastClassifierTest",
    paper="2106.05285",
    kinds=_ALL_KINDS,
    direction="half",
    smallest_n=_ONE_VALUE_A_CLOUD,
    costly=True,
    requires=_JUDGE,
    draws=1,
    floor_draws=1,
    weighted=True,
)

c2st_paper = MetricSpec(
    name="c2st_paper",
    summary="the same with the sizes and the epochs of the papers: hours without a GPU",
    target="jetgen.metrics.c2st.metric:PaperClassifierTest",
    paper="2106.05285",
    kinds=_ALL_KINDS,
    direction="half",
    smallest_n=10_000,
    tier="paper",
    requires=_JUDGE,
    draws=1,
    floor_draws=1,
    weighted=True,
)

sliced = MetricSpec(
    name="sliced",
    summary="sliced Wasserstein distance between high-level features in units of their spread",
    target="jetgen.metrics.sliced:SlicedDistance",
    paper="2409.16336",
    kinds=_ALL_KINDS,
    smallest_n=_ONE_VALUE_A_CLOUD,
    weighted=True,
)

resolution = MetricSpec(
    name="resolution",
    summary="how wrong the variance of the residuals of true particles is over their replicas",
    target="jetgen.metrics.answers.resolution:Resolution",
    paper="2211.06406",
    kinds=("tracks",),
    answers="only",
    smallest_n=_ONE_VALUE_A_CLOUD,
    floor_draws=5,
)

cardinality = MetricSpec(
    name="cardinality",
    summary="total variation between the numbers of points that answer a true event",
    target="jetgen.metrics.answers.cardinality:Cardinality",
    paper="2211.06406",
    kinds=("tracks",),
    answers="only",
    smallest_n=_ONE_VALUE_A_CLOUD,
)

marginals = MetricSpec(
    name="marginals",
    summary="Wasserstein distance between the columns of tables in units of their spread, mean over the columns",
    target="jetgen.metrics.marginals:MarginalDistance",
    kinds=("table",),
    smallest_n=_ONE_VALUE_A_CLOUD,
    weighted=True,
)

sks = MetricSpec(
    name="sks",
    summary="sliced Kolmogorov-Smirnov distance between high-level features, with its p-value by permutation",
    target="jetgen.metrics.two_sample.sks:SlicedKolmogorovSmirnov",
    paper="2409.16336",
    kinds=_ALL_KINDS,
    smallest_n=_ONE_VALUE_A_CLOUD,
    ranked=False,  # tests: whether there is a difference; p and Z are no distances to take ratios of
    draws=1,
    floor_draws=3,
)

energy_test = MetricSpec(
    name="energy_test",
    summary="energy distance between high-level features of 5,000 clouds, with its p-value by permutation",
    target="jetgen.metrics.two_sample.energy:EnergyTest",
    paper="math/0309164",
    kinds=_ALL_KINDS,
    smallest_n=_ONE_VALUE_A_CLOUD,
    ranked=False,  # as sks
    draws=1,
    floor_draws=3,
)

nplm = MetricSpec(
    name="nplm",
    summary="log-likelihood ratio learnt by kernels on high-level features (NPLM), with its p-value by permutation",
    target="jetgen.metrics.two_sample.nplm:NewPhysicsLearningMachine",
    paper="2508.02275",
    kinds=_ALL_KINDS,
    smallest_n=_ONE_VALUE_A_CLOUD,
    ranked=False,  # as sks
    draws=1,
    floor_draws=3,
)

novelty = MetricSpec(
    name="novelty",
    summary="distance of generated clouds to the training clouds over that of test clouds: 1 is new, 0 is a copy",
    target="jetgen.metrics.novelty:Novelty",
    kinds=_ALL_KINDS,
    direction="one",
    needs=("train",),
    ranked=False,
)

memorising = MetricSpec(
    name="memorising",
    summary="distance of generated clouds to training clouds over that to as many held-out ones: 1 is new, 0 is a copy",
    target="jetgen.metrics.memorising:Memorising",
    paper="2604.01313",
    kinds=_ALL_KINDS,
    answers="never",  # held-out answers are to the very events that were asked, and nearer for that reason
    direction="one",
    needs=("train",),
    ranked=False,
    floor_draws=5,  # it searches among the true clouds of each split; its own standard error says how precise it is
)

nll = MetricSpec(
    name="nll",
    summary="mean negative log-likelihood of a test cloud, of generators that know their density",
    target="jetgen.metrics.likelihood:NegativeLogLikelihood",
    kinds=("jets", "tracks", "table"),  # hits of showers are voxels, which have no density
    unit="nat",
    needs=("model",),
    capability="SupportsLogProb",
    draws=1,  # it does not use the generated clouds
    ranked=False,  # densities of sets, of ordered lists and of padded arrays differ by constants
)

cost = MetricSpec(
    name="cost",
    summary="microseconds that a trained generator takes for a cloud; the cost table of every run",
    target="jetgen.harness.run.stages.cost:SamplingCost",
    kinds=_ALL_KINDS,
    unit="µs",
    smallest_n=1,
    needs=("model", "core"),
    ranked=False,
)

METRICS = (
    c2st_fast,
    w1m,
    w1p,
    w1pt,
    w1mult,
    w1efp,
    shower_energy,
    shower_profiles,
    shower_sparsity,
    resolution,
    cardinality,
    marginals,
    sliced,
    sks,
    energy_test,
    nplm,
    novelty,
    memorising,
    nll,
    cost,
    fpd,
    kpd,
    cov,
    mmd,
    substructure,
    c2st,
    c2st_paper,
)
"""All of them, in the order of a report."""
