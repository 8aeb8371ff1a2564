"""Files, weights and cards, damaged in many ways, and what a reader makes of each; see ``benchmarks/fuzz.py``."""
