"""The model stage: see stage.py."""
