"""Figures of clouds and of models, with matplotlib in the style of mplhep; loaded when something is drawn."""
