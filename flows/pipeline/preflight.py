"""What must hold before the first stage runs: nothing is missing, every backend can run, the disk has room, the folders are writable."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from assets.bundle import get_staging_folder, refuse_foreign_files
from assets.disk_space import MIN_FREE_BYTES, find_full_disk
from assets.errors import BackendError, Finding, GateError, SpecError, StoreError
from assets.paths import find_existing_ancestor, get_home
from assets.spec.wording import MAX_SHOWN_PATH, shorten
from flows.pipeline.definition import STAGES
from flows.pipeline.plan import PlannedStage


def run_preflight(planned: Iterable[PlannedStage], store: Path, folder: Path | None = None) -> None:
    """Returns where the build can start.

    Args:
        folder: of the bundle; None where no bundle is written.

    Raises:
        BackendError: stages or backends that would run cannot; all are named.
        StoreError: too little disk space, a folder that is not writable, or a bundle folder that holds something else.
    """
    # The folders first: where FENSHEN_HOME is wrong, no baked file is found either.
    if folder:
        refuse_foreign_files(folder)
    check_writable(store, store)
    if folder:
        check_writable(folder, get_staging_folder(folder))
    if findings := [finding for plan in planned if plan.run for finding in _find_missing(plan)]:
        raise BackendError(*findings)


@contextmanager
def report_full_disk(*folders: Path) -> Iterator[None]:
    """Raises StoreError where the block fails on a full disk, whatever noticed it: a library, a child, Prefect's database.

    Args:
        folders: that the block writes to, in addition to Fenshen's and Prefect's homes and TMPDIR.
    """
    try:
        yield
    except (SpecError, GateError, StoreError):
        raise
    except Exception as error:
        if finding := find_full_disk((*folders, get_home(), Path(os.environ["PREFECT_HOME"]), Path(tempfile.gettempdir()))):
            raise StoreError(finding) from error
        raise


def _find_missing(plan: PlannedStage) -> Iterable[Finding]:
    stage = STAGES[plan.stage]
    if missing := stage.missing_requirements():
        yield Finding("stage/unavailable", f"{stage.name} cannot run: {missing}", fix="see `fenshen doctor`")
    if stage.backends is None:
        return
    backend = stage.backends.get(plan.backend)
    if reason := backend.unavailable_reason():
        yield Finding("backend/unavailable", f"{stage.name} cannot use {backend.name}: {reason}", fix="see `fenshen doctor`")


def check_writable(path: Path, first: Path) -> None:
    """Raises StoreError where `first`, which is written before `path`, cannot be created."""
    try:
        ancestor = find_existing_ancestor(first)
    except OSError as error:
        message = f"{shorten(str(path), MAX_SHOWN_PATH)} cannot be created: {error.strerror}"
        raise StoreError(Finding("store/path", message, fix="choose another folder")) from error
    if not ancestor.is_dir() or not os.access(ancestor, os.W_OK):
        raise StoreError(Finding("store/read-only", f"{ancestor} is not writable", fix="choose another folder"))
    total, _, free = shutil.disk_usage(ancestor)
    if not total:  # /proc and its like
        raise StoreError(Finding("store/read-only", f"{ancestor} is no place for files", fix="choose another folder"))
    if free < MIN_FREE_BYTES:
        message = f"{ancestor} has {free / 1e6:.0f} MB free, a build needs {MIN_FREE_BYTES / 1e6:.0f} MB"
        raise StoreError(Finding("store/no-space", message, fix="free some disk space or run `fenshen cache gc --days 30`"))
