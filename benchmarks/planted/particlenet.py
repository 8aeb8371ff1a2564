"""ParticleNet-lite as a judge, on the splits, the inputs of the points and the recipe of the slow classifier test."""

from __future__ import annotations

import dataclasses

import jetgen
from c2st import ParticleNetLite
from jetgen.metrics.c2st.inputs import Encoder
from jetgen.metrics.c2st.profiles import SLOW
from jetgen.metrics.c2st.splitting import Folds
from jetgen.metrics.c2st.training import Part, outputs_after_training
from jetgen.metrics.c2st.verdict import Verdict
from jetgen.torch.training import seeded, torch_threads

__all__ = ["particlenet_verdict"]


def particlenet_verdict(
    real: jetgen.Clouds, fake: jetgen.Clouds, spec: jetgen.CloudSpec, ctx: jetgen.MetricContext, epochs: int
) -> Verdict:
    """The verdict of one training, on the first split of the slow test."""
    learn, select, test = Folds.of(real, fake, SLOW.clouds, ctx.rng("metric")).samples(0)
    encoder, at = Encoder(learn.clouds, spec, SLOW.points), ctx.at("training", 0)
    first, second, third = (Part(encoder(one.clouds), one.labels, ctx.device) for one in (learn, select, test))
    recipe = dataclasses.replace(SLOW.set_recipe, epochs=epochs)
    with torch_threads(ctx.threads), seeded(at.torch_seed("metric")):
        network = ParticleNetLite(first.width)
        outputs = outputs_after_training(network, (first, second, third), recipe, at)
    return Verdict.of((outputs[0], select.labels), outputs[1], test)
