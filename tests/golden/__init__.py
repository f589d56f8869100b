"""Golden results: what each stage makes of a small input, summarised, so that a changed result cannot keep its stage's version."""

import os

# As tests/conftest.py: the order of sums, and with it the last digits, depends on the number of threads.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("PYOPENGL_PLATFORM", "egl")
