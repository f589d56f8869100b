"""What comes through its cover is found: at rest, in a clip, and not where cloth ends."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
import tiny
import worn

from assets.errors import BackendError, Finding, Severity
from assets.store import LocalStore
from assets.substage_cache import use_cache
from stages.render.gl import NO_EGL
from stages.verify.bundle_view import Glb
from stages.verify.gate import load_gates
from stages.verify.gates import cover
from stages.verify.poke_through import choose_key_frames

CLAIM = load_gates()["cover/poke-through"].claim


def found(**knobs: float) -> list[Finding]:
    return list(CLAIM(tiny.bundle(glb=worn.glb(**knobs))))


def test_a_body_within_its_shirt_passes_though_its_ends_are_bare() -> None:
    assert found() == []


def test_a_body_pushed_through_its_shirt_fails_at_rest() -> None:
    (finding,) = found(body=0.113)
    assert finding.code == "cover/poke-through"
    assert finding.message.endswith("of 10,000 pixels of the person show what cloth should cover, in the bind pose")
    assert float(str(finding.value)) > 0.1


def test_a_body_that_leaves_its_shirt_in_a_clip_fails_there() -> None:
    (finding,) = found(step=0.025)
    assert str(finding.message).endswith("in step at 0.20 s")


def test_a_body_wide_of_its_shirt_is_not_covered_by_it() -> None:
    assert found(body=0.13) == []


def test_what_its_cover_leaves_bare_is_not_through_another_garment() -> None:
    """A sock that a trouser leg uncovers has the shoe behind it: that was told as coming through the shoe."""
    assert found(sink=0.1, boot=0.078) == []


def test_the_farthest_poses_come_first_and_none_twice() -> None:
    glb = Glb.parse("avatar.glb", worn.glb(step=0.02))
    chosen = choose_key_frames(glb, 4)
    assert [round(moment.seconds, 1) for moment in chosen] == [0.2]  # keys: 0 s is the bind, all later moments take the last key
    assert np.allclose(chosen[0].pose["Hips.translation"], [0, 0, 0.02])


def test_without_egl_it_says_that_it_did_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(side: int) -> None:
        raise BackendError(NO_EGL)

    monkeypatch.setattr(cover, "open_depth_renderer", refuse)
    (finding,) = found(body=0.113)
    assert finding.severity is Severity.INFO
    assert finding.message == "not run: there is no EGL device to draw the previews with"


def test_a_pose_seen_before_is_not_drawn_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with use_cache(LocalStore(tmp_path)):
        before = found(step=0.025)
        monkeypatch.setattr(cover, "open_depth_renderer", lambda side: pytest.fail("drawn again"))
        assert [f.message for f in found(step=0.025)] == [f.message for f in before]
        with pytest.raises(pytest.fail.Exception):
            found(step=0.02)


def test_hair_within_its_hat_passes() -> None:
    assert found(hair=0.114) == []


def test_hair_that_hides_its_hat_fails_and_says_what_to_change() -> None:
    (finding,) = found(hair=0.16)
    assert float(str(finding.value)) > 0.02
    assert finding.fix == ("most comes through the hat: take another one (groom.hat), milder values of body, or --allow cover/poke-through")


def test_hair_that_hangs_below_its_hat_may_stand_out() -> None:
    assert found(hair=0.16, hair_top=0.28) == []
