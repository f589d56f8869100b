"""torch's defaults (the type of new numbers, the global chance) are the whole process's: stages that share it take turns with them."""

from __future__ import annotations

from threading import RLock

TORCH_DEFAULTS_LOCK = RLock()
"""Held by whoever changes them for a while, and by whoever relies on them.

transformers builds a bfloat16 model by making that the type of every new number: for these moments a generator that runs beside it
would draw its numbers, and count its steps, in three digits.
"""
