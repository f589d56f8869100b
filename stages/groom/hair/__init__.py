"""Hair grown on the body: see grow.py."""
