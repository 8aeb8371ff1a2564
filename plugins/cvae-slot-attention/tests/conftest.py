"""Tracks of the simulator of this project, and the models untrained."""

import jetgen
import pytest
import torch
from jetgen.api.settings import resolve
from jetgen_cvae_slot_attention.events import AnswerPreprocessing
from jetgen_cvae_slot_attention.generator import CVAESlotAttention
from jetgen_cvae_slot_attention.settings import CVAESlotAttentionSettings


@pytest.fixture(scope="session")
def data():
    """16 true events with 25 answers each to learn from; which particles are found is chance."""
    return jetgen.dataset("tracks-stochastic@tiny")


@pytest.fixture(scope="session")
def clouds(data):
    return data.train[: len(data.train)]


@pytest.fixture
def generator(data):
    """An untrained generator with these settings."""

    def make(spec=None, preset="tiny", **values):
        settings = resolve(CVAESlotAttentionSettings, "cvae-slot-attention", preset, [("test", values)]).settings
        return CVAESlotAttention.create(settings, spec or data.spec)

    return make


@pytest.fixture
def untrained(generator, clouds):
    """An untrained model with these settings, that knows how answers and events become numbers."""

    def make(**values):
        made = generator(**values)
        made.preprocessing = AnswerPreprocessing.fit(made.spec, made.settings.frame, clouds)
        torch.manual_seed(1)
        return made, made.build(3, 0, 5.0).eval()

    return make
