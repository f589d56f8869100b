"""The terms of weights are those of their own entry, whoever's they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assets import weights
from assets.digest import sha256
from assets.errors import RightsError
from assets.paths import get_baked_path
from stages.body.generator import GanBody
from stages.identity.backend import BACKENDS
from stages.package.licences import refuse_unsellable

CONSENT = {"file": "consent.txt", "sha256": "c0", "text": "they agreed"}


def yours(folder: Path, title: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of weights that were trained on pictures which may not be sold."""
    terms = {"licence": "CC-BY-NC-4.0", "data": "own1", "consent": json.dumps(CONSENT)}
    (folder / weights.INDEX_FILE).write_text(json.dumps({title: {**weights.read_entry(title), "sha256": "5" * 64, **terms}}))
    monkeypatch.setenv(weights.USER_FOLDER_VARIABLE, str(folder))


def test_committed_weights_say_what_they_were_trained_on() -> None:
    made = weights.describe_weights("skin-unet", weights.read_sha256("skin-unet"), usual="20 CC0 MakeHuman skins")
    assert (made.licence, made.author, made.sellable) == ("CC0-1.0", "Fenshen", True)
    assert (made.origin, made.note) == ("assets/weights: skin-unet.safetensors", "trained on 20 CC0 MakeHuman skins")


@pytest.mark.skipif(not get_baked_path("face_changes.json").exists(), reason="run `make bake` first")
def test_an_identity_by_your_weights_is_under_their_licence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was CC0, whatever the weights had been trained on."""
    from assets.spec.appearance import IdentitySpec
    from stages.identity.stage import run

    committed = run(options=IdentitySpec(), backend=BACKENDS.get("unet"), seed=0).sources[0]
    assert committed.origin == f"assets/weights: skin-unet.safetensors sha256 {weights.read_sha256('skin-unet')}"
    assert (committed.name, committed.licence, committed.note) == ("skin-unet", "CC0-1.0", "trained on 20 CC0 MakeHuman skins")
    terms = {"licence": "CC-BY-NC-4.0", "data": "own1", "consent": json.dumps(CONSENT)}
    entry = weights.read_entry("skin-vae")
    content = weights.locate_weights("skin-vae").read_bytes()[:-1] + b"x"  # the last byte of a number: other weights, as good
    (tmp_path / entry["file"]).write_bytes(content)
    (tmp_path / weights.INDEX_FILE).write_text(json.dumps({"skin-vae": {**entry, "sha256": sha256(content), **terms}}))
    monkeypatch.setenv(weights.USER_FOLDER_VARIABLE, str(tmp_path))
    (made,) = run(options=IdentitySpec(), backend=BACKENDS.get("vae"), seed=0).sources
    assert (made.licence, made.sellable) == ("CC-BY-NC-4.0", False)
    assert made.note == "trained on own1; consent record consent.txt (sha256 c0)"
    with pytest.raises(RightsError, match=r"skin-vae \(CC-BY-NC-4.0\) may not be sold: trained on own1"):
        refuse_unsellable([made])


def test_a_body_by_your_weights_is_under_their_licence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert GanBody().sources()[-1].licence == "CC0-1.0"
    assert GanBody().sources()[-1].note == "a WGAN-GP trained on body vectors of Anny's calibrated shape distribution"
    yours(tmp_path, "body-bodygan", monkeypatch)
    made = GanBody().sources()[-1]
    assert (made.licence, made.sellable, made.author) == ("CC-BY-NC-4.0", False, "")
    assert made.note == "a WGAN-GP trained on own1; consent record consent.txt (sha256 c0)"


def test_weights_that_no_entry_tells_of_may_not_be_sold() -> None:
    made = weights.describe_weights("skin-unet", "0" * 64, usual="skins")
    assert (made.licence, made.sellable, made.note) == ("unknown", False, "trained on unknown data")


def test_champions_that_are_the_committed_weights_keep_their_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / weights.INDEX_FILE).write_text(json.dumps({"skin-unet": weights.read_entry("skin-unet")}))
    monkeypatch.setenv(weights.USER_FOLDER_VARIABLE, str(tmp_path))
    made = weights.describe_weights("skin-unet", weights.read_sha256("skin-unet"), usual="skins")
    assert (made.origin, made.note) == ("assets/weights: skin-unet.safetensors", "trained on skins")


@pytest.mark.parametrize(("told", "said"), [
    (None, []), ("", []),
    (json.dumps(CONSENT), ["consent.txt (sha256 c0)"]),
    (CONSENT, ["consent.txt (sha256 c0)"]),
    (json.dumps([CONSENT, {"person": "Ada"}]), ["consent.txt (sha256 c0)", "person: Ada"]),
    ("Ada agreed by letter", ["Ada agreed by letter"]),
])  # fmt: skip
def test_a_consent_is_read_however_it_was_written_into_the_entry(told: object, said: list[str]) -> None:
    assert weights.format_consents(told) == said
