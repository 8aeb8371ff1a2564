"""Points of a line or a plane from densities that are known."""
