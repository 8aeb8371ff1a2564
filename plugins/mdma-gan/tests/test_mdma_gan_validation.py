"""The score of generated clouds, and the verdict on a training."""

import numpy as np
import pytest
import torch
from jetgen import Clouds, CloudSpec, Feature, RunContext
from jetgen.api.settings import resolve
from jetgen.data.jets import jet_spec
from jetgen.torch import TrainingData
from jetgen_mdma_gan.composite import Composite, observables, variety
from jetgen_mdma_gan.settings import MDMAGANSettings
from jetgen_mdma_gan.validation import Validation

JETS = jet_spec(30)


def settings(preset="tiny", **values):
    return resolve(MDMAGANSettings, "mdma-gan", preset, [("test", values)]).settings


@pytest.fixture(scope="module")
def composite(jets):
    return Composite(JETS, jets[:700], jets, 700, rng=np.random.default_rng(1))


def changed(jets, change):
    points = jets.points.copy()
    change(points)
    return jets.with_points(points)


def test_the_score_of_truth_is_about_1_and_worse_clouds_have_higher_scores(composite, jets):
    def widen(points):
        points[:, :2] *= 1.1

    def harden(points):
        points[:, 2] *= 1.1

    truth = composite.score(jets[700:1400])
    assert truth == pytest.approx(1, abs=0.5)
    wide, hard = (composite.score(changed(jets[700:1400], change)) for change in (widen, harden))
    assert truth < wide
    assert truth < hard
    assert composite.score(changed(jets[700:1400], lambda points: (widen(points), harden(points)))) > wide


def test_particles_that_were_dealt_anew_are_seen_by_what_joins_them_alone(composite, jets):
    some = jets[700:1400]
    order = np.random.default_rng(1).permutation(len(some.points))
    ratios = composite.ratios(some.with_points(some.points[order]))
    assert ratios["features"] < 2
    assert ratios["size"] < 2
    assert min(ratios["mass"], ratios["efps"]) > 3


def test_the_mass_alone_can_be_the_score(composite, jets):
    by_mass = Composite(JETS, jets[:700], jets, 700, by="mass", rng=np.random.default_rng(1))
    assert by_mass.score(jets[700:1400]) == pytest.approx(composite.ratios(jets[700:1400])["mass"], rel=0.5)
    assert set(by_mass.ratios(jets[700:1400])) == {"mass"}


def test_showers_are_compared_by_energy_features_and_size():
    features = (Feature("energy", "MeV", "positive"), Feature("z"))
    spec = CloudSpec("showers", features, 10, (Feature("e_inc", "MeV", "positive"),))
    clouds = Clouds([[2.0, 1], [6.0, 2], [5.0, 3]], [0, 2, 3], [[16.0], [10.0]])
    found = observables(clouds, spec)
    assert set(found) == {"energy", "features", "size"}
    assert found["energy"][0].tolist() == [0.5, 0.5]
    assert found["size"][0].tolist() == [2, 1]


def test_a_cloud_again_and_again_has_no_variety(jets):
    same = Clouds.concatenate([jets[:1]] * 50)
    assert variety(same) == pytest.approx(0, abs=1e-5)
    assert variety(jets[:200]) > 0.1


def verdict_of(mass, found_variety, critic_losses, **values):
    judge = Validation.__new__(Validation)
    judge.settings = settings(collapse_ratio=50.0, **values)
    return judge.collapse({"mass": mass, "score": mass, "variety": found_variety}, critic_losses)


def test_a_collapse_is_said_in_one_sentence():
    assert verdict_of(20.0, 0.9, [0.4] * 10) is None
    assert verdict_of(80.0, 0.9, [0.4] * 10) == "collapsed: the best validated clouds are 80 floors from true ones"
    assert verdict_of(80.0, 0.9, [0.4, *[1e-5] * 30]).endswith(
        "; the critic tells all generated clouds apart, its loss stays at 0"
    )
    assert verdict_of(20.0, 0.01, [0.4]).startswith("collapsed: the generated clouds are too much alike")


def test_validation_scores_the_same_weights_alike(jets, untrained):
    owner, model = untrained(settings(validation_clouds=60), jets[:300])
    events = []
    context = RunContext(seed=1, listener=events.append)
    judge = Validation(owner, model.eval(), TrainingData(jets[:300], jets[300:400], {}, {}, context, 25.0))
    scores = {judge.score(torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)}
    assert len(scores) == 2
    assert {"score", "mass", "efps", "features", "size"} <= events[0].keys()
