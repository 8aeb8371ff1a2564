"""Layers for clouds of points that several models share: masked means, mean-field attention, blocks, time features.

Everything is masked everywhere, equivariant under permutations, and made of plain operations.
"""

from __future__ import annotations

from jetgen.nn.attention import MeanFieldAttention
from jetgen.nn.buckets import length_buckets
from jetgen.nn.epic import EPiCBlock
from jetgen.nn.masking import barrier, masked_mean, masked_sum
from jetgen.nn.mean_field import MeanFieldBlock
from jetgen.nn.set_network import Backbone, SetNetwork
from jetgen.nn.time_features import time_features, time_width
from jetgen.nn.transformer import TransformerBlock

__all__ = [
    "Backbone",
    "EPiCBlock",
    "MeanFieldAttention",
    "MeanFieldBlock",
    "SetNetwork",
    "TransformerBlock",
    "barrier",
    "length_buckets",
    "masked_mean",
    "masked_sum",
    "time_features",
    "time_width",
]
