"""The plan names what changed: an option, a file, a version, a weight.

identity ─► ...   motion ─► ...    (only these two are in the store: what depends on them has never been built)
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from assets import weights
from assets.digest import sha256_json
from assets.formats.bvh import export_bvh
from assets.store import SEAL, LocalStore, compute_seal
from flows.engine.partial_build import run_partial_build
from flows.pipeline.plan import plan_build
from flows.pipeline.request import BuildRequest, resolve_request
from stages.motion.canonical_skeleton import build_canonical_skeleton
from stages.motion.clips import LIBRARY

SPEC = """name: Tiny
motion: {clips: [{name: mine, bvh: mine.bvh}]}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> BuildRequest:
    """A spec with a clip of its own; its identity and motion are in the store."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "tiny.yaml").write_text(SPEC)
    _write_clip(folder, "wave")
    build = BuildRequest(str(folder / "tiny.yaml"), store=folder / "store")
    for stage in ("identity", "motion"):
        run_partial_build(build, stage)
    return build


def _write_clip(folder: Path, name: str) -> None:
    """Writes a clip of the library into the file that the spec names."""
    (folder / "mine.bvh").write_bytes(export_bvh(LIBRARY[name](30), build_canonical_skeleton()))


def explain(build: BuildRequest) -> dict[str, str]:
    """Stage -> why, of the two that are in the store."""
    why = {planned.stage: planned.why for planned in plan_build(resolve_request(build)[0], explain=True)}
    return {stage: why[stage] for stage in ("identity", "motion")}


FOUND = {"identity": "in the store", "motion": "in the store"}


def test_a_stored_result_is_found(made: BuildRequest) -> None:
    assert explain(made) == FOUND


def test_an_option_is_named(made: BuildRequest) -> None:
    spec = Path(made.spec).with_name("older.yaml")
    spec.write_text(f"{SPEC}identity: {{age: 70}}\n")
    assert explain(BuildRequest(str(spec), store=made.store)) == {**FOUND, "identity": "changed: options age"}


def test_a_file_whose_content_changed_is_named(made: BuildRequest) -> None:
    _write_clip(Path(made.spec).parent, "nod")
    assert explain(made) == {**FOUND, "motion": "changed: media mine.bvh"}
    _write_clip(Path(made.spec).parent, "wave")
    assert explain(made) == FOUND


def test_a_weight_is_named(made: BuildRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = {**weights.read_entry("skin-unet"), "sha256": "0" * 64}
    (tmp_path / weights.INDEX_FILE).write_text(json.dumps({"skin-unet": other}))
    monkeypatch.setenv(weights.USER_FOLDER_VARIABLE, str(tmp_path))
    assert explain(made) == {**FOUND, "identity": "changed: weights skin-unet.safetensors"}


def test_a_stage_of_another_version_is_named(made: BuildRequest, tmp_path: Path) -> None:
    """The store was filled by an older Fenshen, whose identity was version 0."""
    assert made.store
    for key, record in LocalStore(made.store).list_records():
        old = {**record, "version": 0} if record.get("stage") == "identity" else record
        old_key = key if old is record else sha256_json(old)
        target = tmp_path / "keys" / old_key[:2] / f"{old_key}.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps({**old, SEAL: compute_seal(old_key, old)}))
    (tmp_path / "blobs").symlink_to(made.store / "blobs")
    assert explain(BuildRequest(made.spec, store=tmp_path)) == {**FOUND, "identity": "changed: version"}


def test_without_an_explanation_a_miss_is_only_a_miss(made: BuildRequest) -> None:
    """A build needs no reasons: they cost a reading of the whole store."""
    missed = {
        planned.why
        for planned in plan_build(resolve_request(BuildRequest(made.spec, seed=3, store=made.store))[0])
        if planned.stage == "motion"
    }
    assert missed == {"not in the store"}


def test_a_forced_stage_runs_and_says_so(made: BuildRequest) -> None:
    forced = BuildRequest(made.spec, store=made.store, force=frozenset({"identity"}))
    assert explain(forced) == {**FOUND, "identity": "forced"}


def test_a_result_whose_blob_was_removed_is_damaged(made: BuildRequest, tmp_path: Path) -> None:
    assert made.store
    shutil.copytree(made.store, tmp_path / "store")
    store = LocalStore(tmp_path / "store")
    identity = next(record for _, record in store.list_records() if record["stage"] == "identity")
    (store.root / "blobs" / identity["digest"][:2] / identity["digest"]).unlink()
    assert explain(BuildRequest(made.spec, store=store.root))["identity"] == "the stored result is damaged"
