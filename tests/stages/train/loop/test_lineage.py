"""Lineage: no run resumes from another run's checkpoint, and the terms of all data that nets have seen are kept."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assets.digest import sha256_json
from assets.errors import FormatError, SpecError
from stages.train.families.adversarial import AdversarialFamily
from stages.train.files import BEST_CHECKPOINT, LAST_CHECKPOINT, read_header
from stages.train.loop import checkpoint
from stages.train.loop.lineage import UNKNOWN_DATA, Origin, deduplicate_origins, read_origins
from stages.train.loop.loop import Plan
from stages.train.stage import train_net
from tests.stages.train.tiny import write_tiny_set

pytestmark = pytest.mark.slow

PLAN = Plan(steps=2, validate_every=2, log_every=1, seed=1)
SMALL: dict[str, Any] = {"width": 8, "widest": 16, "latent": 8, "batch": 4}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images that may not be sold, of a person who has consented."""
    return write_tiny_set(tmp_path_factory.mktemp("own") / "own1", "folder", name="own1", licence="CC-BY-NC-4.0")


@pytest.fixture(scope="module")
def free(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_set(tmp_path_factory.mktemp("free") / "own2", "folder", name="own2", seed=5)


@pytest.fixture(scope="module")
def first_out(tmp_path_factory: pytest.TempPathFactory, own: Path) -> Path:
    """The output folder of a run on `own`."""
    return train_net("dcgan", own, tmp_path_factory.mktemp("first"), plan=PLAN, changes=SMALL).parent


def read_entry(file: Path) -> dict[str, Any]:
    return dict(json.loads((file.parent / "weights.json").read_text(encoding="utf-8"))[file.stem])


def remove_lineage(file: Path) -> None:
    """Rewrites the checkpoint as an earlier version did, which stored no lineages."""
    from safetensors.torch import save

    tensors, header = checkpoint.read_checkpoint(file)
    file.write_bytes(save(tensors, metadata={"fenshen": json.dumps({k: v for k, v in header.items() if k != "lineage"})}))


@pytest.mark.parametrize("start", ["folder-dcgan.safetensors", f"run-folder-dcgan/{BEST_CHECKPOINT}"])
def test_a_run_inherits_the_licence_and_consent_of_its_start(start: str, first_out: Path, free: Path, tmp_path: Path) -> None:
    """Such weights were published as CC0, the licence of the new data alone."""
    file = train_net("dcgan", free, tmp_path, plan=PLAN, changes=SMALL, start=first_out / start)
    entry = read_entry(file)
    assert (entry["licence"], entry["data"]) == ("CC-BY-NC-4.0", "own1, own2")
    assert [record["person"] for record in json.loads(entry["consent"])] == ["nobody of own1", "nobody of own2"]
    assert read_origins(file) == read_origins(tmp_path / "run-folder-dcgan" / LAST_CHECKPOINT)
    assert [(origin.data, origin.licence) for origin in read_origins(file)] == [("own1", "CC-BY-NC-4.0"), ("own2", "CC0-1.0")]
    card = file.with_suffix(".md").read_text(encoding="utf-8")
    assert "| licence | CC-BY-NC-4.0 (weights), Apache-2.0 (code) |" in card
    assert "| data | own2, made by `made by a test`: 40 training examples |" in card
    assert "| pretrained on | own1 (CC-BY-NC-4.0) |" in card
    assert "| consent | person: nobody of own1, given: 2026-01-01; person: nobody of own2, given: 2026-01-01 |" in card


def test_a_resumed_run_publishes_the_same_terms(first_out: Path, free: Path, tmp_path: Path) -> None:
    start = first_out / "folder-dcgan.safetensors"
    first = read_entry(train_net("dcgan", free, tmp_path, plan=PLAN, changes=SMALL, start=start))
    again = read_entry(train_net("dcgan", free, tmp_path, plan=replace(PLAN, steps=4), changes=SMALL, start=start))
    terms = ("licence", "data", "consent", "origins")
    assert [first[name] for name in terms] == [again[name] for name in terms]


def test_fine_tuning_on_the_same_data_names_it_once(first_out: Path, own: Path, tmp_path: Path) -> None:
    entry = read_entry(train_net("dcgan", own, tmp_path, plan=PLAN, changes=SMALL, start=first_out / "folder-dcgan.safetensors"))
    assert (entry["data"], "origins" in entry, json.loads(entry["consent"])["person"]) == ("own1", False, "nobody of own1")


def test_terms_of_an_older_checkpoint_come_from_its_weights_and_are_unknown_without_them(first_out: Path, tmp_path: Path) -> None:
    shutil.copytree(first_out, tmp_path / "out")
    old = tmp_path / "out" / "run-folder-dcgan" / LAST_CHECKPOINT
    remove_lineage(old)
    assert [(origin.data, origin.licence) for origin in read_origins(old)] == [("own1", "CC-BY-NC-4.0")]
    champion_nets = shutil.copyfile(old, tmp_path / "out" / "folder-dcgan-nets.safetensors")
    assert read_origins(champion_nets) == read_origins(old)
    (tmp_path / "out" / "weights.json").unlink()
    assert read_origins(old) == (Origin(UNKNOWN_DATA, "unknown"),)


def test_a_data_set_counts_once_and_the_runs_own_comes_last() -> None:
    a, b = Origin("a", "MIT"), Origin("b", "MIT")
    assert deduplicate_origins([a, b, a]) == (b, a)


@pytest.mark.parametrize(("changes", "plan", "differences"), [
    ({"loss": "hinge"}, {}, "loss bce, not hinge"),
    ({"generator_lr": 0.5, "frozen": ("critic/out",)}, {}, 'frozen [], not ["critic/out"]; generator_lr 0.0002, not 0.5'),
    ({"width": 4}, {}, "width 8, not 4"),
    ({}, {"seed": 2}, "seed 1, not 2"),
    ({}, {"size": 8}, "size 16, not 8"),
])  # fmt: skip
def test_a_run_with_other_settings_does_not_resume(
    changes: dict[str, Any], plan: dict[str, Any], differences: str, first_out: Path, own: Path, tmp_path: Path
) -> None:
    """A changed rate was ignored, and a changed loss continued with the nets of the other."""
    shutil.copytree(first_out, tmp_path / "out")
    with pytest.raises(FormatError) as caught:
        train_net("dcgan", own, tmp_path / "out", plan=replace(PLAN, **plan), changes={**SMALL, **changes})
    file = tmp_path / "out" / "run-folder-dcgan" / LAST_CHECKPOINT
    assert str(caught.value) == (
        f"error[train/other-run] {file} belongs to another run: {differences}; choose another --out, or --resume never to start over"
    )


def test_a_run_on_other_data_or_from_another_start_does_not_resume(first_out: Path, free: Path, tmp_path: Path) -> None:
    shutil.copytree(first_out, tmp_path / "out")
    file = tmp_path / "out" / "run-folder-dcgan" / LAST_CHECKPOINT
    changes = {**SMALL, "loss": "hinge"}
    with pytest.raises(FormatError) as caught:
        train_net("dcgan", free, tmp_path / "out", plan=PLAN, changes=changes, start=first_out / "folder-dcgan.safetensors")
    assert caught.value.findings[0].message == (
        f"{file} belongs to another run: loss bce, not hinge; data own1, not own2; start none, not folder-dcgan.safetensors"
    )
    new = train_net("dcgan", free, tmp_path / "out", plan=PLAN, changes=changes, resume="never")
    assert (read_entry(new)["data"], read_entry(new)["licence"]) == ("own2", "CC0-1.0")


def test_data_sets_of_one_name_differ_by_their_digests(first_out: Path, own: Path, tmp_path: Path) -> None:
    shutil.copytree(first_out, tmp_path / "out")
    larger = write_tiny_set(tmp_path / "own1", "folder", name="own1", licence="CC-BY-NC-4.0", count=24)
    with pytest.raises(FormatError) as caught:
        train_net("dcgan", larger, tmp_path / "out", plan=PLAN, changes=SMALL)
    file = tmp_path / "out" / "run-folder-dcgan" / LAST_CHECKPOINT
    before, now = (
        sha256_json([row["sha256"] for row in json.loads((data / "dataset.json").read_text())["shards"]])[:12] for data in (own, larger)
    )
    assert caught.value.findings[0].message == f"{file} belongs to another run: data own1 ({before}), not own1 ({now})"


def test_a_run_without_a_validation_does_not_publish_the_best_weights_of_an_earlier_run(
    first_out: Path, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(first_out, tmp_path / "out")
    monkeypatch.setattr(AdversarialFamily, "validate", lambda *_: float("inf"))
    new = train_net("dcgan", own, tmp_path / "out", plan=replace(PLAN, seed=2), changes=SMALL, resume="never")
    assert new.read_bytes() != (first_out / new.name).read_bytes()


def test_more_steps_and_a_longer_budget_resume_the_same_run(first_out: Path, own: Path, tmp_path: Path) -> None:
    shutil.copytree(first_out, tmp_path / "out")
    longer = replace(PLAN, steps=4, budget_s=7200, validate_every=4, size=16)
    train_net("dcgan", own, tmp_path / "out", plan=longer, changes=SMALL)
    assert read_header(tmp_path / "out" / "run-folder-dcgan" / LAST_CHECKPOINT)["step"] == 4


def test_a_checkpoint_without_lineage_is_resumed_and_gets_one(first_out: Path, own: Path, tmp_path: Path) -> None:
    shutil.copytree(first_out, tmp_path / "out")
    file = tmp_path / "out" / "run-folder-dcgan" / LAST_CHECKPOINT
    remove_lineage(file)
    train_net("dcgan", own, tmp_path / "out", plan=replace(PLAN, steps=4), changes=SMALL)
    assert (read_header(file)["step"], read_header(file)["lineage"]["data"]) == (4, "own1")


def test_a_missing_start_is_one_sentence(own: Path, tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        train_net("dcgan", own, tmp_path, plan=PLAN, changes=SMALL, start=Path("gone"))
    assert str(caught.value) == "error[train/start] there is no file gone; give weights or a checkpoint as --start"
