"""The terms of weights are those of their own entry, whether committed or the user's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assets import weights
from assets.digest import sha256
from assets.errors import BackendError, FormatError, RightsError
from assets.paths import get_baked_path
from assets.spec.appearance import IdentitySpec
from stages.body.generator import GanBody
from stages.identity.backend import BACKENDS
from stages.identity.stage import run
from stages.package.licences import refuse_unsellable

CONSENT = {"file": "consent.txt", "sha256": "c0", "text": "they agreed"}


def write_user_weights(folder: Path, title: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's folder of weights that were trained on pictures which may not be sold."""
    terms = {"licence": "CC-BY-NC-4.0", "data": "own1", "consent": json.dumps(CONSENT)}
    (folder / weights.INDEX_FILE).write_text(json.dumps({title: {**weights.read_entry(title), "sha256": "5" * 64, **terms}}))
    monkeypatch.setenv(weights.USER_FOLDER_VARIABLE, str(folder))


def test_committed_weights_state_their_training_data() -> None:
    made = weights.describe_weights("skin-unet", weights.read_sha256("skin-unet"), committed_data="20 CC0 MakeHuman skins")
    assert (made.licence, made.author, made.sellable) == ("CC0-1.0", "Fenshen", True)
    assert (made.origin, made.note) == ("assets/weights: skin-unet.safetensors", "trained on 20 CC0 MakeHuman skins")


@pytest.mark.skipif(not get_baked_path("face_changes.json").exists(), reason="run `fenshen bake` first")
def test_an_identity_from_the_users_weights_has_their_licence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was CC0, whatever the weights had been trained on."""
    committed = run(options=IdentitySpec(), backend=BACKENDS.get("unet"), seed=0).sources[0]
    assert committed.origin == f"assets/weights: skin-unet.safetensors sha256 {weights.read_sha256('skin-unet')}"
    assert (committed.name, committed.licence, committed.note) == ("skin-unet", "CC0-1.0", "trained on 20 CC0 MakeHuman skins")
    terms = {"licence": "CC-BY-NC-4.0", "data": "own1", "consent": json.dumps(CONSENT)}
    entry = weights.read_entry("skin-vae")
    content = weights.locate_weights("skin-vae").read_bytes()[:-1] + b"x"  # other weights, by the last bit of a number
    (tmp_path / entry["file"]).write_bytes(content)
    (tmp_path / weights.INDEX_FILE).write_text(json.dumps({"skin-vae": {**entry, "sha256": sha256(content), **terms}}))
    monkeypatch.setenv(weights.USER_FOLDER_VARIABLE, str(tmp_path))
    (made,) = run(options=IdentitySpec(), backend=BACKENDS.get("vae"), seed=0).sources
    assert (made.licence, made.sellable) == ("CC-BY-NC-4.0", False)
    assert made.note == "trained on own1; consent record consent.txt (sha256 c0)"
    with pytest.raises(RightsError) as caught:
        refuse_unsellable([made])
    assert str(caught.value) == (
        f"error[rights/strict] skin-vae (CC-BY-NC-4.0) may not be sold: {made.note}; "
        "choose another one, ask its owner for permission, or set rights.strict to false"
    )


def test_a_body_from_the_users_weights_has_their_licence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert GanBody().sources()[-1].licence == "CC0-1.0"
    assert GanBody().sources()[-1].note == "a WGAN-GP trained on body vectors of Anny's calibrated shape distribution"
    write_user_weights(tmp_path, "body-bodygan", monkeypatch)
    made = GanBody().sources()[-1]
    assert (made.licence, made.sellable, made.author) == ("CC-BY-NC-4.0", False, "")
    assert made.note == "a WGAN-GP trained on own1; consent record consent.txt (sha256 c0)"


def test_weights_without_an_entry_may_not_be_sold() -> None:
    made = weights.describe_weights("skin-unet", "0" * 64, committed_data="skins")
    assert (made.licence, made.sellable, made.note) == ("unknown", False, "trained on unknown data")


def test_user_weights_that_equal_the_committed_ones_keep_their_description(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / weights.INDEX_FILE).write_text(json.dumps({"skin-unet": weights.read_entry("skin-unet")}))
    monkeypatch.setenv(weights.USER_FOLDER_VARIABLE, str(tmp_path))
    made = weights.describe_weights("skin-unet", weights.read_sha256("skin-unet"), committed_data="skins")
    assert (made.origin, made.note) == ("assets/weights: skin-unet.safetensors", "trained on skins")


@pytest.mark.parametrize(("consent", "records"), [
    (None, []), ("", []),
    (json.dumps(CONSENT), ["consent.txt (sha256 c0)"]),
    (CONSENT, ["consent.txt (sha256 c0)"]),
    (json.dumps([CONSENT, {"person": "Ada"}]), ["consent.txt (sha256 c0)", "person: Ada"]),
    ("Ada agreed by letter", ["Ada agreed by letter"]),
])  # fmt: skip
def test_a_consent_is_read_in_every_form(consent: object, records: list[str]) -> None:
    assert weights.format_consents(consent) == records


@pytest.mark.parametrize(("text", "problem"), [
    ("{", "weights/index] FOLDER/weights.json is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
    ("[]", "weights/index] FOLDER/weights.json has no file and sha256"),
    ('{"skin-unet": {"file": "x"}}', "weights/index] the entry skin-unet of FOLDER/weights.json has no file and sha256"),
])  # fmt: skip
def test_a_bad_index_is_one_sentence(text: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / weights.INDEX_FILE).write_text(text)
    sentence = f"error[{problem.replace('FOLDER', str(tmp_path))}"
    with pytest.raises(FormatError) as caught:
        weights.read_weights_index(tmp_path)
    assert str(caught.value) == f"{sentence}; restore the file"
    monkeypatch.setenv(weights.USER_FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(BackendError) as raised:
        weights.has_weights("skin-unet")
    assert str(raised.value) == f"{sentence}; restore the file, or unset FENSHEN_WEIGHTS"


def test_a_weights_folder_that_does_not_exist_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(weights.USER_FOLDER_VARIABLE, str(tmp_path / "gone"))
    with pytest.raises(BackendError) as caught:
        weights.has_weights("skin-unet")
    assert str(caught.value) == (
        f"error[weights/folder] FENSHEN_WEIGHTS is {tmp_path}/gone, which is not a folder; correct or unset FENSHEN_WEIGHTS"
    )
