"""Tables of the observables of the HIGGS data set, signal and background."""
