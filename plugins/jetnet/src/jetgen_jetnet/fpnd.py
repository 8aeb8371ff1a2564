"""The Fréchet ParticleNet distance (arXiv:2106.11535), to the published JetNet jets and to any truth."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from jetgen.api.metric import FeatureMetric, Measurement
from jetgen.api.protocols import MetricContext
from jetgen.data.clouds import Clouds
from jetgen.data.jets import RELATIVE
from jetgen.data.ordering import ordered
from jetgen.data.spec import CloudSpec
from jetgen.errors import DataError
from jetgen.metrics.frechet import Gaussian, frechet_distance
from numpy.typing import NDArray

from jetgen_jetnet.resources import CLASSES, read_statistics, read_weights

if TYPE_CHECKING:
    from jetgen_jetnet.particlenet import ParticleNet

__all__ = ["FrechetToJetNet", "FrechetToTruth", "normalised"]

_LARGEST = np.array([1.6211985349655151, 0.520724892616272, 0.8934717178344727], np.float32)
_SHIFT = np.array([0.0, 0.0, -0.5], np.float32)
_PLACES = 30
_CPU_BATCH, _GPU_BATCH = 32, 1024  # jets at once; on a processor the edges of 32 jets, 16 MB, still are in its caches
_REPORT = 1024  # jets between two reports of progress, a multiple of both


def normalised(clouds: Clouds, spec: CloudSpec) -> NDArray[np.float32]:
    """float32 (N, 30, 3): the leading particles as the network saw them in its training.

    Each feature is divided by its largest value there and the momentum shifted by -0.5. Empty places are shifted
    too: they are particles of no momentum on the jet axis, and count.
    """
    leading = ordered(clouds, spec)
    kept = leading.ranks < _PLACES
    columns = [spec.index(name) for name in RELATIVE]
    jets = np.zeros((len(clouds), _PLACES, len(columns)), np.float32)
    jets[leading.rows[kept], leading.ranks[kept]] = leading.points[kept][:, columns]
    return jets / _LARGEST + _SHIFT


class _ParticleNetMetric(FeatureMetric):
    """What both distances share: each jet is measured by the activations of the network.

    Momenta below 0, which generators make, are not set to 0 here: the network takes any number, and so does the
    reference implementation.
    """

    def featurise(self, clouds: Clouds, ctx: MetricContext) -> NDArray[np.float64]:
        """float64 (N, 256), the first dense layer of ParticleNet before its nonlinearity."""
        import torch
        from jetgen.torch.training import torch_threads

        net, n = _network(ctx.device), len(clouds)
        on_cpu = torch.device(ctx.device).type == "cpu"
        batch = _CPU_BATCH if on_cpu else _GPU_BATCH
        found = np.empty((n, net.width), np.float64)

        def work(start: int) -> int:
            part = clouds[start : start + batch]
            jets = torch.from_numpy(normalised(part, self.cloud_spec))
            found[start : start + len(part)] = net.activations(jets).cpu().numpy()
            return start + len(part)

        # A batch stays on one thread: nobody waits for the others after each operation, and the number of threads does
        # not change a digit.
        workers = ctx.threads if on_cpu else 1
        with torch_threads(1), ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            for done in pool.map(work, range(0, n, batch)):
                if done == n or done % _REPORT == 0:
                    ctx.report("progress", done=done, total=n, unit="jets")
        return found


class FrechetToJetNet(_ParticleNetMetric):
    """``fpnd_jetnet``: to the stored statistics of the real JetNet jets; a check of data, not a score.

    The truth that is given is not looked at: whoever wants to know how JetNet-like the truth itself is reads the floor,
    which is made of true jets. Values: the distance to the nearest of the three classes whose statistics are stored,
    then to each of them, ``fpnd_jetnet_gluon``, ``fpnd_jetnet_quark`` and ``fpnd_jetnet_top``.
    """

    def compute(self, real: Clouds, fake: Clouds, ctx: MetricContext) -> Measurement:
        """The distances of the generated jets; the true ones are not measured."""
        del real
        found = self.featurise(fake, ctx)
        return self.compare(found, found, ctx)

    def compare(self, real: NDArray[np.float64], fake: NDArray[np.float64], ctx: MetricContext) -> Measurement:
        """The distances of the generated jets, the smallest first."""
        del real, ctx
        made = _gaussian(fake)
        each = {f"fpnd_jetnet_{name}": frechet_distance(_statistics(name), made) for name in CLASSES}
        return Measurement(min(each.values()), each)


class FrechetToTruth(_ParticleNetMetric):
    """``fpnd_truth``: to the truth that is given, of any class, with a floor at the same sizes."""

    def compare(self, real: NDArray[np.float64], fake: NDArray[np.float64], ctx: MetricContext) -> Measurement:
        """The distance."""
        del ctx
        return Measurement(frechet_distance(_gaussian(real), _gaussian(fake)))


def _gaussian(activations: NDArray[np.float64]) -> Gaussian:
    if len(activations) < 2:
        msg = f"a Fréchet distance needs 2 jets or more on either side, not {len(activations)}"
        raise DataError(msg)
    return Gaussian.of(activations)


@cache
def _network(device: str) -> ParticleNet:
    """The network on a device, read once in a process."""
    from jetgen_jetnet.particlenet import ParticleNet

    return ParticleNet(read_weights(), device)


@cache
def _statistics(name: str) -> Gaussian:
    return read_statistics(name)
