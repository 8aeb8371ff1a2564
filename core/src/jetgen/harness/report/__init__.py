"""Tables of rows, and what a user asks of a run folder."""
