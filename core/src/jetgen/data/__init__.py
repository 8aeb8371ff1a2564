"""The data types that all parts exchange: clouds, their meaning, and the conditions of a sample."""
