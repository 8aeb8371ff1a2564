"""Layers for clouds of points that several models share: masked means, mean-field attention, blocks, time features.

Everything is masked everywhere, equivariant under permutations, and made of plain operations.
"""

from __future__ import annotations

from jetgen.nn.adversarial import AdversarialBlock
from jetgen.nn.attention import MeanFieldAttention
from jetgen.nn.buckets import length_buckets
from jetgen.nn.epic import EPiCBlock
from jetgen.nn.jet_summary import JetSummary
from jetgen.nn.masking import barrier, masked_mean, masked_sum
from jetgen.nn.mean_field import MeanFieldBlock
from jetgen.nn.normal_scores import NormalScores
from jetgen.nn.normalised import Norm, hold, linear
from jetgen.nn.set_network import Backbone, SetNetwork
from jetgen.nn.sizes import size_numbers
from jetgen.nn.time_features import time_features, time_width
from jetgen.nn.transformer import TransformerBlock
from jetgen.nn.weighted_summary import WeightedSummary

__all__ = [
    "AdversarialBlock",
    "Backbone",
    "EPiCBlock",
    "JetSummary",
    "MeanFieldAttention",
    "MeanFieldBlock",
    "Norm",
    "NormalScores",
    "SetNetwork",
    "TransformerBlock",
    "WeightedSummary",
    "barrier",
    "hold",
    "length_buckets",
    "linear",
    "masked_mean",
    "masked_sum",
    "size_numbers",
    "time_features",
    "time_width",
]
