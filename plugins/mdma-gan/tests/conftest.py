"""Real jets for the tests of the adversarial network: the 2,000 golden ones of core."""

from pathlib import Path

import numpy as np
import pytest
from jetgen import Clouds
from jetgen.data.jets import jet_spec
from jetgen.torch.clouds import CloudPreprocessing
from jetgen.torch.training import seeded
from jetgen_mdma_gan.generator import MDMAGAN

GOLDEN = Path(__file__).parents[3] / "core" / "tests" / "golden" / "top30_real_and_fake.npz"


@pytest.fixture(scope="session")
def jets():
    with np.load(GOLDEN) as arrays:
        return Clouds.from_padded(arrays["points_real"], arrays["mask_real"])


@pytest.fixture(scope="session")
def untrained():
    """A function of settings and jets: a generator with its preprocessing, and the model that it builds."""

    def built(settings, jets):
        owner = MDMAGAN.create(settings, jet_spec(30))
        owner.preprocessing = CloudPreprocessing.fit(settings, owner.spec, jets, np.random.default_rng(1))
        with seeded(1):
            return owner, owner.build(owner.preprocessing.features, owner.preprocessing.conditioning.width, 25.0)

    return built
