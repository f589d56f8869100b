"""verify: judges a finished package by gates (stage.py runs them, gates/ holds them)."""
