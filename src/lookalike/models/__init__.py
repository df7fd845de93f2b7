"""One data file per model, and nothing else."""
