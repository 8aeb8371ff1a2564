"""Metrics of clouds that answer true ones: the resolution of each particle, and how many are found."""
