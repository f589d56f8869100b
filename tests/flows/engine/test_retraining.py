"""The retraining flow on tiny nets: a better challenger becomes champion, a worse one is refused, builds use the champion."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from assets import weights
from assets.errors import BackendError
from assets.store import LocalStore
from assets.weights import read_weights_index
from flows.cli.app import app
from flows.engine import retraining
from flows.engine.partial_build import run_partial_build
from flows.engine.retraining import get_challenger_folder, make_trial_state
from flows.pipeline.plan import plan_build
from flows.pipeline.request import BuildRequest, resolve_request
from stages.nets.weights_io import load_net
from stages.train.champions import ChampionTrial, challenge, read_history
from stages.train.loop.loop import Plan
from stages.train.stage import train_net
from tests.stages.train.tiny import write_tiny_set

pytestmark = pytest.mark.slow

SETTINGS = ["--set", "width=8", "--set", "widest=16", "--set", "latent=8", "--set", "batch=8", "--set", "average=0.5"]
SMALL = {"width": 8, "widest": 16, "latent": 8, "batch": 8}


def invoke(*words: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == code, result.output
    return result


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_set(tmp_path_factory.mktemp("sets") / "discs", "faces", 64, 32)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Path:
    """A registry with a classifier of the discs and no champion."""
    folder = tmp_path_factory.mktemp("registry")
    train_net("classifier", data, folder, plan=Plan(steps=4, validate_every=2, log_every=1), changes={"width": 8, "batch": 8})
    return folder


def retrain(registry: Path, data: Path, steps: int, *more: str) -> dict[str, object]:
    """The record of a trial."""
    result = invoke("retrain", "dcgan", "--data", str(data), "--registry", str(registry), "--steps", str(steps), *SETTINGS, *more)
    record: dict[str, object] = read_history(registry)[-1]
    assert result.stdout.splitlines()[-1] == f"{'accepted' if record['accepted'] else 'refused'}: {record['why']}"
    return record


def test_a_worse_challenger_is_refused_and_builds_use_the_champion(
    registry: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as nothing_committed:
        nothing_committed.setattr(weights, "WEIGHTS_FOLDER", tmp_path)
        first = retrain(registry, data, 2)
    assert (first["accepted"], first["why"]) == (True, "there was no champion")
    champion = read_weights_index(registry)["face-dcgan"]["sha256"]

    hopeless = retrain(registry, data, 1, "--from-scratch", "--set", "generator_lr=5.0")
    assert not hopeless["accepted"]
    assert str(hopeless["why"]).startswith("worse: ")
    assert read_weights_index(registry)["face-dcgan"]["sha256"] == champion == hopeless["champion"]

    monkeypatch.setenv(weights.USER_FOLDER_VARIABLE, str(registry))
    assert weights.read_sha256("face-dcgan") == champion
    assert weights.locate_weights("face-dcgan").parent == registry
    assert weights.locate_weights("skin-unet").parent == weights.WEIGHTS_FOLDER
    listed = invoke("champion", "ls", "--registry", str(registry))
    assert listed.output.count("face-dcgan") == 2
    refused = invoke("champion", "rollback", "face-dcgan", "--registry", str(registry), code=2)
    assert refused.stderr == (
        f"error[champion/first] {registry} has no earlier champion of face-dcgan; list the trials with `fenshen champion ls`\n"
    )


@pytest.mark.parametrize(("accepted", "why", "name"), [(True, "no measure is worse", "Accepted"), (False, "worse: recall", "Refused")])
def test_prefects_list_of_runs_shows_which_challenger_was_refused(accepted: bool, why: str, name: str) -> None:
    """Accepted and refused runs were both `Completed`."""
    state = make_trial_state(ChampionTrial(2, "face-dcgan", accepted, why, "c0", "c1", "now"), "face-dcgan")
    assert state.name == name
    assert state.is_completed()
    assert state.message == f"challenger 2 of face-dcgan {name.lower()}: {why}"


@pytest.mark.parametrize(("kind", "title"), [("faces", "face"), ("folder", "folder")])
def test_nothing_is_trained_without_a_classifier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, title: str) -> None:
    """The whole budget was spent before the error that nothing could be measured."""
    monkeypatch.setattr(weights, "WEIGHTS_FOLDER", tmp_path)
    discs, registry = write_tiny_set(tmp_path / "discs", kind, 64, 32), tmp_path / "registry"
    result = invoke("retrain", "dcgan", "--data", str(discs), "--registry", str(registry), *SETTINGS, code=4)
    assert result.stderr == (
        f"error[evaluate/reader] measuring {title}-dcgan needs {title}-classifier, and there are no such weights; "
        "train them with `fenshen train classifier` into the folder of the weights\n"
    )
    assert not registry.exists()


def test_images_that_the_classifier_does_not_take_are_refused_before_training(tmp_path: Path) -> None:
    discs, registry = write_tiny_set(tmp_path / "discs", "folder", 64, 32), tmp_path / "registry"
    result = invoke("retrain", "dcgan", "--data", str(discs), "--registry", str(registry), *SETTINGS, code=2)
    assert result.stderr == (
        "error[evaluate/reader] the classifier takes images of shape (64, 64, 3), not (32, 32, 3); "
        "train a classifier on this data set with `fenshen train classifier`\n"
    )
    assert not registry.exists()


@pytest.mark.parametrize(("words", "sentence"), [
    (["classifier"], "error[evaluate/reader] face-classifier is a classifier and generates nothing; give the weights of a generator"),
    (["classifier", "--set", "nonsense=1"], "error[train/setting] classifier has no setting 'nonsense'; "
     "the settings are average, batch, drop, features, lr, noise, weight_decay, width"),
])  # fmt: skip
def test_what_cannot_be_measured_or_trained_is_refused_before_a_server_boots(
    words: list[str], sentence: str, tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A classifier was trained for the whole budget before the error that it generates no samples."""
    monkeypatch.setattr("flows.engine.run_flow.run_training", lambda *_: pytest.fail("a server was booted"))
    result = invoke("retrain", *words, "--data", str(data), "--registry", str(tmp_path / "registry"), code=2)
    assert result.stderr == f"{sentence}\n"
    assert not (tmp_path / "registry").exists()


def test_a_registry_without_trials_is_one_sentence(tmp_path: Path) -> None:
    result = invoke("champion", "ls", "--registry", str(tmp_path / "nowhere"), code=2)
    assert result.stderr == (
        f"error[champion/none] there are no trials in {tmp_path}/nowhere; make one with `fenshen retrain`, or correct --registry\n"
    )


def test_runs_that_were_scheduled_together_train_in_different_folders(tmp_path: Path) -> None:
    runs = ("019ac3f2-7b1c-7e5a-9d00-000000000001", "019ac3f2-7b1c-7e5a-9d00-000000000002")
    assert len({get_challenger_folder(tmp_path, run) for run in runs}) == 2


def test_a_retried_run_keeps_its_seed_though_other_trials_have_ended(tmp_path: Path, data: Path) -> None:
    """With the number of trials as its seed it would be another run, which its own checkpoint refuses."""
    train_net("dcgan", data, tmp_path, plan=Plan(steps=1, validate_every=1, log_every=1, seed=3), changes=SMALL)
    assert retraining._choose_seed(tmp_path / "run-face-dcgan", 7) == 3
    assert retraining._choose_seed(tmp_path / "run-face-vae", 7) == 7


def test_a_challenger_has_the_champions_shape(tmp_path: Path, data: Path) -> None:
    small = Plan(steps=2, validate_every=2, log_every=1, size=16)
    train_net("classifier", data, tmp_path, plan=small, changes={"width": 8, "batch": 8})
    train_net("stylegan", data, tmp_path, plan=small, changes={"width": 8, "latent": 16, "batch": 8, "patch": 1})
    for more in ([], ["--from-scratch"]):
        invoke("retrain", "stylegan", "--data", str(data), "--registry", str(tmp_path), "--steps", "2", "--set", "batch=8", *more)
    shapes = {load_net(file).shape for file in tmp_path.rglob("face-stylegan.safetensors")}
    assert len(read_history(tmp_path)) == 2
    assert [(shape.size, shape.width, shape.latent, shape.patch) for shape in shapes] == [(16, 8, 16, 1)]


def install_champion(registry: Path, skins: Path, seed: int) -> str:
    """The digest of a new champion of the skins, which is as good as the one before."""
    trained, plan = registry / "challengers" / str(seed), Plan(steps=2, validate_every=2, log_every=1, seed=seed)
    train_net("vae", skins, trained, plan=plan, changes={"width": 8, "latent": 8, "batch": 8})
    trial = challenge(registry, "skin-vae", trained, {"FID": 2.0} if seed else None, {"FID": 2.0})
    assert trial.accepted
    return trial.challenger


def test_a_builds_identity_follows_the_champion_and_a_rollback_restores_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    skins, registry = write_tiny_set(tmp_path / "skins", "skins"), tmp_path / "registry"
    (tmp_path / "a.yaml").write_text("{name: A, identity: {backend: vae}}")
    build = BuildRequest(str(tmp_path / "a.yaml"), store=tmp_path / "store")
    monkeypatch.setenv(weights.USER_FOLDER_VARIABLE, str(registry))

    digests = [install_champion(registry, skins, 0)]
    first = run_partial_build(build, "identity").outcome
    digests.append(install_champion(registry, skins, 1))
    assert plan_build(resolve_request(build)[0], explain=True)[0].why == "changed: weights skin-vae.safetensors"
    second = run_partial_build(build, "identity").outcome
    assert [first.cached, second.cached] == [False, False]
    records = dict(LocalStore(tmp_path / "store").list_records())
    assert [records[outcome.key]["weights"] for outcome in (first, second)] == [{"skin-vae.safetensors": digest} for digest in digests]

    rolled_back = invoke("champion", "rollback", "skin-vae", "--registry", str(registry))
    assert rolled_back.stdout == "skin-vae: rolled back to the champion before trial 1\n"
    again = run_partial_build(build, "identity").outcome
    assert (again.key, again.ref, again.cached) == (first.key, first.ref, True)


def test_a_broken_folder_of_weights_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
    with pytest.raises(BackendError, match=r"FENSHEN_WEIGHTS is .*gone, which is not a folder; correct or unset") as caught:
        weights.read_sha256("skin-unet")
    assert caught.value.findings[0].code == "weights/folder"
    assert json.loads((weights.WEIGHTS_FOLDER / "weights.json").read_text())
