"""What a classifier test sees: the weights of single clouds, the observables that differ, in words and in figures."""
