"""Set to set: the reconstructed particles of true ones, by a conditional VAE, by slot attention, or by copies."""
