"""Figures of merit that need no more than NumPy: Wasserstein distances and novelty."""
