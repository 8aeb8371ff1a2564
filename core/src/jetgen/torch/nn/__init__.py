"""Layers for clouds of points that several models share: masked means, mean-field attention, blocks, time features.

Everything is masked everywhere, equivariant under permutations, and made of plain operations.
"""

from __future__ import annotations

from jetgen.torch.nn.adversarial import AdversarialBlock
from jetgen.torch.nn.attention import MeanFieldAttention
from jetgen.torch.nn.buckets import length_buckets
from jetgen.torch.nn.epic import EPiCBlock
from jetgen.torch.nn.masking import attention_bias, masked_mean, masked_sum
from jetgen.torch.nn.mean_field import MeanFieldBlock
from jetgen.torch.nn.neighbours import Neighbours
from jetgen.torch.nn.normalised import Norm, constrain, linear
from jetgen.torch.nn.set_network import Backbone, SetNetwork
from jetgen.torch.nn.sizes import size_numbers
from jetgen.torch.nn.spline import spline, spline_size, transposed_linear
from jetgen.torch.nn.time_features import time_features, time_width
from jetgen.torch.nn.transformer import TransformerBlock

__all__ = [
    "AdversarialBlock",
    "Backbone",
    "EPiCBlock",
    "MeanFieldAttention",
    "MeanFieldBlock",
    "Neighbours",
    "Norm",
    "SetNetwork",
    "TransformerBlock",
    "attention_bias",
    "constrain",
    "length_buckets",
    "linear",
    "masked_mean",
    "masked_sum",
    "size_numbers",
    "spline",
    "spline_size",
    "time_features",
    "time_width",
    "transposed_linear",
]
