"""Observables of jets and showers: high-level features, substructure, EFPs, voxels, and the distance of two jets."""
