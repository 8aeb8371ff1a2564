"""The profile of a classifier test that takes seconds."""

import dataclasses

from jetgen.metrics.c2st.profiles import SLOW, Recipe

PROFILE = dataclasses.replace(
    SLOW,
    trainings=2,
    set_width=32,
    set_recipe=Recipe(epochs=5, batch=50, rate=2e-3),
    high_level=dataclasses.replace(SLOW.high_level, rounds=50),
    columns=dataclasses.replace(SLOW.columns, rounds=50),
)
