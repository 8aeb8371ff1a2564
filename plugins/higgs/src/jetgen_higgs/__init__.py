"""The events of the UCI HIGGS file: a Higgs signal and its background, as tables of observables."""
