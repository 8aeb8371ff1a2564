"""Generators of clouds by torch modules: preprocessing, summaries of whole clouds, noise to clouds, saved models."""

from __future__ import annotations

from jetgen.torch.clouds.cloud_coding import CloudCoding
from jetgen.torch.clouds.cloud_generator import CloudGenerator
from jetgen.torch.clouds.drawing import draw_points
from jetgen.torch.clouds.jet_summary import JetSummary
from jetgen.torch.clouds.normal_scores import NormalScores
from jetgen.torch.clouds.weighted_summary import WeightedSummary

__all__ = ["CloudCoding", "CloudGenerator", "JetSummary", "NormalScores", "WeightedSummary", "draw_points"]
