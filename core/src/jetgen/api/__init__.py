"""What an author of a plugin reads: contracts, specs, settings, context."""
