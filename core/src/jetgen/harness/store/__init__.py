"""What a run keeps on disk: plan, records, rows, log records, keys."""
