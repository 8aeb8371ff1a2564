"""From a name to a dataset: that of a plugin, or a file of the user."""
