"""jetbench: cells, their stages as processes of their own, and rows for every outcome."""
