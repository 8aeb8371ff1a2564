"""The files of FPND inside the installed jetnet distribution, found and read without importing or unpickling it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jetgen.errors import PluginError
from jetgen.metrics.frechet import Gaussian
from numpy.typing import NDArray

__all__ = ["CLASSES", "Layer", "Weights", "read_statistics", "read_weights"]

CLASSES: Mapping[str, str] = {"gluon": "g", "quark": "q", "top": "t"}
"""The classes of real jets whose statistics are stored, and their letter in the names of the files."""

_FOLDER = "jetnet/evaluation/fpnd_resources/jetnet/30_particles"
_NETWORK = "pnet_state_dict.pt"
_SHA256 = {
    _NETWORK: "1dabf0e64088840d2d46ca6168a34957c555f0b2419b8d4ea5f70b4108f86f98",
    "g_mu.txt": "d8df76740af366d8c094b362cba5f0b6eca9f8516483b62734d80057b54b2219",
    "g_sigma.txt": "c38f578d059f547292007a1e541a0996fc72511ce2c267693ef1468bb0ca0d29",
    "q_mu.txt": "4d213c8f804ddcaf0e0c43068ea3955cd304270163a517d559f3b9ed47803514",
    "q_sigma.txt": "e74564c19b4b2f4bffeb8ca50abcc10e2888f9ccd8f49b1daf42ffb763314c1a",
    "t_mu.txt": "a5ec398af70db518bddd96492a3a94a16374adbce74d9641f550b95e933be7db",
    "t_sigma.txt": "a267040538103bc126f354607ab6324147c94e07d2f76a685cf44d17318b91cd",
}
_REMEDY = "run: pip install --no-deps --force-reinstall jetnet==0.2.5"

# Where the float32 values of each tensor begin in the network's file, in bytes. A row is one layer of an edge network:
# inputs, outputs, then the offsets of weight and bias, and of scale, shift, mean and variance of its normalisation.
_LAYERS = (
    (6, 64, 1131189, 288729, 377121, 288465, 1132733, 1132997),
    (64, 64, 846409, 359673, 1674597, 376593, 284313, 376857),
    (64, 64, 360201, 1674861, 286905, 359937, 284577, 288201),
    (134, 128, 290025, 866965, 1133261, 1134813, 1136365, 1136885),
    (128, 128, 1138437, 863861, 1205013, 1205533, 1206053, 1206573),
    (128, 128, 1207093, 865413, 1130669, 1272637, 1273157, 1273677),
    (390, 256, 1274197, 864381, 1203981, 1137405, 1135333, 1133781),
    (256, 256, 22161, 287169, 377385, 865933, 285873, 284841),
    (256, 256, 867485, 1129637, 288993, 358641, 862801, 383545),
)
_DENSE = (451, 256, 384577, 1673565)
_EPSILON = 1e-5  # added to the variance by the normalisation


class Layer(NamedTuple):
    """A linear layer: weight (outputs, inputs) and bias (outputs,), in float64."""

    weight: NDArray[np.float64]
    bias: NDArray[np.float64]


class Weights(NamedTuple):
    """ParticleNet up to its first dense layer: three blocks of three edge layers, and the dense layer.

    The batch normalisation of every edge layer, constant once the network is trained, is folded into it.
    """

    blocks: tuple[tuple[Layer, Layer, Layer], ...]
    dense: Layer


def read_weights() -> Weights:
    """The trained network; a :class:`PluginError` if jetnet is missing or its file is another."""
    raw = _read(_NETWORK)
    layers = [_edge_layer(raw, *row) for row in _LAYERS]
    blocks = tuple((layers[i], layers[i + 1], layers[i + 2]) for i in range(0, len(layers), 3))
    inputs, outputs, weight, bias = _DENSE
    return Weights(blocks, Layer(_floats(raw, weight, outputs, inputs), _floats(raw, bias, outputs)))


def read_statistics(name: str) -> Gaussian:
    """Mean and covariance of the activations of the real JetNet jets of a class in :data:`CLASSES`."""
    letter = CLASSES[name]
    mean, covariance = (_table(f"{letter}_{what}.txt") for what in ("mu", "sigma"))
    return Gaussian(mean, covariance)


def _edge_layer(
    raw: bytes, inputs: int, outputs: int, weight: int, bias: int, scale: int, shift: int, mean: int, variance: int
) -> Layer:
    factor = _floats(raw, scale, outputs) / np.sqrt(_floats(raw, variance, outputs) + _EPSILON)
    folded = factor * (_floats(raw, bias, outputs) - _floats(raw, mean, outputs)) + _floats(raw, shift, outputs)
    return Layer(factor[:, None] * _floats(raw, weight, outputs, inputs), folded)


def _floats(raw: bytes, offset: int, *shape: int) -> NDArray[np.float64]:
    values = np.frombuffer(raw, "<f4", int(np.prod(shape)), offset)
    return values.reshape(shape).astype(np.float64)


def _table(name: str) -> NDArray[np.float64]:
    return np.array([line.split() for line in _read(name).decode().splitlines()], np.float64).squeeze()


def _read(name: str) -> bytes:
    """The bytes of a file of jetnet, which are those that this code was written for."""
    try:
        path = Path(str(distribution("jetnet").locate_file(f"{_FOLDER}/{name}")))
        raw = path.read_bytes()
    except PackageNotFoundError as error:
        msg = f"FPND needs {name} of the distribution jetnet, which is not installed; {_REMEDY}"
        raise PluginError(msg) from error
    except OSError as error:
        msg = f"FPND needs {name} of the distribution jetnet, but {error.filename} cannot be read; {_REMEDY}"
        raise PluginError(msg) from error
    found = hashlib.sha256(raw).hexdigest()
    if found != _SHA256[name]:
        msg = f"{path} is not the file of jetnet 0.2.5: its SHA-256 is {found}, not {_SHA256[name]}; {_REMEDY}"
        raise PluginError(msg)
    return raw
