"""Refinement: samples of any generator, made better by what a classifier has learnt of them."""
