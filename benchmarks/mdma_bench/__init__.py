"""The parts of ``benchmarks/mdma.py``."""
