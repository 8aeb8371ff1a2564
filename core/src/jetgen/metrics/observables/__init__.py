"""What is measured of a jet or a shower: high-level features, EFPs, distances between clouds."""
