"""The classifier two-sample test: how well a network that saw some of both tells generated from true clouds."""
