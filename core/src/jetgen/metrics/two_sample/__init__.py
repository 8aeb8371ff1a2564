"""Two-sample tests of high-level features whose null distribution comes from random relabellings."""
