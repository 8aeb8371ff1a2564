"""The parts of ``benchmarks/amplification.py``."""
