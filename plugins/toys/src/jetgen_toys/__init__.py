"""Datasets of jetgen that need no simulator; see :mod:`jetgen_toys.showers.specs`."""
