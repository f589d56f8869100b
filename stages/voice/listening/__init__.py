"""Listening to a person who speaks: where speech begins and ends, and what was said, while it is being said."""
