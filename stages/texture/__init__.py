"""The texture stage: see stage.py."""
