"""Scores of generated against true clouds: scorers, floors, spreads, choice of metrics, the function ``evaluate``."""
