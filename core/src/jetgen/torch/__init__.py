"""Everything that needs torch: layers, training, transforms, generators of clouds."""
