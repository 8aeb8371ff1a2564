"""How the validation clouds of a training are scored, and the verdict on it."""

import torch
from jetgen import RunContext
from jetgen.api.settings import resolve
from jetgen.evaluation.validation import Validation
from jetgen.torch import TrainingData
from jetgen_mdma_gan.settings import MDMAGANSettings


def settings(preset="tiny", **values):
    return resolve(MDMAGANSettings, "mdma-gan", preset, [("test", values)]).settings


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
    judge = Validation.of(owner, model.eval(), TrainingData(jets[:300], jets[300:400], {}, {}, context, 25.0))
    scores = {judge.score(torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)}
    assert len(scores) == 2
    assert {"score", "mass", "efps", "features", "size"} <= events[0].keys()
