"""What a bundle tells beside its files."""

from dataclasses import replace
from pathlib import Path

from assets.artefacts.motion import Motion
from assets.store import LocalStore
from flows.layout import warnings_of
from stages.execute import Outcome
from tests.stages import small_character as small


def test_what_stages_warn_of_is_told_with_the_stage(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    speech = replace(small.speech(), warnings=("hello: the times were spread",))
    motion = Motion(small.performance().skeleton, (), ("reach.mp4: the video is cut off",))
    dialogue = replace(small.dialogue(), warnings=("no fact is about 'cars'",))
    made = {"voice": speech, "motion": motion, "dialogue": dialogue}
    outcomes = {name: Outcome(store.put(name, artefact, {}), name, "", False, 0.0) for name, artefact in made.items()}
    assert warnings_of(outcomes, store) == [
        {"stage": "motion", "message": "reach.mp4: the video is cut off"},
        {"stage": "dialogue", "message": "no fact is about 'cars'"},
        {"stage": "voice", "message": "hello: the times were spread"},
    ]
