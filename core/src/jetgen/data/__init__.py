"""What moves between all parts: clouds, what they mean, and what is asked for."""
