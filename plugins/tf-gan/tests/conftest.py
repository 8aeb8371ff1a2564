"""Real jets for the tests of the refiner: the 2,000 golden ones of core."""

from pathlib import Path

import numpy as np
import pytest
from jetgen import Clouds

GOLDEN = Path(__file__).parents[3] / "core" / "tests" / "golden" / "top30_real_and_fake.npz"


@pytest.fixture(scope="session")
def jets():
    with np.load(GOLDEN) as arrays:
        return Clouds.from_padded(arrays["points_real"], arrays["mask_real"])
