"""Scores of generated against true clouds outside any run: floors, spreads, choice of metrics."""
