"""Whose run a checkpoint is, and on what terms its nets have learnt: no other run goes on in its place, no licence is lost."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assets.errors import FormatError, SpecError
from stages.train.families.adversarial import AdversarialFamily
from stages.train.files import BEST_CHECKPOINT, LAST_CHECKPOINT, read_header
from stages.train.loop import checkpoint
from stages.train.loop.lineage import UNKNOWN_DATA, Origin, deduplicate_origins, read_origins
from stages.train.loop.loop import Plan
from stages.train.stage import train_net
from tests.stages.train.tiny import tiny_set

PLAN = Plan(steps=2, validate_every=2, log_every=1, seed=1)
SMALL: dict[str, Any] = {"width": 8, "widest": 16, "latent": 8, "batch": 4}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures that may not be sold, of people who agreed."""
    return tiny_set(tmp_path_factory.mktemp("own") / "own1", "folder", name="own1", licence="CC-BY-NC-4.0")


@pytest.fixture(scope="module")
def free(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_set(tmp_path_factory.mktemp("free") / "own2", "folder", name="own2", seed=5)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory, own: Path) -> Path:
    """The folder of a run on `own`."""
    return train_net("dcgan", own, tmp_path_factory.mktemp("begun"), plan=PLAN, changes=SMALL).parent


def entry(file: Path) -> dict[str, Any]:
    return dict(json.loads((file.parent / "weights.json").read_text(encoding="utf-8"))[file.stem])


def without_lineage(file: Path) -> None:
    """The checkpoint as it was written before there were lineages."""
    from safetensors.torch import save

    tensors, told = checkpoint.read_checkpoint(file)
    file.write_bytes(save(tensors, metadata={"fenshen": json.dumps({k: v for k, v in told.items() if k != "lineage"})}))


@pytest.mark.parametrize("start", ["folder-dcgan.safetensors", f"run-folder-dcgan/{BEST_CHECKPOINT}"])
def test_who_starts_at_weights_takes_their_licence_and_consent(start: str, begun: Path, free: Path, tmp_path: Path) -> None:
    """They were published as CC0 by the new data's word alone."""
    file = train_net("dcgan", free, tmp_path, plan=PLAN, changes=SMALL, start=begun / start)
    told = entry(file)
    assert (told["licence"], told["data"]) == ("CC-BY-NC-4.0", "own1, own2")
    assert [record["person"] for record in json.loads(told["consent"])] == ["nobody of own1", "nobody of own2"]
    assert read_origins(file) == read_origins(tmp_path / "run-folder-dcgan" / LAST_CHECKPOINT)
    assert [(origin.data, origin.licence) for origin in read_origins(file)] == [("own1", "CC-BY-NC-4.0"), ("own2", "CC0-1.0")]
    card = file.with_suffix(".md").read_text(encoding="utf-8")
    assert "| licence | CC-BY-NC-4.0 (weights), Apache-2.0 (code) |" in card
    assert "| data | own2, made by `made by a test`" in card
    assert "| learnt before | own1 (CC-BY-NC-4.0) |" in card
    assert "| consent | person: nobody of own1, given: 2026-01-01; person: nobody of own2, given: 2026-01-01 |" in card


def test_a_resumed_run_says_the_same(begun: Path, free: Path, tmp_path: Path) -> None:
    start = begun / "folder-dcgan.safetensors"
    first = entry(train_net("dcgan", free, tmp_path, plan=PLAN, changes=SMALL, start=start))
    again = entry(train_net("dcgan", free, tmp_path, plan=replace(PLAN, steps=4), changes=SMALL, start=start))
    terms = ("licence", "data", "consent", "origins")
    assert [first[name] for name in terms] == [again[name] for name in terms]


def test_what_began_at_its_own_data_says_it_once(begun: Path, own: Path, tmp_path: Path) -> None:
    told = entry(train_net("dcgan", own, tmp_path, plan=PLAN, changes=SMALL, start=begun / "folder-dcgan.safetensors"))
    assert (told["data"], "origins" in told, json.loads(told["consent"])["person"]) == ("own1", False, "nobody of own1")


def test_an_older_checkpoints_terms_are_those_beside_it_and_unknown_without_them(begun: Path, tmp_path: Path) -> None:
    shutil.copytree(begun, tmp_path / "out")
    old = tmp_path / "out" / "run-folder-dcgan" / LAST_CHECKPOINT
    without_lineage(old)
    assert [(origin.data, origin.licence) for origin in read_origins(old)] == [("own1", "CC-BY-NC-4.0")]
    beside = shutil.copyfile(old, tmp_path / "out" / "folder-dcgan-nets.safetensors")
    assert read_origins(beside) == read_origins(old)
    (tmp_path / "out" / "weights.json").unlink()
    assert read_origins(old) == (Origin(UNKNOWN_DATA, "unknown"),)


def test_a_data_set_counts_once_and_the_runs_own_comes_last() -> None:
    a, b = Origin("a", "MIT"), Origin("b", "MIT")
    assert deduplicate_origins([a, b, a]) == (b, a)


@pytest.mark.parametrize(("changes", "plan", "said"), [
    ({"loss": "hinge"}, {}, "loss bce, not hinge"),
    ({"generator_lr": 0.5, "frozen": ("critic/out",)}, {}, 'frozen [], not ["critic/out"]; generator_lr 0.0002, not 0.5'),
    ({"width": 4}, {}, "width 8, not 4"),
    ({}, {"seed": 2}, "seed 1, not 2"),
    ({}, {"size": 8}, "size 16, not 8"),
])  # fmt: skip
def test_a_run_does_not_go_on_as_another_one(
    changes: dict[str, Any], plan: dict[str, Any], said: str, begun: Path, own: Path, tmp_path: Path
) -> None:
    """A changed rate was ignored, a changed loss went on with the nets of the other."""
    shutil.copytree(begun, tmp_path / "out")
    with pytest.raises(FormatError) as caught:
        train_net("dcgan", own, tmp_path / "out", plan=replace(PLAN, **plan), changes={**SMALL, **changes})
    (finding,) = caught.value.findings
    file = tmp_path / "out" / "run-folder-dcgan" / LAST_CHECKPOINT
    assert (finding.message, finding.fix) == (f"{file} belongs to another run: {said}", "give another --out or --resume never")


def test_nor_on_other_data_or_from_another_start(begun: Path, free: Path, tmp_path: Path) -> None:
    shutil.copytree(begun, tmp_path / "out")
    said = r"loss bce, not hinge; data own1, not own2; start none, not folder-dcgan\.safetensors; give another"
    changes = {**SMALL, "loss": "hinge"}
    with pytest.raises(FormatError, match=said):
        train_net("dcgan", free, tmp_path / "out", plan=PLAN, changes=changes, start=begun / "folder-dcgan.safetensors")
    grown = tiny_set(tmp_path / "own1", "folder", name="own1", licence="CC-BY-NC-4.0", count=24)
    with pytest.raises(FormatError, match=r"data own1 \(\w{12}\), not own1 \(\w{12}\)"):
        train_net("dcgan", grown, tmp_path / "out", plan=PLAN, changes=SMALL)
    anew = train_net("dcgan", free, tmp_path / "out", plan=PLAN, changes=changes, going_on="never")
    assert (entry(anew)["data"], entry(anew)["licence"]) == ("own2", "CC0-1.0")


def test_a_run_that_was_never_measured_does_not_publish_the_best_of_the_one_before(
    begun: Path, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(begun, tmp_path / "out")
    monkeypatch.setattr(AdversarialFamily, "validate", lambda *_: float("inf"))
    anew = train_net("dcgan", own, tmp_path / "out", plan=replace(PLAN, seed=2), changes=SMALL, going_on="never")
    assert anew.read_bytes() != (begun / anew.name).read_bytes()


def test_more_steps_and_a_longer_budget_are_the_same_run(begun: Path, own: Path, tmp_path: Path) -> None:
    shutil.copytree(begun, tmp_path / "out")
    longer = replace(PLAN, steps=4, budget_s=7200, validate_every=4, size=16)
    train_net("dcgan", own, tmp_path / "out", plan=longer, changes=SMALL)
    assert read_header(tmp_path / "out" / "run-folder-dcgan" / LAST_CHECKPOINT)["step"] == 4


def test_a_checkpoint_that_knows_no_lineage_goes_on_and_has_one_then(begun: Path, own: Path, tmp_path: Path) -> None:
    shutil.copytree(begun, tmp_path / "out")
    file = tmp_path / "out" / "run-folder-dcgan" / LAST_CHECKPOINT
    without_lineage(file)
    train_net("dcgan", own, tmp_path / "out", plan=replace(PLAN, steps=4), changes=SMALL)
    assert (read_header(file)["step"], read_header(file)["lineage"]["data"]) == (4, "own1")


def test_a_start_that_is_not_there_is_one_sentence(own: Path, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="there is no file gone"):
        train_net("dcgan", own, tmp_path, plan=PLAN, changes=SMALL, start=Path("gone"))
