"""The profile of a classifier test that takes seconds."""

import dataclasses

from jetgen.metrics.c2st.profiles import SLOW, Recipe

PROFILE = dataclasses.replace(
    SLOW,
    trainings=2,
    set_width=32,
    set_recipe=Recipe(epochs=5, batch=50, rate=2e-3),
    high_level_width=64,
    high_level_recipe=Recipe(epochs=8, batch=50, rate=2e-3),
)
