"""Faults of known density ratio, planted into a generator whose density is known."""
