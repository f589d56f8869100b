"""What must hold before the first stage runs: nothing missing, every backend usable, room on the disk, a folder that may be written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from assets.bundle import beside, refuse_strangers
from assets.errors import BackendError, Finding, StoreError
from assets.paths import standing
from assets.spec.nodes import PATH, shown
from flows.cli.doctor import ROOM
from flows.pipeline.definition import STAGES
from flows.pipeline.plan import Planned


def preflight(planned: Iterable[Planned], store: Path, folder: Path) -> None:
    """Returns where nothing stands in the way.

    Raises:
        BackendError: a stage or backend that would run cannot, with all such named.
        StoreError: too little room, a folder that may not be written, or one that holds something else.
    """
    # The places first: where FENSHEN_HOME is none, nothing that was baked is found either.
    refuse_strangers(folder)
    _writable(store, store)
    _writable(folder, beside(folder))
    if findings := [finding for plan in planned if plan.run for finding in _missing(plan)]:
        raise BackendError(*findings)


def _missing(plan: Planned) -> Iterable[Finding]:
    stage = STAGES[plan.stage]
    if lacking := stage.lacks():
        yield Finding("stage/unusable", f"{stage.name} cannot run: {lacking}", fix="see `fenshen doctor`")
    if stage.backends is None:
        return
    backend = stage.backends.get(plan.backend)
    if reason := backend.unusable():
        yield Finding("backend/unusable", f"{stage.name} cannot use {backend.name}: {reason}", fix="see `fenshen doctor`")


def _writable(path: Path, first: Path) -> None:
    """Raises StoreError where what is written first for `path` cannot be."""
    try:
        place = standing(first)
    except OSError as error:
        message = f"{shown(str(path), PATH)} cannot be made: {error.strerror}"
        raise StoreError(Finding("store/path", message, fix="choose another folder")) from error
    if not place.is_dir() or not os.access(place, os.W_OK):
        raise StoreError(Finding("store/read-only", f"{place} may not be written", fix="choose another folder"))
    free = shutil.disk_usage(place).free
    if free < ROOM:
        message = f"{place} has {free / 1e6:.0f} MB free, a build needs {ROOM / 1e6:.0f} MB"
        raise StoreError(Finding("store/no-space", message, fix="free some disk space or run `fenshen cache gc --days 30`"))
