"""performance: speech and motion to animated clips; stage.py is the entry point."""
