"""The groom stage: see stage.py."""
