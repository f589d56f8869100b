"""Garments made to the body: see outfit.py."""
