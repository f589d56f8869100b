"""What a run shows in Prefect's pages."""

import re
from pathlib import Path

import pytest

from assets.artefacts.verdict import count_checks
from flows.engine.batch import _make_batch_state
from flows.engine.publish import list_gate_results, list_timings, slugify
from flows.pipeline.definition import STAGES
from flows.pipeline.request import find_specs

STAGE = {"name": "voice", "version": 1, "backend": "hibari", "key": "f" * 64, "cached": True, "seconds": 1.5}


def test_the_seconds_stand_where_the_page_shows_them():
    assert list(list_timings({"stages": [STAGE]})[0])[:3] == ["stage", "seconds", "from"]
    assert list_timings({"stages": [STAGE]})[0]["from"] == "the store"


def test_gates_that_failed_come_first():
    checks = [{"code": "a", "ok": True, "message": ""}, {"code": "b", "ok": False, "message": "it floats"}]
    assert [(row["gate"], row["passed"]) for row in list_gate_results({"checks": checks})] == [("b", "NO"), ("a", "yes")]


def test_a_gate_that_could_not_run_is_not_told_as_passed():
    checks = [{"code": "a", "ok": True, "message": ""}, {"code": "engine/blender", "ok": True, "message": "not run", "ran": False}]
    assert [(row["gate"], row["passed"]) for row in list_gate_results({"checks": checks})] == [("engine/blender", "not run"), ("a", "yes")]
    assert count_checks(checks) == (1, 1, 1)


def test_a_name_in_latin_letters_makes_its_key():
    assert slugify("Kofi M.") == "kofi-m"
    assert slugify("face-net_2") == "face-net-2"


@pytest.mark.parametrize(("one", "other"), [("林老师", "王老师"), ("José", "Josá"), ("lin 林", "lin 王"), ("🙂", "🙃")])
def test_names_that_lose_letters_keep_keys_of_their_own(one, other):
    """Every Chinese name became `avatar`: two characters shared one history in Prefect's pages."""
    assert slugify(one) != slugify(other)
    assert all(re.fullmatch(r"[a-z0-9-]+", slugify(name)) for name in (one, other))


def test_a_letter_and_its_parts_make_one_key():
    assert slugify("Jos\u00e9") == slugify("Jose\u0301") == "jos-24c2ab65"


def test_gan_inference_waits_for_the_gpu_and_nothing_else_does():
    assert [stage.name for stage in STAGES.values() if stage.gpu] == ["identity"]


def test_a_batch_fails_only_where_nothing_was_built():
    good = {"spec": "a.yaml", "bundle": "build/a", "error": "", "kind": ""}
    bad = {"spec": "b.yaml", "bundle": "", "error": "it is wrong", "kind": "SpecError"}
    assert _make_batch_state([good, bad]).is_completed()
    assert _make_batch_state([good, bad]).message == "1 of 2 specs built; failed: b.yaml"
    assert _make_batch_state([bad]).is_failed()


def test_specs_are_found_in_order(tmp_path: Path):
    for name in ("b.yml", "a.json", "c.txt"):
        (tmp_path / name).write_text("")
    assert [path.name for path in find_specs(tmp_path)] == ["a.json", "b.yml"]
