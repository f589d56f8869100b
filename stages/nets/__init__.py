"""Neural networks: one paper a file, shared layers in blocks.py, weights files in weights_io.py."""
