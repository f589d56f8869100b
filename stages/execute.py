"""Find or run: a stage's result is looked up under its key, or computed and stored there with its provenance."""

from __future__ import annotations

import errno
import logging
import os
import tempfile
import time
import typing
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from assets.artefact import Artefact, Ref
from assets.digest import sha256_json, sha256_path
from assets.disk_space import FULL_DISK_ERRORS, describe_shortage
from assets.errors import BackendError, Finding, Location, SpecError, StoreError, wrap_import_error
from assets.store import LocalStore
from assets.substage_cache import use_cache
from stages.stage import Backend, Stage

A = TypeVar("A", bound=Artefact)
LOGGER = logging.getLogger("fenshen")
"""Of all stages: `--verbose` and `--log-file` show what is logged here."""


@dataclass(frozen=True)
class Job:
    """One stage about to run: all that its result depends on except the input artefacts."""

    options: Any
    """The stage's section of the spec (pydantic)."""
    seed: int
    backend: str | None = None
    media: Mapping[str, str] | None = None
    """Digest of every file that the options name: a path says nothing about the content."""
    media_paths: Mapping[str, Path] | None = None
    """Where those files are, by the same names: they are digested again after the stage has read them."""
    extra: Mapping[str, Any] | None = None
    """Further keyword arguments of `run`, e.g. rights; part of the key."""
    resolved_options: Any = None
    """The options with absolute media paths: `run` gets these, the key holds the paths as written."""


@dataclass(frozen=True)
class Outcome:
    """What `execute` did."""

    ref: Ref[Any]
    key: str
    backend: str
    cached: bool
    seconds: float


def compute_key_parts(stage: Stage[Any], job: Job, inputs: Mapping[str, Ref[Any]]) -> dict[str, Any]:
    """All that the result depends on, as JSON: the key is its digest, and `plan` explains a miss by comparing it."""
    backend = _get_backend(stage, job)
    options = job.options.model_dump(mode="json")
    return {
        "stage": stage.name,
        "version": stage.version,
        "options": options,
        "inputs": {name: inputs[name].digest for name in stage.takes},
        "backend": backend.name if backend else "",
        "weights": dict(backend.weights()) if backend else {},
        "seed": job.seed,
        "media": dict(job.media or {}),
        "programs": dict(stage.programs()),
        "extra": {name: _to_json_value(value) for name, value in (job.extra or {}).items()},
        **({"code": dict(code)} if (code := stage.code()) else {}),
    }


def find_outcome(store: LocalStore, stage: Stage[Any], job: Job, inputs: Mapping[str, Ref[Any]]) -> Outcome | None:
    """The stage's result where the store has it, undamaged."""
    parts = compute_key_parts(stage, job, inputs)
    return _find_stored(store, sha256_json(parts), parts["backend"])


def _find_stored(store: LocalStore, key: str, backend: str) -> Outcome | None:
    """The result under the key, made by this backend."""
    found = store.find(key)
    return Outcome(Ref(found["kind"], found["digest"]), key, backend, True, float(found.get("seconds", 0))) if found else None


def execute(
    stage: Stage[A], job: Job, store: LocalStore, inputs: Mapping[str, Ref[Any]], *, force: bool = False, requested_at: float | None = None
) -> Outcome:
    """The stage's result as a Ref: found in the store, or computed now and stored; raises what the stage raises.

    Where another process is making the same result, this waits for it. A forced stage runs whatever others do.

    Args:
        requested_at: time.monotonic() from which its seconds count, where it was requested before it could start.
    """
    started = time.monotonic() if requested_at is None else requested_at
    parts = compute_key_parts(stage, job, inputs)
    key = sha256_json(parts)
    if force:
        return _make_result(stage, job, store, inputs, parts, started)
    if found := _find_stored(store, key, parts["backend"]):
        LOGGER.debug("%s: found in the store under key %s", stage.name, found.key)
        return found
    with store.claim(key, lambda owner: LOGGER.info("%s: waits for %s, which is making it", stage.name, owner)):
        if found := _find_stored(store, key, parts["backend"]):
            LOGGER.debug("%s: made by another process under key %s", stage.name, found.key)
            return found
        if store.is_damaged(key):
            LOGGER.warning("%s: the stored result is damaged and is computed again", stage.name)
        return _make_result(stage, job, store, inputs, parts, started)


def _make_result(
    stage: Stage[A], job: Job, store: LocalStore, inputs: Mapping[str, Ref[Any]], parts: dict[str, Any], started: float
) -> Outcome:
    """Runs the stage and stores its result."""
    key = sha256_json(parts)
    arguments: dict[str, Any] = {name: store.get(inputs[name], kind) for name, kind in _get_input_types(stage).items()}
    if (backend := _get_backend(stage, job)) is not None:
        if reason := backend.unavailable_reason():
            finding = Finding("backend/unavailable", f"{stage.name} cannot use {backend.name}: {reason}", fix="see `fenshen doctor`")
            raise BackendError(finding)
        arguments["backend"] = backend
    LOGGER.info("%s: running%s under key %s", stage.name, f" with {backend.name}" if backend else "", key)
    with use_cache(store), _map_machine_errors(stage):
        artefact = stage.run(**arguments, options=job.resolved_options or job.options, seed=job.seed, **dict(job.extra or {}))
    _refuse_changed_media(stage, job)
    seconds = time.monotonic() - started
    record = {**parts, "seconds": round(seconds, 3), "made": time.time()}
    ref = store.put(key, artefact, record) if stage.is_final(artefact) else store.put_unkeyed(artefact)
    LOGGER.info("%s: stored %s %s after %.1f s", stage.name, ref.kind, ref.digest, seconds)
    return Outcome(ref, key, parts["backend"], False, seconds)


def _refuse_changed_media(stage: Stage[Any], job: Job) -> None:
    """Raises SpecError where a file that the stage has read is no longer the one whose digest is in the key."""
    for name, path in (job.media_paths or {}).items():
        try:
            now = sha256_path(path)
        except OSError:
            now = ""
        if now != (job.media or {}).get(name):
            message = f"{stage.name}: {path.name} ({name}) changed while it was read, so the result is not stored"
            raise SpecError(Finding("stage/input-changed", message, location=Location(path.name), fix="build again when it is complete"))


@contextmanager
def _map_machine_errors(stage: Stage[Any]) -> Iterator[None]:
    """Maps errors of the machine to ours: a library that cannot be loaded, a disk that cannot be written."""
    try:
        yield
    except ImportError as error:
        raise wrap_import_error(error, stage.name) from error
    except OSError as error:
        if error.errno not in (*FULL_DISK_ERRORS, errno.EROFS):
            raise
        shortage = describe_shortage(Path(os.fsdecode(error.filename or tempfile.gettempdir()))) if error.errno in FULL_DISK_ERRORS else ""
        message = f"{stage.name} cannot write {error.filename or tempfile.gettempdir()}: {error.strerror}{shortage}"
        raise StoreError(Finding("store/write", message, fix="free some disk space or set TMPDIR to another folder")) from error


def _to_json_value(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


def _get_backend(stage: Stage[Any], job: Job) -> Backend | None:
    return stage.backends.get(job.backend) if stage.backends else None


def _get_input_types(stage: Stage[Any]) -> dict[str, type[Artefact]]:
    hints = typing.get_type_hints(stage.run)
    return {name: hints[name] for name in stage.takes}
