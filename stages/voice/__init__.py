"""voice: dialogue to speech; stage.py is the entry point."""
