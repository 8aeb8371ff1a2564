"""Points of a plane from a mixture of Gaussians, whose density is exact."""
