"""Numbers that both the command line and the pipeline check; without any import, for commands that must start at once."""

MIN_FREE_BYTES = 300_000_000
"""Of disk space: a build's results and its bundle take about 100 MB."""
SEED_LIMIT = 2**32
"""Seeds are smaller: numpy takes 32 bits."""
