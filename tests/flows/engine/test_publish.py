"""What a run shows in Prefect's pages."""

import re

import pytest

from assets.artefacts.verdict import count_checks
from flows.engine.publish import list_gate_results, list_timings, slugify

STAGE = {"name": "voice", "version": 1, "backend": "hibari", "key": "f" * 64, "cached": True, "seconds": 1.5}


def test_the_seconds_are_where_the_page_shows_them():
    assert list(list_timings({"stages": [STAGE]})[0])[:3] == ["stage", "seconds", "from"]
    assert list_timings({"stages": [STAGE]})[0]["from"] == "the store"


def test_gates_that_failed_come_first():
    checks = [{"code": "a", "ok": True, "message": ""}, {"code": "b", "ok": False, "message": "it floats"}]
    assert [(row["gate"], row["passed"]) for row in list_gate_results({"checks": checks})] == [("b", "NO"), ("a", "yes")]


def test_a_gate_that_could_not_run_is_not_shown_as_passed():
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
