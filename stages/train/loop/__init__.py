"""One training loop for every family: steps, checkpoints, lineage, health."""
