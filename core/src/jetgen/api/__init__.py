"""The interfaces for authors of plugins: protocols, specs, settings, run context."""
