"""Faults on purpose: killed commands, damaged stores, crowds, a wrong clock, full disks. See `python -m bench.faults --help`."""
