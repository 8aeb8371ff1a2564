"""The published JetNet jets as datasets, and the Fréchet ParticleNet distance."""
