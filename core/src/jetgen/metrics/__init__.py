"""The metrics of jetgen: distances, coverage, copying, likelihood and the classifier test."""
