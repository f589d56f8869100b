"""Training of the generators: the loop, the families, evaluation, champions."""
