"""How far generated sets are from true ones, for a gradient: by assignment, or by a score without any."""
