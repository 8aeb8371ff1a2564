"""Generators that are shown beside the models and never ranked: what copying and what ignoring correlations earns."""
