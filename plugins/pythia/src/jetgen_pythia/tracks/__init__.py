"""Tracks of the charged particles of jets: clouds that answer true ones."""
