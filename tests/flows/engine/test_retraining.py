"""The retraining flow on tiny nets: a challenger that learnt takes the place, one that did not is refused; builds use the champion."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from assets import weights
from assets.errors import BackendError
from assets.store import LocalStore
from flows.cli.build import app
from flows.engine import retraining
from flows.engine.partial_build import run_partial_build
from flows.engine.retraining import get_challenger_folder, make_trial_state
from flows.pipeline.plan import plan_build
from flows.pipeline.request import BuildRequest, resolve_request
from stages.train.champions import ChampionTrial, challenge, read_history, table_of
from stages.train.stage import train_net
from tests.stages.train.tiny import tiny_set

runner = CliRunner()
SETTINGS = ["--set", "width=8", "--set", "widest=16", "--set", "latent=8", "--set", "batch=8", "--set", "average=0.5"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_set(tmp_path_factory.mktemp("sets") / "discs", "faces", 64, 32)


@pytest.fixture(scope="module")
def ladder(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Path:
    """A ladder with a reader of the discs and no champion."""
    from stages.train.loop.loop import Plan

    where = tmp_path_factory.mktemp("ladder")
    train_net("classifier", data, where, plan=Plan(steps=4, validate_every=2, log_every=1), changes={"width": 8, "batch": 8})
    return where


def retrain(ladder: Path, data: Path, steps: int, *more: str) -> dict[str, object]:
    asked = ["retrain", "dcgan", "--data", str(data), "--ladder", str(ladder), "--steps", str(steps), *SETTINGS, *more]
    told = runner.invoke(app, asked)
    assert told.exit_code == 0, told.output
    record: dict[str, object] = read_history(ladder)[-1]
    assert ("accepted" if record["accepted"] else "refused") in told.output
    return record


def test_challengers_meet_the_champion(ladder: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as nothing_committed:
        nothing_committed.setattr(weights, "WEIGHTS_FOLDER", tmp_path)
        first = retrain(ladder, data, 2)
    assert (first["accepted"], first["why"]) == (True, "there was no champion")
    champion = table_of(ladder)["face-dcgan"]["sha256"]

    hopeless = retrain(ladder, data, 1, "--anew", "--set", "generator_lr=5.0")
    assert not hopeless["accepted"]
    assert str(hopeless["why"]).startswith("worse: ")
    assert table_of(ladder)["face-dcgan"]["sha256"] == champion == hopeless["champion"]

    monkeypatch.setenv(weights.USER_FOLDER_VARIABLE, str(ladder))
    assert weights.read_sha256("face-dcgan") == champion
    assert weights.locate_weights("face-dcgan").parent == ladder
    assert weights.locate_weights("skin-unet").parent == weights.WEIGHTS_FOLDER
    listed = runner.invoke(app, ["champion", "ls", "--ladder", str(ladder)])
    assert listed.output.count("face-dcgan") == 2
    none = runner.invoke(app, ["champion", "rollback", "face-dcgan", "--ladder", str(ladder)])
    assert none.exit_code == 2
    assert "has replaced no champion" in none.output


@pytest.mark.parametrize(("accepted", "why", "name"), [(True, "no measure is worse", "Accepted"), (False, "worse: recall", "Refused")])
def test_prefects_list_of_runs_tells_which_challenger_was_refused(accepted: bool, why: str, name: str) -> None:
    """Both were `Completed`, one beside the other."""
    state = make_trial_state(ChampionTrial(2, "face-dcgan", accepted, why, "c0", "c1", "now"), "face-dcgan")
    assert state.name == name
    assert state.is_completed()
    assert state.message == f"challenger 2 of face-dcgan {name.lower()}: {why}"


@pytest.mark.parametrize(("kind", "sentence"), [("faces", "there is no face-classifier"), ("folder", "there is no folder-classifier")])
def test_without_a_reader_nothing_is_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, sentence: str) -> None:
    """The whole budget was trained before it was told that nothing could be measured."""
    monkeypatch.setattr(weights, "WEIGHTS_FOLDER", tmp_path)
    discs = tiny_set(tmp_path / "discs", kind, 64, 32)
    told = runner.invoke(app, ["retrain", "dcgan", "--data", str(discs), "--ladder", str(tmp_path / "ladder"), *SETTINGS])
    assert (told.exit_code, sentence in told.output) == (4, True), told.output
    assert not (tmp_path / "ladder").exists()


def test_pictures_that_the_reader_cannot_read_are_told_before_training(tmp_path: Path) -> None:
    discs = tiny_set(tmp_path / "discs", "folder", 64, 32)
    told = runner.invoke(app, ["retrain", "dcgan", "--data", str(discs), "--ladder", str(tmp_path / "ladder"), *SETTINGS])
    assert (told.exit_code, "the reader reads 64 px" in told.output) == (2, True), told.output
    assert not (tmp_path / "ladder").exists()


@pytest.mark.parametrize(("words", "sentence"), [
    (["classifier"], "face-classifier reads pictures and makes none"),
    (["dcgan", "--set", "nonsense=1"], "dcgan has no setting 'nonsense'"),
    (["dcgan", "--seed", "-1"], "greater than or equal to 0"),
])  # fmt: skip
def test_what_cannot_be_judged_or_trained_is_told_before_a_server_boots(
    words: list[str], sentence: str, tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A classifier was trained for the whole budget before it was told that it makes no samples."""
    monkeypatch.setattr("flows.engine.run_flow.run_training", lambda *_: pytest.fail("a server was booted"))
    told = runner.invoke(app, ["retrain", *words, "--data", str(data), "--ladder", str(tmp_path / "ladder")])
    assert (told.exit_code, sentence in told.output) == (2, True), told.output
    assert not (tmp_path / "ladder").exists()


def test_the_list_of_no_ladder_is_one_sentence(tmp_path: Path) -> None:
    told = runner.invoke(app, ["champion", "ls", "--ladder", str(tmp_path / "nowhere")])
    assert (told.exit_code, "no trial was made in" in told.output) == (2, True), told.output


def test_runs_that_were_scheduled_together_train_apart(tmp_path: Path) -> None:
    folders = {
        get_challenger_folder(tmp_path, run) for run in ("019ac3f2-7b1c-7e5a-9d00-000000000001", "019ac3f2-7b1c-7e5a-9d00-000000000002")
    }
    assert len(folders) == 2


def test_a_run_that_is_tried_again_keeps_its_seed_though_other_trials_have_ended(tmp_path: Path, data: Path) -> None:
    """With the number of trials as its seed it would be another run, which its own checkpoint refuses."""
    from stages.train.loop.loop import Plan

    plan = Plan(steps=1, validate_every=1, log_every=1, seed=3)
    train_net("dcgan", data, tmp_path, plan=plan, changes={"width": 8, "widest": 16, "latent": 8, "batch": 8})
    assert retraining._choose_seed(tmp_path / "run-face-dcgan", 7) == 3
    assert retraining._choose_seed(tmp_path / "run-face-vae", 7) == 7


def test_a_challenger_is_built_as_the_champion_is(tmp_path: Path, data: Path) -> None:
    from stages.nets.weights_io import load_net
    from stages.train.loop.loop import Plan

    small = Plan(steps=2, validate_every=2, log_every=1, size=16)
    train_net("classifier", data, tmp_path, plan=small, changes={"width": 8, "batch": 8})
    train_net("stylegan", data, tmp_path, plan=small, changes={"width": 8, "latent": 16, "batch": 8, "patch": 1})
    asked = ["retrain", "stylegan", "--data", str(data), "--ladder", str(tmp_path), "--steps", "2", "--set", "batch=8"]
    for more in ([], ["--anew"]):
        told = runner.invoke(app, [*asked, *more])
        assert told.exit_code == 0, told.output
    shapes = {load_net(file).shape for file in tmp_path.rglob("face-stylegan.safetensors")}
    assert len(read_history(tmp_path)) == 2
    assert [(shape.size, shape.width, shape.latent, shape.patch) for shape in shapes] == [(16, 8, 16, 1)]


def crowned(ladder: Path, skins: Path, seed: int) -> str:
    """The digest of a new champion of the skins, as good as the one before."""
    from stages.train.loop.loop import Plan

    made = ladder / "challengers" / str(seed)
    short = Plan(steps=2, validate_every=2, log_every=1, seed=seed)
    train_net("vae", skins, made, plan=short, changes={"width": 8, "latent": 8, "batch": 8})
    trial = challenge(ladder, "skin-vae", made, {"FID": 2.0} if seed else None, {"FID": 2.0})
    assert trial.accepted
    return trial.challenger


def test_a_builds_identity_follows_the_champion_and_a_rollback_brings_the_old_one_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    skins, ladder = tiny_set(tmp_path / "skins", "skins"), tmp_path / "ladder"
    (tmp_path / "a.yaml").write_text("{name: A, identity: {backend: vae}}")
    build = BuildRequest(str(tmp_path / "a.yaml"), store=tmp_path / "store")
    monkeypatch.setenv(weights.USER_FOLDER_VARIABLE, str(ladder))

    digests = [crowned(ladder, skins, 0)]
    first = run_partial_build(build, "identity").outcome
    digests.append(crowned(ladder, skins, 1))
    assert plan_build(resolve_request(build)[0], explain=True)[0].why == "changed: weights skin-vae.safetensors"
    second = run_partial_build(build, "identity").outcome
    assert [first.cached, second.cached] == [False, False]
    records = dict(LocalStore(tmp_path / "store").list_records())
    assert [records[made.key]["weights"] for made in (first, second)] == [{"skin-vae.safetensors": digest} for digest in digests]

    told = runner.invoke(app, ["champion", "rollback", "skin-vae", "--ladder", str(ladder)])
    assert told.exit_code == 0, told.output
    again = run_partial_build(build, "identity").outcome
    assert (again.key, again.ref, again.cached) == (first.key, first.ref, True)


def test_a_broken_folder_of_yours_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "weights.json").write_text("[")
    monkeypatch.setenv(weights.USER_FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(BackendError, match=r"weights\.json is not JSON.*unset FENSHEN_WEIGHTS"):
        weights.read_sha256("skin-unet")
    (tmp_path / "weights.json").write_text('{"skin-unet": {}}')
    with pytest.raises(BackendError, match=r"the entry skin-unet of .*weights\.json has no file and sha256; restore the file, or unset"):
        weights.read_sha256("skin-unet")
    (tmp_path / "weights.json").write_text("[1]")
    with pytest.raises(BackendError, match=r"weights\.json has no file and sha256"):
        weights.read_sha256("skin-unet")
    monkeypatch.setenv(weights.USER_FOLDER_VARIABLE, str(tmp_path / "gone"))
    with pytest.raises(BackendError, match=r"FENSHEN_WEIGHTS is .*gone, which is not a folder; correct or unset"):
        weights.read_sha256("skin-unet")
    assert json.loads((weights.WEIGHTS_FOLDER / "weights.json").read_text())
