"""From a data set to a weights file: what training leaves, what goes on, what is refused."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from safetensors import safe_open

from assets.digest import sha256
from assets.errors import BackendError, Severity, SpecError, StoreError
from assets.paths import get_baked_path
from stages.datasets.make import DatasetRequest, make_dataset
from stages.datasets.splits import VectorSplit
from stages.nets.weights_io import load_net
from stages.train.adapt import FEW_SHOT_SETTINGS, check_few_shot_size, read_start_settings
from stages.train.families.registry import FAMILIES, make_family
from stages.train.loop import checkpoint
from stages.train.loop.device import Device
from stages.train.loop.examples import downscale_pictures, make_examples
from stages.train.loop.loop import BEST_CHECKPOINT, LAST_CHECKPOINT, Plan, TrainingProgress, advance_run, begin_run
from stages.train.loop.tensorboard import draw_curves, draw_sample_sheet
from stages.train.stage import apply_settings, train_net
from tests.stages.train.tiny import discs, tiny_set

SMALL: dict[str, dict[str, Any]] = {
    "dcgan": {"width": 8, "widest": 16, "latent": 8},
    "stylegan": {"width": 8, "widest": 16, "latent": 8, "styles": 12, "grow": (2,)},
    "vae": {"width": 8, "widest": 16, "latent": 8},
}
PLAN = Plan(steps=6, validate_every=3, log_every=1, seed=1)


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_set(tmp_path_factory.mktemp("faces"))


@pytest.fixture(scope="module")
def skins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_set(tmp_path_factory.mktemp("skins"), "skins")


@pytest.mark.parametrize("name", sorted(SMALL))
def test_training_leaves_weights_that_are_read_card_sheet_curves_and_scalars(name: str, skins: Path, tmp_path: Path) -> None:
    told: list[TrainingProgress] = []
    file = train_net(name, skins, tmp_path, plan=PLAN, changes={**SMALL[name], "batch": 8}, watch=told.append)
    assert file.name == f"skin-{name}.safetensors"
    entry = json.loads((tmp_path / "weights.json").read_text(encoding="utf-8"))[f"skin-{name}"]
    net = load_net(file, entry["sha256"])
    assert net.sample(np.full((2, 3), 0.5, np.float32), 0).shape == (2, 16, 16, 6)
    assert entry["licence"] == "CC0-1.0"
    card = file.with_suffix(".md").read_text(encoding="utf-8")
    assert entry["sha256"] in card
    assert "made to test" in card
    assert cv2.imread(str(file.with_suffix(".png"))) is not None
    assert list((tmp_path / f"run-skin-{name}" / "board").glob("events*"))
    assert any(p.samples is not None for p in told)
    assert all(p.eta_s >= 0 for p in told)


def test_the_same_command_goes_on_and_ends_where_one_call_would_have(faces: Path, tmp_path: Path) -> None:
    whole = train_net("dcgan", faces, tmp_path / "whole", plan=PLAN, changes=SMALL["dcgan"])
    train_net("dcgan", faces, tmp_path / "parts", plan=replace(PLAN, steps=3), changes=SMALL["dcgan"])
    parts = train_net("dcgan", faces, tmp_path / "parts", plan=PLAN, changes=SMALL["dcgan"])
    assert sha256(whole.read_bytes()) == sha256(parts.read_bytes())
    anew = train_net("dcgan", faces, tmp_path / "parts", plan=replace(PLAN, seed=2), changes=SMALL["dcgan"], going_on="never")
    assert sha256(anew.read_bytes()) != sha256(whole.read_bytes())


def test_a_large_set_trains_a_small_net_which_is_told_in_its_command(faces: Path, tmp_path: Path) -> None:
    file = train_net("dcgan", faces, tmp_path, plan=replace(PLAN, size=8), changes=SMALL["dcgan"])
    assert load_net(file).sample(np.full((2, 3), 0.5, np.float32), 0).shape == (2, 8, 8, 3)
    assert "--size 8" in json.loads((tmp_path / "weights.json").read_text(encoding="utf-8"))["face-dcgan"]["command"]
    with pytest.raises(SpecError, match="pictures of 16 px cannot be reduced to 10 px"):
        train_net("dcgan", faces, tmp_path, plan=replace(PLAN, size=10))


def test_a_reduced_pixel_is_the_mean_of_those_in_its_place() -> None:
    pictures = np.zeros((1, 4, 4, 6), np.uint8)
    pictures[0, 0, 0], pictures[0, 0, 1], pictures[0, 1, 1] = 40, 80, 120
    made = downscale_pictures(pictures, 2)
    assert made.shape == (1, 2, 2, 6)
    assert (made[0, 0, 0] == 60).all()
    assert not made[0, 1].any()


@pytest.mark.parametrize("name", [name for name, make in FAMILIES.items() if make().net == "dcgan"])
def test_every_game_of_the_dcgan_trains(name: str, faces: Path, tmp_path: Path) -> None:
    file = train_net(name, faces, tmp_path, plan=replace(PLAN, steps=3), changes={**SMALL["dcgan"], "batch": 4})
    assert load_net(file).net == "dcgan"


def test_the_consent_record_of_the_data_travels_into_the_weights(tmp_path: Path) -> None:
    folder = tiny_set(tmp_path / "mine", "folder", count=12)
    file = train_net("vae", folder, tmp_path, plan=replace(PLAN, steps=2), changes=SMALL["vae"])
    with safe_open(str(file), framework="pt") as opened:
        assert json.loads(json.loads(opened.metadata()["fenshen"])["consent"])["person"] == "nobody"


def test_no_augmentation_is_part_of_what_ships(skins: Path, tmp_path: Path) -> None:
    # Whatever the critic is shown, a sample is the averaged generator's alone: at p = 1 of a blinding augmentation the very
    # pictures of a run are the generator's, value for value.
    changes = {**SMALL["stylegan"], "augment": "skins", "adaptive": False, "p": 1.0, "grow": ()}
    told: list[TrainingProgress] = []
    file = train_net("stylegan", skins, tmp_path, plan=replace(PLAN, steps=3), changes=changes, watch=told.append)
    (shown,) = [p.samples for p in told if p.samples is not None]
    from stages.train.loop.examples import read_examples

    conditions = read_examples(skins, "validation", ("age_years", "gender", "tone")).conditions
    assert np.array_equal(shown, load_net(file).sample(conditions[:32], PLAN.seed))


def test_a_generator_of_level_pictures_stays_level_under_augmentation_that_tints_them(tmp_path: Path) -> None:
    # Grey pictures under strong brightness changes at p = 0.5: were augmentation to leak, samples would spread like the augmented.
    from stages.datasets.splits import ImageSplit
    from stages.nets import augment
    from stages.train.loop.device import Device
    from stages.train.loop.examples import make_examples
    from stages.train.loop.loop import begin_run, train
    from tests.stages.train.tiny import COLUMNS, tiny_gan

    grey = ImageSplit(np.full((64, 16, 16, 3), 128, np.uint8), np.full((64, 3), 0.5, np.float32), COLUMNS, np.arange(64))
    data = make_examples(grey, COLUMNS)
    family = tiny_gan(augment="portraits", p=0.5, generator_lr=2e-3, critic_lr=2e-3, real_gamma=0.5, momentum=0.0)
    run = train(begin_run(family, Plan(steps=250, validate_every=250), data, data, tmp_path, Device()))
    made = run.to_trained_net().sample(data.conditions, 0).astype(float)
    torch.manual_seed(0)
    shown = augment.PORTRAITS(torch.zeros(64, 3, 16, 16), 0.5).mean((1, 2, 3)) * 127.5
    assert made.mean((1, 2, 3)).std() < 0.5 * float(shown.std())


def test_fine_tuning_starts_at_the_weights_given_and_keeps_frozen_layers(skins: Path, tmp_path: Path) -> None:
    first = train_net("stylegan", skins, tmp_path / "first", plan=PLAN, changes={**SMALL["stylegan"], "grow": ()})
    settings = {**SMALL["stylegan"], "grow": (), **FEW_SHOT_SETTINGS["stylegan"]}
    few = tiny_set(tmp_path / "few", "skins", count=12)
    tuned = train_net("stylegan", few, tmp_path / "tuned", plan=PLAN, changes=settings, start=first)
    before, after = (load_net(file).nets["generator"].state_dict() for file in (first, tuned))
    assert all(torch.equal(before[key], after[key]) for key in before if key.startswith(("mapping", "const", "first.0")))
    assert any(not torch.equal(before[key], after[key]) for key in before if key.startswith("colour"))


needs_bake = pytest.mark.skipif(not get_baked_path("tiles.safetensors").exists(), reason="run `make bake` first")


@pytest.mark.parametrize("name", [pytest.param(name, marks=needs_bake if name == "unet" else ()) for name in sorted(FEW_SHOT_SETTINGS)])
def test_a_few_shot_recipe_names_settings_and_layers_that_its_net_has(name: str) -> None:
    family = apply_settings(make_family(name), FEW_SHOT_SETTINGS[name])
    nets = family.build(family.shape(make_examples(discs(4, 32, 6), family.conditions)), Device()).nets
    layers = [f"{net}/{key}" for net, module in nets.items() for key, _ in module.named_parameters()]
    for prefix in FEW_SHOT_SETTINGS[name].get("frozen", ()):
        assert any(layer.startswith(prefix) for layer in layers), prefix


@pytest.mark.parametrize("name", [pytest.param(name, marks=needs_bake if name == "unet" else ()) for name in sorted(FEW_SHOT_SETTINGS)])
def test_a_few_shot_recipe_trains(name: str, tmp_path: Path) -> None:
    """A VAE's ended in a segmentation fault of torch's: the first norm's input asked for no gradient."""
    data = make_examples(discs(8, 64, 6), make_family(name).conditions)
    run = begin_run(apply_settings(make_family(name), {**FEW_SHOT_SETTINGS[name], "batch": 2}), PLAN, data, data, tmp_path, Device())
    assert all(math.isfinite(loss) for loss in advance_run(run).values())


def test_a_set_of_many_pictures_is_warned_of_as_not_few_shot(faces: Path, tmp_path: Path) -> None:
    assert check_few_shot_size(faces) is None
    warning = check_few_shot_size(tiny_set(tmp_path / "many", count=66))
    assert warning is not None
    assert warning.severity == Severity.WARNING
    assert warning.message == "--few-shot holds back what 50 pictures cannot teach, many has 56"


def test_fine_tuning_from_a_checkpoint_takes_the_critic_as_well(faces: Path, tmp_path: Path) -> None:
    train_net("dcgan", faces, tmp_path / "first", plan=PLAN, changes=SMALL["dcgan"])
    start = tmp_path / "first" / "run-face-dcgan" / BEST_CHECKPOINT
    still = {**SMALL["dcgan"], "generator_lr": 0.0, "critic_lr": 0.0}
    train_net("dcgan", faces, tmp_path / "same", plan=replace(PLAN, steps=1), changes=still, start=start)
    first, again = (checkpoint.read_checkpoint(file)[0] for file in (start, tmp_path / "same" / "run-face-dcgan" / LAST_CHECKPOINT))
    for key in ("nets/generator/leave.weight", "nets/critic/out.weight"):
        assert torch.equal(first[key], again[key])
    told = json.loads((tmp_path / "same" / "weights.json").read_text())["face-dcgan"]["command"]
    assert f"--start {BEST_CHECKPOINT}" in told


def test_a_stylegan_for_small_pictures_is_the_beginning_of_one_for_larger_ones(faces: Path, tmp_path: Path) -> None:
    train_net("stylegan", faces, tmp_path / "small", plan=PLAN, changes={**SMALL["stylegan"], "grow": ()})
    start = tmp_path / "small" / "run-face-stylegan" / LAST_CHECKPOINT
    large = tiny_set(tmp_path / "large", size=32)
    still = {**SMALL["stylegan"], "width": SMALL["stylegan"]["width"] // 2, "grow": (9,), "generator_lr": 0.0, "critic_lr": 0.0}
    train_net("stylegan", large, tmp_path / "tall", plan=replace(PLAN, steps=1), changes=still, start=start)
    short, tall = (checkpoint.read_checkpoint(file)[0] for file in (start, tmp_path / "tall" / "run-face-stylegan" / LAST_CHECKPOINT))
    assert torch.equal(short["nets/generator/second.1.weight"], tall["nets/generator/second.1.weight"])
    assert torch.equal(short["nets/critic/enter.0.weight"], tall["nets/critic/enter.1.weight"])


def test_weights_of_another_net_or_shape_are_no_start(skins: Path, faces: Path, tmp_path: Path) -> None:
    vae = train_net("vae", skins, tmp_path, plan=replace(PLAN, steps=1), changes=SMALL["vae"])
    with pytest.raises(BackendError, match="holds no net of stylegan"):
        train_net("stylegan", skins, tmp_path, plan=PLAN, changes=SMALL["stylegan"], start=vae)
    with pytest.raises(BackendError) as caught:
        train_net("vae", faces, tmp_path, plan=PLAN, changes={**SMALL["vae"], "width": 16}, start=vae)
    assert caught.value.findings[0].message == f"{vae.name} is no start for this net: channels is 6, not 3, width is 8, not 16"


def test_a_start_that_is_not_what_the_table_beside_it_says_is_refused(skins: Path, tmp_path: Path) -> None:
    vae = train_net("vae", skins, tmp_path / "first", plan=replace(PLAN, steps=1), changes=SMALL["vae"])
    content = bytearray(vae.read_bytes())
    content[-100] ^= 4
    vae.write_bytes(content)
    with pytest.raises(BackendError, match="does not match its sha256 in weights"):
        train_net("vae", skins, tmp_path / "second", plan=PLAN, changes=SMALL["vae"], start=vae)


def test_a_start_gives_the_settings_of_its_shape(faces: Path, tmp_path: Path) -> None:
    file = train_net("stylegan", faces, tmp_path, plan=replace(PLAN, steps=1), changes=SMALL["stylegan"])
    for start in (file, tmp_path / "run-face-stylegan" / LAST_CHECKPOINT):
        told = read_start_settings(start, make_family("stylegan"), 16)
        assert told == {**SMALL["stylegan"], "grow": ()}
        assert read_start_settings(start, make_family("stylegan"), 32) == {}  # its nets become the coarse levels
        with pytest.raises(BackendError, match="holds no net of vae"):
            read_start_settings(start, make_family("vae"), 16)
    whole = train_net("stylegan", faces, tmp_path / "tuned", plan=replace(PLAN, steps=1), changes=told, start=file)
    assert load_net(whole).nets["generator"].grown.tolist() == [2.0, 1.0]  # though the start had not grown up


def test_a_start_that_is_no_weights_file_is_not_the_repository_s_to_restore(tmp_path: Path) -> None:
    (tmp_path / "c1.txt").write_text("notes")
    with pytest.raises(BackendError) as caught:
        read_start_settings(tmp_path / "c1.txt", make_family("vae"), 16)
    assert caught.value.findings[0].fix == "give weights that `fenshen train` wrote, or a run's checkpoint"


def test_unknown_nets_settings_and_conditions_are_told(faces: Path, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="there is no net 'gan'"):
        make_family("gan")
    with pytest.raises(SpecError, match="dcgan has no setting 'depth'"):
        apply_settings(make_family("dcgan"), {"depth": 3})
    with pytest.raises(SpecError, match="there is no checkpoint nowhere"):
        train_net("dcgan", faces, tmp_path, going_on="nowhere")


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
def test_a_setting_of_another_kind_or_out_of_its_range_is_refused(net: str, setting: dict[str, object], reason: str) -> None:
    """`--set usual=False` was taken as the word False, which counts as true."""
    with pytest.raises(SpecError) as caught:
        apply_settings(make_family(net), setting)
    assert str(caught.value.findings[0].message) == reason
    assert f"--set {next(iter(setting))}=" in caught.value.findings[0].fix


def test_one_word_where_a_list_belongs_is_answered_with_the_list() -> None:
    with pytest.raises(SpecError) as caught:
        apply_settings(make_family("vae"), {"frozen": "encoder/enter"})
    assert caught.value.findings[0].fix == 'write it as in JSON, e.g. --set frozen=["encoder/enter"]'


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_every_family_s_own_settings_lie_in_their_ranges(name: str) -> None:
    family = make_family(name)
    assert apply_settings(family, {**vars(family.recipe), **dict(family.changes)}).recipe == family.recipe


@pytest.mark.parametrize(("net", "settings", "size", "sentence"), [
    ("dcgan", {}, 12, "no dcgan can be built: size must be a power of two and at least 8, not 12"),
    ("stylegan", {"patch": 8}, 16, "no stylegan can be built: size must be a power of two and at least 32, not 16"),
    ("vae", {"usual": False}, 20, "no vae can be built: size must be a power of two and at least 16, not 20"),
    ("diffusion", {}, 24, "no diffusion can be built: size must be a multiple of 16, not 24"),
    ("classifier", {}, 12, "no classifier can be built: size must be at least 16, not 12"),
    ("dcgan", {"grow": (1,)}, 16, "dcgan cannot grow: its nets have one size"),
    ("stylegan", {"grow": (1, 2)}, 16, "stylegan cannot grow 2 times: pictures of 16 px have 2 levels"),
    ("bodyvae", {}, 16, "bodyvae learns body vectors, not pictures"),
    ("bodygan", {}, 16, "bodygan learns body vectors, not pictures"),
])  # fmt: skip
def test_a_net_that_does_not_fit_its_pictures_is_refused(net: str, settings: dict[str, Any], size: int, sentence: str) -> None:
    family = apply_settings(make_family(net), settings)
    with pytest.raises(SpecError) as caught:
        family.shape(make_examples(discs(4, size), family.conditions))
    assert caught.value.findings[0].message == sentence


def test_a_unet_s_side_halves_once_for_each_of_its_widths() -> None:
    with pytest.raises(SpecError, match="size must be a multiple of 16, not 24"):
        make_family("unet").shape(make_examples(discs(4, 24, 6), ("age_years", "gender", "tone")))


def test_a_split_of_nobody_is_refused_by_name(tmp_path: Path) -> None:
    """Sixteen portraits are of two people: validation and test were empty, and training ended in numpy's words."""
    with pytest.raises(SpecError, match=r"the validation split of .* is empty"):
        train_net("dcgan", tiny_set(tmp_path / "few", count=2), tmp_path)


def test_a_folder_of_weights_that_is_a_file_is_told(faces: Path, tmp_path: Path) -> None:
    """TensorBoard's writer, the first to need the folder, ended in a traceback."""
    (tmp_path / "out").write_text("mine")
    with pytest.raises(StoreError, match="run-face-dcgan cannot be written to: Not a directory; free some space, or give another --out"):
        train_net("dcgan", faces, tmp_path / "out", plan=PLAN, changes=SMALL["dcgan"])


@pytest.mark.skipif(not get_baked_path("body.safetensors").exists(), reason="run `make bake` first")
def test_bodies_of_a_few_people_leave_a_card_and_a_sheet(tmp_path: Path) -> None:
    """A test split of under sixteen adults filled no row of the sheet, and the run ended in numpy's words."""
    make_dataset(DatasetRequest("bodies", tmp_path / "few", 6))
    file = train_net("bodyvae", tmp_path / "few", tmp_path / "out", plan=replace(PLAN, steps=2))
    assert "are ones that no person has" in file.with_suffix(".md").read_text(encoding="utf-8")
    assert cv2.imread(str(file.with_suffix(".png"))) is not None


def test_picture_nets_on_bodies_are_told_which_nets_learn_them() -> None:
    bodies = VectorSplit(np.zeros((4, 2), np.float32), ("a", "b"), np.zeros((4, 2), np.float32), ("age_years", "gender"), np.arange(4))
    with pytest.raises(SpecError, match="records no tone; it records age_years, gender; body vectors are for bodygan and bodyvae"):
        make_examples(bodies, make_family("vae").conditions)


def test_a_sheet_shows_every_picture_and_a_skins_body_under_its_head() -> None:
    made = np.arange(16, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 6), np.uint8)
    picture = draw_sample_sheet(made)
    assert picture.shape == (16, 32, 3)
    assert picture[0, ::4, 0].tolist() == picture[4, ::4, 0].tolist() == list(range(8))


def test_curves_have_a_chart_for_every_number() -> None:
    history = [{"step": i, "critic": 1.0 / (i + 1), "distance": float(i)} for i in range(5)]
    assert draw_curves(history, (100, 60)).shape == (60, 200, 3)


def test_curves_leave_out_what_nothing_was_measured_for() -> None:
    history = [{"step": 1.0, "loss": 2.0, "best": math.inf}, {"step": 2.0, "loss": math.nan, "best": math.inf}]
    with np.errstate(invalid="raise"):
        assert draw_curves(history, (100, 60)).shape == (60, 200, 3)  # one chart, of the loss, and an empty one beside it


def test_pictures_that_come_without_ages_are_learnt_from_all_the_same(tmp_path: Path) -> None:
    """The example of `fenshen data folder --help` made a set that no family took."""
    import cv2

    from stages.datasets.folder import FolderRequest
    from stages.datasets.make import make_folder_dataset
    from stages.train.loop.examples import check_conditions, read_examples

    (tmp_path / "own").mkdir()
    for number, picture in enumerate(discs(24, 32).images):
        cv2.imwrite(str(tmp_path / "own" / f"{number}.png"), picture)
    (tmp_path / "yes.txt").write_text("They agreed, 2026-05-01.")
    data = make_folder_dataset(FolderRequest(tmp_path / "own", 32, "CC-BY-4.0", tmp_path / "yes.txt"), tmp_path / "set")[0]
    data = data if data.is_dir() else data.parent
    settings = {"width": 8, "widest": 8}
    for name in ("dcgan", "vae", "stylegan"):
        assert "records no age_years, gender, tone" in str(check_conditions(data, make_family(name)))
        file = train_net(name, data, tmp_path / name, plan=Plan(steps=2, validate_every=2, log_every=1), changes=settings)
        assert file.exists()
    told = read_examples(data, "train", make_family("dcgan").conditions).conditions
    assert np.array_equal(told, np.full((20, 3), 0.5, np.float32))
    with pytest.raises(SpecError, match="a reader learns age_years, gender, tone, which the data set does not record"):
        train_net("classifier", data, tmp_path / "reader", plan=Plan(steps=1))
