"""The weights and statistics of FPND: files of the installed distribution jetnet, of which no code is imported."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jetgen.errors import PluginError
from jetgen.metrics.frechet import Gaussian
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

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

_BLOCKS = 3
_LINEAR = (0, 3, 6)  # places of the linear layers of an edge network; each is followed by its batch normalisation
_EPSILON = 1e-5  # added to the variance by the batch normalisation


class Layer(NamedTuple):
    """A linear layer: weight (outputs, inputs) and bias (outputs,), in float64."""

    weight: NDArray[np.float64]
    bias: NDArray[np.float64]


class Weights(NamedTuple):
    """ParticleNet up to its first dense layer: three blocks of three edge layers each, then the dense layer.

    The batch normalisation of a trained network is affine. It is merged into the edge layer before it.
    """

    blocks: tuple[tuple[Layer, Layer, Layer], ...]
    dense: Layer


def read_weights() -> Weights:
    """The weights of the trained network.

    torch reads the file with ``weights_only=True``: it builds tensors and runs no code from the file.

    Raises:
        PluginError: if jetnet is not installed, or its file is not that of jetnet 0.2.5.
    """
    import torch

    state = torch.load(io.BytesIO(_read(_NETWORK)), map_location="cpu", weights_only=True)
    blocks = tuple(_edge_block(state, block) for block in range(_BLOCKS))
    return Weights(blocks, _linear(state, "fc1.0"))


def read_statistics(name: str) -> Gaussian:
    """Mean and covariance of the activations of the real JetNet jets of a class in :data:`CLASSES`.

    Raises:
        PluginError: if jetnet is not installed, or its file is not that of jetnet 0.2.5.
    """
    letter = CLASSES[name]
    mean, covariance = (_table(f"{letter}_{what}.txt") for what in ("mu", "sigma"))
    return Gaussian(mean, covariance)


def _edge_block(state: Mapping[str, Tensor], block: int) -> tuple[Layer, Layer, Layer]:
    first, second, third = (_edge_layer(state, block, place) for place in _LINEAR)
    return first, second, third


def _edge_layer(state: Mapping[str, Tensor], block: int, place: int) -> Layer:
    """The linear layer at a place of an edge network, with the batch normalisation after it merged in."""
    layer = _linear(state, f"edge_nets.{block}.model.{place}")
    norm = f"edge_nets.{block}.model.{place + 1}"
    scale, shift, mean, variance = (
        _float64(state[f"{norm}.{name}"]) for name in ("weight", "bias", "running_mean", "running_var")
    )
    factor = scale / np.sqrt(variance + _EPSILON)
    return Layer(factor[:, None] * layer.weight, factor * (layer.bias - mean) + shift)


def _linear(state: Mapping[str, Tensor], name: str) -> Layer:
    return Layer(_float64(state[f"{name}.weight"]), _float64(state[f"{name}.bias"]))


def _float64(tensor: Tensor) -> NDArray[np.float64]:
    return tensor.numpy().astype(np.float64)


def _table(name: str) -> NDArray[np.float64]:
    return np.array([line.split() for line in _read(name).decode().splitlines()], np.float64).squeeze()


def _read(name: str) -> bytes:
    """The bytes of a file of jetnet; its SHA-256 is checked."""
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
