"""Generators that misbehave when they run, each in one way."""
