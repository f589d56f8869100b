"""Data sets with clear rights: skins, faces and bodies made by our own stages, or a user's own pictures."""
