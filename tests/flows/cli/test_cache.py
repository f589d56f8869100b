"""`fenshen cache`."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from assets.store import LocalStore
from assets.substage_cache import save, use_cache
from stages.voice.backend import Utterance
from tests.flows.cli.command import TINY, run_fenshen


@pytest.fixture
def store(empty_home: Path) -> LocalStore:
    """A store with one spoken line."""
    store = LocalStore(empty_home / "store")
    with use_cache(store):
        save({"part": "voice/line", "words": "hello"}, Utterance(np.zeros(3, np.float32), 22050, (), True))
    return store


@pytest.mark.usefixtures("store")
def test_ls_lists_the_parts_of_a_stage() -> None:
    listing = run_fenshen("cache", "ls")
    assert "voice/line utterance/1" in listing
    assert listing.endswith("1 results, 0.0 MB")


def test_verify_finds_a_damaged_result(store: LocalStore) -> None:
    assert run_fenshen("cache", "verify") == "0 damaged"
    ((key, _),) = store.list_records()
    for blob in store.root.glob("blobs/*/*"):
        blob.write_bytes(b"torn")
    assert run_fenshen("cache", "verify", code=4) == f"damaged: {key}: its blob is damaged; the next build computes it again 1 damaged"


def test_ls_counts_what_belongs_to_no_result(empty_home: Path) -> None:
    """A store that killed builds had filled was called empty."""
    orphan = empty_home / "store" / "blobs" / "ab" / ("ab" * 32)
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(bytes(300_000))
    sentence = "0 results, 0.3 MB, 0.3 MB of it from killed builds: `fenshen cache gc` frees it after an hour"
    assert run_fenshen("cache", "ls").endswith(sentence)


@pytest.mark.parametrize("content", [b"", b'{"kind": "utter'])
def test_verify_finds_a_torn_record(store: LocalStore, content: bytes) -> None:
    """It passed them: it listed only the records that it could read."""
    ((key, _),) = store.list_records()
    next(store.root.glob("keys/*/*.json")).write_bytes(content)
    sentence = f"damaged: {key}: its record cannot be read; the next build computes it again 1 damaged"
    assert run_fenshen("cache", "verify", code=4) == sentence


def test_gc_spares_what_a_running_build_may_need(store: LocalStore) -> None:
    """It removed the results of finished stages, and the build's next stage failed."""
    sentence = "removed 0 files, 0.0 MB; 1 results used in the last hour are kept for running builds"
    assert run_fenshen("cache", "gc", "--days", "0") == sentence
    assert len(list(store.list_records())) == 1


@pytest.mark.parametrize("words", [("--keep-mb", "0"), ("--days", "0")])
def test_gc_to_nothing_leaves_nothing(empty_home: Path, words: tuple[str, str]) -> None:
    """It removed the keys, printed `0.0 MB`, and freed nothing."""
    run_fenshen("build", str(TINY), "--only", "identity", "--quiet")
    for path in (empty_home / "store").glob("*/*/*"):
        os.utime(path, (0, 0))
    assert run_fenshen("cache", "gc", *words).startswith("removed 2 files, ")
    assert run_fenshen("cache", "ls").endswith("0 results, 0.0 MB")


def test_a_damaged_result_is_computed_again_with_its_warning(empty_home: Path) -> None:
    run_fenshen("build", str(TINY), "--only", "identity", "--quiet")
    (blob,) = (empty_home / "store").glob("blobs/*/*")
    data = blob.read_bytes()
    blob.write_bytes(bytes(len(data)))
    lines = run_fenshen("build", str(TINY), "--only", "identity")
    assert "identity: the stored result is damaged and is computed again" in lines
    assert blob.read_bytes() == data


def test_verify_lists_a_blob_whose_record_was_deleted(store: LocalStore) -> None:
    """Nothing said that there had been a result: `0 damaged`."""
    next(store.root.glob("keys/*/*.json")).unlink()
    (blob,) = store.root.glob("blobs/*/*")
    sentence = f"without a record: {blob.name}: no build will find it, `fenshen cache gc` removes it 0 damaged"
    assert run_fenshen("cache", "verify") == sentence
