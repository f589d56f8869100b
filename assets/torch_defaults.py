"""The lock of torch's process-wide defaults, such as the default dtype and the global random generator."""

from __future__ import annotations

from threading import RLock

TORCH_DEFAULTS_LOCK = RLock()
"""Held by code that changes the defaults for a while, and by code that relies on them.

transformers sets the default dtype to bfloat16 while it builds such a model: a generator that runs meanwhile in another thread would
compute with three significant digits.
"""
