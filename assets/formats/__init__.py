"""File formats: bytes in, bytes out, one format a file; registry.py lists them all."""
