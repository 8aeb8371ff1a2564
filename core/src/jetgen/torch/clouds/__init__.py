"""Generators of clouds by torch modules: preprocessing, noise, training, and summaries of whole clouds."""

from __future__ import annotations

from jetgen.torch.clouds.generator import TorchGenerator
from jetgen.torch.clouds.jet_summary import JetSummary
from jetgen.torch.clouds.noise import Noise, NoiseShape
from jetgen.torch.clouds.normal_scores import NormalScores
from jetgen.torch.clouds.preprocessing import CloudPreprocessing
from jetgen.torch.clouds.training import Batch, TrainingData, TrainingPlan
from jetgen.torch.clouds.weighted_summary import WeightedSummary

__all__ = [
    "Batch",
    "CloudPreprocessing",
    "JetSummary",
    "Noise",
    "NoiseShape",
    "NormalScores",
    "TorchGenerator",
    "TrainingData",
    "TrainingPlan",
    "WeightedSummary",
]
