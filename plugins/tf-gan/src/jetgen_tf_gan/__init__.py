"""A transformer that refines the jets of another generator: ML4Jets 2022, arXiv:2211.13623."""
