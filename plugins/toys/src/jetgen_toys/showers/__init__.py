"""Electromagnetic showers in a sampling calorimeter, from a parametric simulator; not Geant4."""
