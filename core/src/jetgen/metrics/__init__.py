"""The metrics of jetgen: distances, coverage, novelty, likelihood and the classifier test."""
