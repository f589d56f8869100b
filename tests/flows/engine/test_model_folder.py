"""A model folder of the user is part of the stage's key: its content counts, not its path."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.spec.avatar import AvatarSpec
from assets.store import LocalStore
from flows.pipeline.definition import STAGES
from flows.pipeline.request import ResolvedRequest
from stages.execute import compute_key_parts

SPEC = AvatarSpec.model_validate({"name": "A", "voice": {"model": "mine"}, "persona": {"backend": "writer", "model": "mine"}})


@pytest.fixture
def resolved(tmp_path: Path) -> ResolvedRequest:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.json").write_text("{}")
    (tmp_path / "mine" / "model.pth").write_bytes(b"weights")
    return ResolvedRequest(SPEC, tmp_path, LocalStore(tmp_path / "store"))


def parts(resolved: ResolvedRequest, section: str) -> dict[str, object]:
    name, options, backend = {"voice": ("voice", SPEC.voice, "coqui"), "persona": ("dialogue", SPEC.persona, "writer")}[section]
    stage = STAGES[name]
    job = resolved.make_job(stage, options, backend, None)
    assert job.resolved_options.model == str(resolved.folder / "mine")
    return compute_key_parts(stage, job, dict.fromkeys(stage.takes, type("R", (), {"digest": "0"})))


@pytest.mark.parametrize("section", ["voice", "persona"])
def test_a_model_changed_under_its_name_changes_the_key(resolved: ResolvedRequest, section: str) -> None:
    before = parts(resolved, section)
    assert before == parts(resolved, section)
    (resolved.folder / "mine" / "model.pth").write_bytes(b"other weights")
    after = parts(resolved, section)
    assert {name for name in before if before[name] != after[name]} == {"media"}


def test_an_id_that_is_in_no_cache_has_no_digest(resolved: ResolvedRequest) -> None:
    options = SPEC.persona.model_copy(update={"model": "nobody/nothing-of-this-name"})
    job = resolved.make_job(STAGES["dialogue"], options, "writer", None)
    assert job.media == {}
    assert job.resolved_options.model == options.model
