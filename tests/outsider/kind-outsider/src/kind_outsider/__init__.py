"""One Gaussian per rank: an honest little generator that core does not know."""
