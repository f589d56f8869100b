"""The environment of every program that we start: no code of the current folder, no telemetry, no proxy between our own processes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

_PROJECT = str(Path(__file__).resolve().parent.parent)
LOOPBACK = ("127.0.0.1", "localhost", "::1")
QUIET_VARIABLES = {"ORT_DISABLE_TELEMETRY": "1"}
"""onnxruntime sends events to a host of its maker unless this is set before it is loaded; DO_NOT_TRACK does not stop it."""


def set_process_defaults() -> None:
    """Sets what must hold in this process before a library is loaded; what the user has set stays."""
    for name, value in QUIET_VARIABLES.items():
        os.environ.setdefault(name, value)


def bypass_proxies() -> None:
    """Lets this process and its children reach their own machine directly where the user has set HTTP_PROXY.

    Both spellings: urllib prefers the lowercase letters, other programs read only the capitals.
    """
    given = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    if given.strip() == "*":
        return
    hosts = [host.strip() for host in given.split(",") if host.strip()]
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = ",".join([*hosts, *(host for host in LOOPBACK if host not in hosts)])


def make_child_environment(changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """Our environment with these changes; a Python started with it does not import from the folder that it is started in.

    PYTHONSAFEPATH does that for `python -m` and `-c`; an empty part of PYTHONPATH would undo it.
    """
    environment = {**os.environ, **QUIET_VARIABLES, "PYTHONSAFEPATH": "1", **(changes or {})}
    if path := environment.get("PYTHONPATH"):
        environment["PYTHONPATH"] = os.pathsep.join(part for part in path.split(os.pathsep) if os.path.isabs(part))
    return environment


def make_python_environment(changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a child that imports this project, wherever it is started."""
    return make_child_environment({**(changes or {}), "PYTHONPATH": os.pathsep.join((_PROJECT, os.environ.get("PYTHONPATH", "")))})
