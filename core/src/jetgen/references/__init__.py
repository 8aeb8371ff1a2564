"""Baselines, shown beside the models and never ranked: the scores of copying, and of ignoring correlations."""
