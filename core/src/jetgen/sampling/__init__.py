"""Clouds of a trained model: checked, and streamed to files of any size."""
