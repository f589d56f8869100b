"""What the machine must have for the gates that start other programs; checked before the first stage runs, not after the last."""

from __future__ import annotations

from assets.paths import find_program, get_baked_path, has_node_package

BAKED_SCRIPTS = ("load_engine.js", "load_talkinghead.js", "load_babylon.mjs", "viewer.js")
"""What `fenshen bake` bundles for the engine gates and the report."""


def describe_missing_tools() -> str:
    """What is missing and what to do, a clause each; empty where nothing is."""
    clauses = list_missing_validator_parts()
    if missing := [name for name in BAKED_SCRIPTS if not get_baked_path(name).exists()]:
        names = " and ".join(filter(None, (", ".join(missing[:-1]), missing[-1])))
        clauses.append(f"{names} {'is' if len(missing) == 1 else 'are'} missing: run `fenshen bake`")
    return "; ".join(clauses)


def list_missing_validator_parts() -> list[str]:
    """What the Khronos validator lacks on this machine and what to do, a clause each."""
    clauses = []
    if find_program("node") is None:
        clauses.append("node is not installed: install Debian's nodejs and npm")
    if not has_node_package("gltf-validator"):
        clauses.append("the node package gltf-validator is not installed: run `fenshen bake --node-only`")
    return clauses
