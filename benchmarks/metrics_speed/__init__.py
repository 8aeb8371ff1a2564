"""The parts of ``benchmarks/metrics.py``; those that the peer's processes import need only NumPy."""
