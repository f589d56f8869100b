"""From a data set to a weights file: what training writes, what it resumes from, what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from safetensors import safe_open

from assets.digest import sha256
from assets.errors import SpecError, StoreError
from assets.paths import get_baked_path
from stages.datasets.folder import FolderRequest
from stages.datasets.make import DatasetRequest, make_dataset, make_folder_dataset
from stages.datasets.splits import ImageSplit
from stages.nets import augment
from stages.nets.weights_io import load_net
from stages.train.families.registry import FAMILIES, make_family
from stages.train.files import BOARD_FOLDER, CURVES_SUFFIX, get_run_folder
from stages.train.loop.device import Device
from stages.train.loop.examples import check_conditions, make_examples, read_examples
from stages.train.loop.loop import Plan, TrainingProgress, begin_run, train
from stages.train.stage import apply_settings, train_net
from tests.stages.train.tiny import COLUMNS, draw_discs, make_tiny_gan, write_tiny_set

pytestmark = pytest.mark.slow

SMALL: dict[str, dict[str, Any]] = {
    "dcgan": {"width": 8, "widest": 16, "latent": 8},
    "stylegan": {"width": 8, "widest": 16, "latent": 8, "styles": 12, "grow": (2,)},
    "vae": {"width": 8, "widest": 16, "latent": 8},
}
PLAN = Plan(steps=6, validate_every=3, log_every=1, seed=1)


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_set(tmp_path_factory.mktemp("faces"))


@pytest.fixture(scope="module")
def skins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_set(tmp_path_factory.mktemp("skins"), "skins")


def read_entry(file: Path) -> dict[str, Any]:
    return dict(json.loads((file.parent / "weights.json").read_text(encoding="utf-8"))[file.stem])


@pytest.mark.parametrize("name", sorted(SMALL))
def test_training_writes_loadable_weights_a_card_a_sheet_curves_and_scalars(name: str, skins: Path, tmp_path: Path) -> None:
    reports: list[TrainingProgress] = []
    file = train_net(name, skins, tmp_path, plan=PLAN, changes={**SMALL[name], "batch": 8}, on_progress=reports.append)
    assert file.name == f"skin-{name}.safetensors"
    entry = read_entry(file)
    net = load_net(file, entry["sha256"])
    assert net.sample(np.full((2, 3), 0.5, np.float32), 0).shape == (2, 16, 16, 6)
    assert entry["licence"] == "CC0-1.0"
    card = file.with_suffix(".md").read_text(encoding="utf-8")
    assert entry["sha256"] in card
    assert "generated to test" in card
    assert cv2.imread(str(file.with_suffix(".png"))) is not None
    assert cv2.imread(str(tmp_path / f"{file.stem}{CURVES_SUFFIX}")) is not None
    assert list((get_run_folder(tmp_path, file.stem) / BOARD_FOLDER).glob("events*"))
    assert any(report.samples is not None for report in reports)
    assert all(report.eta_s >= 0 for report in reports)


def test_the_same_command_resumes_and_gives_the_result_of_one_call(faces: Path, tmp_path: Path) -> None:
    whole = train_net("dcgan", faces, tmp_path / "whole", plan=PLAN, changes=SMALL["dcgan"])
    train_net("dcgan", faces, tmp_path / "parts", plan=replace(PLAN, steps=3), changes=SMALL["dcgan"])
    parts = train_net("dcgan", faces, tmp_path / "parts", plan=PLAN, changes=SMALL["dcgan"])
    assert sha256(whole.read_bytes()) == sha256(parts.read_bytes())
    new = train_net("dcgan", faces, tmp_path / "parts", plan=replace(PLAN, seed=2), changes=SMALL["dcgan"], resume="never")
    assert sha256(new.read_bytes()) != sha256(whole.read_bytes())


def test_the_command_of_the_weights_repeats_every_option(faces: Path, tmp_path: Path) -> None:
    changes = {**SMALL["dcgan"], "frozen": ("critic/out",)}
    file = train_net("dcgan", faces, tmp_path, plan=replace(PLAN, size=8, budget_s=90, precision="float32"), changes=changes)
    assert load_net(file).sample(np.full((2, 3), 0.5, np.float32), 0).shape == (2, 8, 8, 3)
    assert read_entry(file)["command"] == (
        f"fenshen train dcgan --data {faces.name} --budget 1.5m --seed 1 --steps 6 --size 8 --precision float32 "
        '--set width=8 --set widest=16 --set latent=8 --set frozen=["critic/out"]'
    )


@pytest.mark.parametrize("name", [name for name, make in FAMILIES.items() if make().net == "dcgan" and name != "textgan"])
def test_a_dcgan_trains_with_every_adversarial_loss(name: str, faces: Path, tmp_path: Path) -> None:
    file = train_net(name, faces, tmp_path, plan=replace(PLAN, steps=3), changes={**SMALL["dcgan"], "batch": 4})
    assert load_net(file).net == "dcgan"


def test_the_datas_consent_record_is_stored_in_the_weights(tmp_path: Path) -> None:
    folder = write_tiny_set(tmp_path / "mine", "folder", count=12)
    file = train_net("vae", folder, tmp_path, plan=replace(PLAN, steps=2), changes=SMALL["vae"])
    with safe_open(str(file), framework="pt") as opened:
        assert json.loads(json.loads(opened.metadata()["fenshen"])["consent"])["person"] == "nobody"


def test_samples_are_the_averaged_generators_without_augmentation(skins: Path, tmp_path: Path) -> None:
    # The critic sees strongly augmented images at p = 1; the run's samples are those of the weights file, value for value.
    changes = {**SMALL["stylegan"], "augment": "skins", "adaptive": False, "p": 1.0, "grow": ()}
    reports: list[TrainingProgress] = []
    file = train_net("stylegan", skins, tmp_path, plan=replace(PLAN, steps=3), changes=changes, on_progress=reports.append)
    (samples,) = [report.samples for report in reports if report.samples is not None]
    conditions = read_examples(skins, "validation", COLUMNS).conditions
    assert np.array_equal(samples, load_net(file).sample(conditions[:32], PLAN.seed))


def test_augmentation_does_not_leak_into_samples(tmp_path: Path) -> None:
    # Grey images under strong brightness changes at p = 0.5: a leak would spread the samples' brightness like the augmented images'.
    grey = ImageSplit(np.full((64, 16, 16, 3), 128, np.uint8), np.full((64, 3), 0.5, np.float32), COLUMNS, np.arange(64))
    data = make_examples(grey, COLUMNS)
    family = make_tiny_gan(augment="portraits", p=0.5, generator_lr=2e-3, critic_lr=2e-3, real_gamma=0.5, momentum=0.0)
    run = train(begin_run(family, Plan(steps=250, validate_every=250), data, data, tmp_path, Device()))
    samples = run.to_trained_net().sample(data.conditions, 0).astype(float)
    torch.manual_seed(0)
    augmented = augment.PORTRAITS(torch.zeros(64, 3, 16, 16), 0.5).mean((1, 2, 3)) * 127.5
    assert samples.mean((1, 2, 3)).std() < 0.5 * float(augmented.std())


@pytest.mark.parametrize(("act", "sentence"), [
    (lambda data, out: make_family("gan"), "train/family] unknown net 'gan'; the nets are bodygan, bodyvae, classifier, clip, dcgan, "
     "dcgan-hinge, dcgan-lsgan, dcgan-wgan-gp, diffusion, stylegan, textdiffusion, textgan, textstylegan, unet, vae"),
    (lambda data, out: train_net("dcgan", data, out, resume="nowhere"),
     "train/resume] there is no checkpoint nowhere; use --resume auto or --resume never"),
    (lambda data, out: apply_settings(make_family("classifier"), {"depth": 3}), "train/setting] classifier has no setting 'depth'; "
     "the settings are average, batch, drop, features, lr, noise, weight_decay, width"),
])  # fmt: skip
def test_unknown_nets_checkpoints_and_settings_are_one_sentence(act: Any, sentence: str, faces: Path, tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        act(faces, tmp_path)
    assert str(caught.value) == f"error[{sentence}"


@pytest.mark.parametrize(("net", "setting", "reason"), [
    ("stylegan", {"usual": "False"}, "usual cannot be 'False': input should be a valid boolean"),
    ("dcgan", {"generator_lr": "fast"}, "generator_lr cannot be 'fast': input should be a valid number"),
    ("dcgan", {"generator_lr": float("nan")}, "generator_lr cannot be nan: input should be a finite number"),
    ("dcgan", {"loss": "least squares"}, "loss cannot be 'least squares': input should be 'bce', 'lsgan', 'hinge' or 'wgan'"),
    ("stylegan", {"grow": 600}, "grow cannot be 600: input should be a valid tuple"),
    ("dcgan", {"batch": 0}, "batch cannot be 0: input should be greater than or equal to 1"),
    ("dcgan", {"generator_lr": -1}, "generator_lr cannot be -1: input should be greater than or equal to 0"),
    ("dcgan", {"momentum": 1.0}, "momentum cannot be 1.0: input should be less than 1"),
    ("stylegan", {"lazy": 0}, "lazy cannot be 0: input should be greater than or equal to 1"),
    ("stylegan", {"patch": 3}, "patch cannot be 3: input should be 1, 2, 4 or 8"),
    ("vae", {"width": 0}, "width cannot be 0: input should be greater than or equal to 1"),
    ("unet", {"widths": ()}, "widths cannot be (): tuple should have at least 1 item after validation, not 0"),
    ("diffusion", {"width": 50}, "width cannot be 50: input should be a multiple of 8"),
    ("diffusion", {"steps": 0}, "steps cannot be 0: input should be greater than or equal to 1"),
    ("bodygan", {"critic_steps": 0}, "critic_steps cannot be 0: input should be greater than or equal to 1"),
    ("classifier", {"drop": 1.0}, "drop cannot be 1.0: input should be less than 1"),
])  # fmt: skip
def test_a_setting_of_the_wrong_type_or_out_of_its_range_is_refused(net: str, setting: dict[str, object], reason: str) -> None:
    """`--set usual=False` was taken as the string False, which counts as true."""
    with pytest.raises(SpecError) as caught:
        apply_settings(make_family(net), setting)
    assert str(caught.value.findings[0].message) == reason
    assert f"--set {next(iter(setting))}=" in caught.value.findings[0].fix


def test_a_string_in_place_of_a_list_is_answered_with_the_list() -> None:
    with pytest.raises(SpecError) as caught:
        apply_settings(make_family("vae"), {"frozen": "encoder/enter"})
    assert str(caught.value) == (
        "error[train/setting] frozen cannot be 'encoder/enter': input should be a valid tuple; "
        'write a JSON value: --set frozen=["encoder/enter"]'
    )


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_every_familys_own_settings_are_in_their_ranges(name: str) -> None:
    family = make_family(name)
    assert apply_settings(family, {**vars(family.recipe), **dict(family.changes)}).recipe == family.recipe


ANOTHER_SIZE = "choose another --size, another data set or other --set values"
OF_BODIES = "give a data set of `fenshen data bodies`"


@pytest.mark.parametrize(("net", "settings", "size", "code", "sentence"), [
    ("dcgan", {}, 12, "shape", f"dcgan cannot be built: size must be a power of two and at least 8, not 12; {ANOTHER_SIZE}"),
    ("stylegan", {"patch": 8}, 16, "shape",
     f"stylegan cannot be built: size must be a power of two and at least 32, not 16; {ANOTHER_SIZE}"),
    ("vae", {"usual": False}, 20, "shape", f"vae cannot be built: size must be a power of two and at least 16, not 20; {ANOTHER_SIZE}"),
    ("diffusion", {}, 24, "shape", f"diffusion cannot be built: size must be a multiple of 16, not 24; {ANOTHER_SIZE}"),
    ("classifier", {}, 12, "shape", f"classifier cannot be built: size must be at least 16, not 12; {ANOTHER_SIZE}"),
    ("dcgan", {"grow": (1,)}, 16, "grow", "dcgan cannot grow: its nets have a single resolution; remove --set grow"),
    ("stylegan", {"grow": (1, 2)}, 16, "grow",
     "stylegan cannot grow 2 times: images of 16 px have 2 levels; give fewer steps: --set grow=[600]"),
    ("bodyvae", {}, 16, "vectors", f"bodyvae learns body vectors, not images; {OF_BODIES}"),
    ("bodygan", {}, 16, "vectors", f"bodygan learns body vectors, not images; {OF_BODIES}"),
    ("unet", {}, 16, "channels",
     "unet generates skins of 6 channels (head and body RGB); the images have 3; give a data set of `fenshen data skins`"),
])  # fmt: skip
def test_a_net_that_does_not_fit_its_images_is_refused(net: str, settings: dict[str, Any], size: int, code: str, sentence: str) -> None:
    family = apply_settings(make_family(net), settings)
    with pytest.raises(SpecError) as caught:
        family.shape(make_examples(draw_discs(4, size), family.conditions))
    assert str(caught.value) == f"error[train/{code}] {sentence}"


def test_a_unets_side_must_be_divisible_by_two_for_each_of_its_widths() -> None:
    with pytest.raises(SpecError) as caught:
        make_family("unet").shape(make_examples(draw_discs(4, 24, 6), COLUMNS))
    assert str(caught.value) == f"error[train/shape] unet cannot be built: size must be a multiple of 16, not 24; {ANOTHER_SIZE}"


def test_an_output_folder_that_is_a_file_is_one_sentence(faces: Path, tmp_path: Path) -> None:
    """TensorBoard's writer, the first to need the folder, ended in a traceback."""
    (tmp_path / "out").write_text("mine")
    with pytest.raises(StoreError) as caught:
        train_net("dcgan", faces, tmp_path / "out", plan=PLAN, changes=SMALL["dcgan"])
    assert str(caught.value) == (
        f"error[train/out] cannot write to {tmp_path}/out/run-face-dcgan: Not a directory; free some disk space, or choose another --out"
    )


@pytest.mark.skipif(not get_baked_path("body.safetensors").exists(), reason="run `fenshen bake` first")
def test_a_few_bodies_leave_a_card_and_a_sheet(tmp_path: Path) -> None:
    """A test split of fewer than sixteen adults filled no row of the sheet, and the run ended with an error of numpy's."""
    make_dataset(DatasetRequest("bodies", tmp_path / "few", 6))
    file = train_net("bodyvae", tmp_path / "few", tmp_path / "out", plan=replace(PLAN, steps=2))
    assert "generated bodies have impossible proportions" in file.with_suffix(".md").read_text(encoding="utf-8")
    assert cv2.imread(str(file.with_suffix(".png"))) is not None


def test_a_users_images_train_nets_without_any_attributes(tmp_path: Path) -> None:
    """The example of `fenshen data folder --help` made a data set that no family accepted."""
    (tmp_path / "own").mkdir()
    for number, image in enumerate(draw_discs(24, 32).images):
        cv2.imwrite(str(tmp_path / "own" / f"{number}.png"), image)
    (tmp_path / "yes.txt").write_text("They agreed, 2026-05-01.")
    data = make_folder_dataset(FolderRequest(tmp_path / "own", 32, "CC-BY-4.0", tmp_path / "yes.txt"), tmp_path / "set")[0]
    data = data if data.is_dir() else data.parent
    for name in ("dcgan", "vae", "stylegan"):
        assert check_conditions(data, make_family(name)) is not None
        plan = Plan(steps=2, validate_every=2, log_every=1)
        assert train_net(name, data, tmp_path / name, plan=plan, changes={"width": 8, "widest": 8}).exists()
    conditions = read_examples(data, "train", make_family("dcgan").conditions).conditions
    assert np.array_equal(conditions, np.full((16, 3), 0.5, np.float32))
    with pytest.raises(SpecError) as caught:
        train_net("classifier", data, tmp_path / "classifier", plan=Plan(steps=1))
    assert str(caught.value) == (
        "error[train/condition] the classifier needs age_years, gender, tone, which the data set does not record; "
        "give `fenshen data folder` a table of them with --attributes"
    )
