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
_SLOTS = 30
_CPU_BATCH, _GPU_BATCH = 32, 1024  # jets per batch; on a CPU the edges of 32 jets, 16 MB, fit its caches
_REPORT = 1024  # jets between two reports of progress, a multiple of both


def normalised(clouds: Clouds, spec: CloudSpec) -> NDArray[np.float32]:
    """float32 (N, 30, 3): the leading particles, normalised as in the training of the network.

    Each feature is divided by its largest value there, and the momentum is shifted by -0.5. Empty slots are shifted
    too: the network treats them as particles without momentum on the jet axis.
    """
    leading = ordered(clouds, spec)
    kept = leading.ranks < _SLOTS
    columns = [spec.index(name) for name in RELATIVE]
    jets = np.zeros((len(clouds), _SLOTS, len(columns)), np.float32)
    jets[leading.rows[kept], leading.ranks[kept]] = leading.points[kept][:, columns]
    return jets / _LARGEST + _SHIFT


class _ParticleNetMetric(FeatureMetric):
    """Base class: the features of a jet are the activations of the network.

    Negative momenta of generated particles are not set to 0: the reference implementation does not do so either.
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

        # Each batch runs on one thread: threads do not wait for each other after each operation, and their number does
        # not change the values.
        workers = ctx.threads if on_cpu else 1
        with torch_threads(1), ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            for done in pool.map(work, range(0, n, batch)):
                if done == n or done % _REPORT == 0:
                    ctx.report("progress", done=done, total=n, unit="jets")
        return found


class FrechetToJetNet(_ParticleNetMetric):
    """``fpnd_jetnet``: FPND to the stored statistics of the real JetNet jets; a check of data, not a score.

    The given truth is not used; its own distance is the floor, which is computed from true jets. The value is the
    distance to the nearest of the three classes with stored statistics; the components ``fpnd_jetnet_gluon``,
    ``fpnd_jetnet_quark`` and ``fpnd_jetnet_top`` are the distances to each of them.
    """

    def compute(self, real: Clouds, fake: Clouds, ctx: MetricContext) -> Measurement:
        """The distances of the generated jets; the true ones are not used.

        Raises:
            DataError: if there are fewer than two generated jets.
        """
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
    """``fpnd_truth``: FPND to the given truth, which may be of any class (2106.11535)."""

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
    """The network on a device, read once per process."""
    from jetgen_jetnet.particlenet import ParticleNet

    return ParticleNet(read_weights(), device)


@cache
def _statistics(name: str) -> Gaussian:
    return read_statistics(name)
