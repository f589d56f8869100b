"""Find or run: a stage's result is looked up under its key, or made and put there with its provenance."""

from __future__ import annotations

import errno
import logging
import time
import typing
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel

from assets.artefact import Artefact, Ref
from assets.digest import sha256_json
from assets.errors import BackendError, Finding, StoreError, wrap_import_error
from assets.store import LocalStore
from assets.substage_cache import use_cache
from stages.stage import Backend, Stage

A = TypeVar("A", bound=Artefact)
log = logging.getLogger("fenshen")


@dataclass(frozen=True)
class Job:
    """One stage about to run: all that its result depends on, but for the input artefacts."""

    options: Any
    """The stage's section of the spec (pydantic)."""
    seed: int
    backend: str | None = None
    media: Mapping[str, str] | None = None
    """Digest of every file that the options name: the path alone says nothing about its content."""
    extra: Mapping[str, Any] | None = None
    """Further keyword options of run, e.g. rights; part of the key."""
    resolved_options: Any = None
    """The options with media paths made absolute: what run sees, while the key holds the paths as written."""


@dataclass(frozen=True)
class Outcome:
    """What execute did."""

    ref: Ref[Any]
    key: str
    backend: str
    cached: bool
    seconds: float


def compute_key_parts(stage: Stage[Any], job: Job, inputs: Mapping[str, Ref[Any]]) -> dict[str, Any]:
    """Everything that the result depends on, as JSON: the key is its digest and `plan` explains a miss by it."""
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
    """The stage's result where the store has it, whole."""
    parts = compute_key_parts(stage, job, inputs)
    key = sha256_json(parts)
    found = store.find(key)
    if not found:
        return None
    return Outcome(Ref(found["kind"], found["digest"]), key, parts["backend"], True, float(found.get("seconds", 0)))


def execute(
    stage: Stage[A], job: Job, store: LocalStore, inputs: Mapping[str, Ref[Any]], *, force: bool = False, requested_at: float | None = None
) -> Outcome:
    """The stage's result as a Ref: found in the store, or made now and put there; raises what the stage raises.

    Its seconds count from `requested_at` (time.monotonic()), where it was asked for before it could begin.
    """
    if not force and (found := find_outcome(store, stage, job, inputs)):
        return found
    started = time.monotonic() if requested_at is None else requested_at
    parts = compute_key_parts(stage, job, inputs)
    key = sha256_json(parts)
    if not force and store.is_damaged(key):
        log.warning("%s: the stored result is damaged and is made again", stage.name)
    arguments: dict[str, Any] = {name: store.get(inputs[name], kind) for name, kind in _get_input_types(stage).items()}
    backend = _get_backend(stage, job)
    if backend is not None:
        if reason := backend.unavailable_reason():
            raise BackendError(Finding("backend/unusable", f"{stage.name} cannot use {backend.name}: {reason}"))
        arguments["backend"] = backend
    with use_cache(store), _map_machine_errors(stage):
        artefact = stage.run(**arguments, options=job.resolved_options or job.options, seed=job.seed, **dict(job.extra or {}))
    seconds = time.monotonic() - started
    ref = store.put(key, artefact, {**parts, "seconds": round(seconds, 3), "made": time.time()})
    return Outcome(ref, key, parts["backend"], False, seconds)


@contextmanager
def _map_machine_errors(stage: Stage[Any]) -> Iterator[None]:
    """What the machine lacks is told as such: a library that cannot be loaded, room for a temporary file."""
    try:
        yield
    except ImportError as error:
        raise wrap_import_error(error, stage.name) from error
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
            raise
        message = f"{stage.name} cannot write {error.filename or 'its files'}: {error.strerror}"
        raise StoreError(Finding("store/write", message, fix="free some disk space or set TMPDIR to another folder")) from error


def _to_json_value(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


def _get_backend(stage: Stage[Any], job: Job) -> Backend | None:
    return stage.backends.get(job.backend) if stage.backends else None


def _get_input_types(stage: Stage[Any]) -> dict[str, type[Artefact]]:
    hints = typing.get_type_hints(stage.run)
    return {name: hints[name] for name in stage.takes}
