"""A model folder of the user's own is part of the stage's key: what lies in it counts, not where."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.spec.avatar import AvatarSpec
from assets.store import LocalStore
from flows.pipeline.definition import DIALOGUE, VOICE
from flows.pipeline.plan import Order
from stages.execute import key_parts

SPEC = AvatarSpec.model_validate({"name": "A", "voice": {"model": "mine"}, "persona": {"backend": "writer", "model": "mine"}})


@pytest.fixture
def order(tmp_path: Path) -> Order:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.json").write_text("{}")
    (tmp_path / "mine" / "model.pth").write_bytes(b"weights")
    return Order(SPEC, tmp_path, LocalStore(tmp_path / "store"))


def parts(order: Order, section: str) -> dict[str, object]:
    stage, options, backend = {"voice": (VOICE, SPEC.voice, "coqui"), "persona": (DIALOGUE, SPEC.persona, "writer")}[section]
    job = order.job(stage, options, backend, None)
    assert job.resolved.model == str(order.folder / "mine")
    return key_parts(stage, job, dict.fromkeys(stage.takes, type("R", (), {"digest": "0"})))


@pytest.mark.parametrize("section", ["voice", "persona"])
def test_a_model_changed_under_its_name_changes_the_key(order: Order, section: str) -> None:
    before = parts(order, section)
    assert before == parts(order, section)
    (order.folder / "mine" / "model.pth").write_bytes(b"other weights")
    after = parts(order, section)
    assert {name for name in before if before[name] != after[name]} == {"media"}


def test_an_id_that_is_in_no_cache_has_no_digest(order: Order) -> None:
    options = SPEC.persona.model_copy(update={"model": "nobody/nothing-of-this-name"})
    job = order.job(DIALOGUE, options, "writer", None)
    assert job.media == {}
    assert job.resolved.model == options.model
