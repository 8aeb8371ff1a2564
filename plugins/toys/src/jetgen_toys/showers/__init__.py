"""Electromagnetic showers in a sampling calorimeter, made on the spot by a parametric simulator; not Geant4."""
