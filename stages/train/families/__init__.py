"""One file per family of generators, and their registry."""
