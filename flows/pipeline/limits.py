"""Numbers that both the command line and the pipeline check; without any import, for commands that must start at once."""

SEED_LIMIT = 2**32
"""Seeds are smaller: numpy takes 32 bits."""
