"""A stage's key changes with everything its result depends on, and with nothing else."""

#     shape ──► twice

from __future__ import annotations

import errno
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import ClassVar

import pytest

from assets import disk_space
from assets.artefact import Artefact, Ref
from assets.digest import sha256_file, sha256_json
from assets.errors import BackendError, SpecError, StoreError
from assets.spec.appearance import Section
from stages.execute import LOGGER, Job, compute_key_parts, execute
from stages.stage import Registry, Stage


@dataclass(frozen=True)
class Number(Artefact):
    kind: ClassVar[str] = "number/1"
    value: int


class Options(Section):
    add: int = 0


class Plain:
    name = "plain"
    digest = "0" * 64

    def weights(self) -> dict[str, str]:
        return {"net": self.digest}

    def unavailable_reason(self) -> str:
        return ""


class Absent(Plain):
    name = "absent"

    def unavailable_reason(self) -> str:
        return "its weights are missing"


CALLS: list[str] = []


def make(*, options: Options, backend: Plain, seed: int) -> Number:
    CALLS.append("make")
    return Number(options.add + seed)


def double(shape: Number, *, options: Options, seed: int) -> Number:
    CALLS.append("double")
    return Number(shape.value * 2)


BACKENDS: Registry[Plain] = Registry("shape", {"plain": f"{__name__}:Plain", "absent": f"{__name__}:Absent"}, "plain")
SHAPE = Stage("shape", 1, make, Number, BACKENDS)
TWICE = Stage("twice", 1, double, Number)


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    CALLS.clear()
    monkeypatch.setattr(Registry, "get", lambda self, name=None: {"plain": Plain, "absent": Absent}[name or "plain"]())


def test_the_same_job_runs_once(store):
    first = execute(SHAPE, Job(Options(add=2), 1), store, {})
    second = execute(SHAPE, Job(Options(add=2), 1), store, {})
    assert (first.cached, second.cached) == (False, True)
    assert first.ref == second.ref
    assert CALLS == ["make"]


def test_a_result_travels_by_reference(store):
    shape = execute(SHAPE, Job(Options(add=2), 1), store, {})
    twice = execute(TWICE, Job(Options(), 1), store, {"shape": shape.ref})
    assert store.get(twice.ref, Number).value == 6


def test_another_input_with_the_same_digest_changes_nothing(store):
    one = execute(SHAPE, Job(Options(add=2), 1), store, {})
    execute(TWICE, Job(Options(), 1), store, {"shape": one.ref})
    other = execute(SHAPE, Job(Options(add=1), 2), store, {})
    assert execute(TWICE, Job(Options(), 1), store, {"shape": other.ref}).cached


def test_force_makes_it_again(store):
    execute(SHAPE, Job(Options(), 1), store, {})
    assert not execute(SHAPE, Job(Options(), 1), store, {}, force=True).cached


def test_a_damaged_result_is_made_again(store, caplog):
    ref = execute(SHAPE, Job(Options(), 1), store, {}).ref
    (store.root / "blobs" / ref.digest[:2] / ref.digest).write_bytes(b"rot")
    again = execute(SHAPE, Job(Options(), 1), store, {})
    assert not again.cached
    assert again.ref == ref
    assert caplog.messages == ["shape: the stored result is damaged and is computed again"]


def test_an_unavailable_backend_says_why(store):
    with pytest.raises(BackendError) as caught:
        execute(SHAPE, Job(Options(), 1, "absent"), store, {})
    assert str(caught.value) == "error[backend/unavailable] shape cannot use absent: its weights are missing; see `fenshen doctor`"


def test_an_unknown_backend_names_the_known_ones(monkeypatch):
    monkeypatch.undo()
    with pytest.raises(BackendError) as caught:
        BACKENDS.get("plane")
    assert str(caught.value) == "error[backend/unknown] shape has no backend 'plane'; use one of absent, plain"


@pytest.mark.parametrize(
    "change",
    [Job(Options(add=1), 1), Job(Options(), 2), Job(Options(), 1, media={"a": "b"}), Job(Options(), 1, extra={"name": "x"})],
)
def test_every_option_counts_in_the_key(change):
    before = sha256_json(compute_key_parts(SHAPE, Job(Options(), 1), {}))
    assert sha256_json(compute_key_parts(SHAPE, change, {})) != before


def test_weights_and_version_count_in_the_key(monkeypatch):
    before = sha256_json(compute_key_parts(SHAPE, Job(Options(), 1), {}))
    assert sha256_json(compute_key_parts(Stage("shape", 2, make, Number, BACKENDS), Job(Options(), 1), {})) != before
    monkeypatch.setattr(Plain, "digest", "1" * 64)
    assert sha256_json(compute_key_parts(SHAPE, Job(Options(), 1), {})) != before


def test_a_program_that_the_machine_has_now_counts_in_the_key():
    found = {"blender": ""}
    stage = Stage("shape", 1, make, Number, BACKENDS, programs=lambda: found)
    before = sha256_json(compute_key_parts(stage, Job(Options(), 1), {}))
    found["blender"] = "/usr/bin/blender"
    assert sha256_json(compute_key_parts(stage, Job(Options(), 1), {})) != before


def test_numbers_and_strings_have_different_keys():
    assert sha256_json(1) != sha256_json("1")
    assert sha256_json([1, 2]) != sha256_json([2, 1])


def test_inputs_are_read_from_the_signature():
    assert TWICE.takes == ("shape",)
    assert SHAPE.takes == ()
    assert Ref("number/1", "x") == Ref("number/1", "x")


def make_failing_stage(error: Exception) -> Stage[Number]:
    def run(*, options: Options, seed: int) -> Number:
        raise error

    return Stage("broken", 1, run, makes=Number)


def test_a_library_that_cannot_be_loaded_is_one_sentence(store):
    stage = make_failing_stage(ImportError("libcuda.so.1: cannot open shared object file", name="torch"))
    with pytest.raises(BackendError) as caught:
        execute(stage, Job(Options(), 1), store, {})
    assert str(caught.value) == (
        "error[backend/library] broken needs a library that cannot be loaded: libcuda.so.1: cannot open shared object file; "
        "run `make setup`, then `fenshen doctor`"
    )


def test_a_module_of_our_own_that_cannot_be_loaded_stays_a_bug(store):
    with pytest.raises(ImportError):
        execute(make_failing_stage(ImportError("no such name", name="stages.voice")), Job(Options(), 1), store, {})


def test_a_full_disk_inside_a_stage_is_one_sentence_and_any_other_trouble_with_a_file_stays_a_bug(store, monkeypatch):
    monkeypatch.setattr(disk_space, "measure_free_bytes", lambda path: 40_000)
    with pytest.raises(StoreError) as caught:
        execute(make_failing_stage(OSError(errno.ENOSPC, "No space left on device", "/tmp/x")), Job(Options(), 1), store, {})
    assert str(caught.value) == (
        "error[store/write] broken cannot write /tmp/x: No space left on device (a build needs 300 MB, 0.1 MB are free); "
        "free some disk space or set TMPDIR to another folder"
    )
    with pytest.raises(FileNotFoundError):
        execute(make_failing_stage(FileNotFoundError(errno.ENOENT, "No such file", "/tmp/x")), Job(Options(), 1), store, {})


def test_a_file_that_changes_while_a_stage_reads_it_is_not_stored(store, tmp_path):
    """Its result was stored under the digest of the bytes before, and found for ever under it."""
    film = tmp_path / "film.mp4"
    film.write_bytes(b"before")

    def read(*, options: Options, seed: int) -> Number:
        film.write_bytes(b"after!")
        return Number(6)

    job = Job(Options(), 1, media={"wave.video": sha256_file(film)}, media_paths={"wave.video": film})
    with pytest.raises(SpecError) as caught:
        execute(Stage("motion", 1, read, Number), job, store, {})
    assert str(caught.value) == (
        "film.mp4: error[stage/input-changed] motion: film.mp4 (wave.video) changed while it was read, so the result is not stored; "
        "build again when it is complete"
    )
    assert list(store.root.rglob("*.json")) == []


def test_a_file_that_is_removed_while_a_stage_reads_it_is_not_stored(store, tmp_path):
    job = Job(Options(), 1, media={"wave.bvh": "0" * 64}, media_paths={"wave.bvh": tmp_path / "gone.bvh"})
    with pytest.raises(SpecError, match="changed while it was read"):
        execute(SHAPE, job, store, {})


def test_a_result_that_is_not_final_is_read_and_made_again(store):
    stage = Stage("shape", 1, make, Number, BACKENDS, is_final=lambda number: number.value > 5)
    for add, cached in ((2, False), (6, True)):
        first = execute(stage, Job(Options(add=add), 1), store, {})
        assert store.get(first.ref, Number).value == add + 1
        assert execute(stage, Job(Options(add=add), 1), store, {}).cached is cached


@pytest.mark.parametrize("force", [False, True])
def test_two_that_need_the_same_result_at_once_make_it_once(store, force):
    """Two builds at the same time computed every stage twice. A forced one runs whatever others do."""
    waits = threading.Event()

    def wait_for_the_other(*, options: Options, backend: Plain, seed: int) -> Number:
        CALLS.append("make")
        if len(CALLS) == 2:  # with --force nobody waits for another's result: both are here
            waits.set()
        assert waits.wait(60)
        return Number(seed)

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "waits for process" in record.getMessage():
                waits.set()

    stage, listener = Stage("shape", 1, wait_for_the_other, Number, BACKENDS), Listener()
    LOGGER.addHandler(listener)
    level = LOGGER.level
    LOGGER.setLevel(logging.DEBUG)
    try:
        with ThreadPoolExecutor(2) as pool:
            first, second = pool.map(lambda _: execute(stage, Job(Options(), 1), store, {}, force=force), range(2))
    finally:
        LOGGER.removeHandler(listener)
        LOGGER.setLevel(level)
    assert first.ref == second.ref
    assert {first.cached, second.cached} == ({False} if force else {True, False})
    assert len(CALLS) == (2 if force else 1)
    assert list(store.root.glob("claims/*/*")) == []


def test_a_stage_that_fails_leaves_its_claim_to_the_next(store):
    def fail(*, options: Options, backend: Plain, seed: int) -> Number:
        raise ValueError("broken")

    for _ in range(2):
        with pytest.raises(ValueError, match="broken"):
            execute(Stage("shape", 1, fail, Number, BACKENDS), Job(Options(), 1), store, {})
    assert execute(SHAPE, Job(Options(), 1), store, {}).cached is False
