"""How fast a bundle answers, measured through a real page: see bench/live/__main__.py."""
