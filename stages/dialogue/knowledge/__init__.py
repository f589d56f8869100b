"""knowledge: the author's documents to passages that are spoken as they are written; read.py is the entry point."""
