"""Flows for tables of events and flattened jets; see :mod:`jetgen_realnvp_glow.spec`."""
