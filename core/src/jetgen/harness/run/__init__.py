"""The driver, the pool and the processes of cells and stages."""
