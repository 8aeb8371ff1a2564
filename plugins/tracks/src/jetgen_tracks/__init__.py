"""Datasets of jetgen for set-to-set generation; see :mod:`jetgen_tracks.specs`."""
