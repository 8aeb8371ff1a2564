"""What a user names becomes a dataset: a plugin's, or a file of one's own."""
