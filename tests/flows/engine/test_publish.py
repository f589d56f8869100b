"""What a run shows in Prefect's pages."""

import re

import pytest

from assets.artefacts.verdict import count_checks
from assets.paths import PROJECT_ROOT
from flows.engine.publish import escape_run_name, list_gate_results, list_timings, make_plain_rows, slugify

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


class Job:
    """What Prefect formats a run's name with."""

    def __init__(self) -> None:
        self.spec = "secret"


@pytest.mark.parametrize("name", [
    "Ada", "Ada {the Great}", "{job.__init__.__globals__[logging].os.environ}", "{name!r:>2000}", "{", "}", "{{}}", "{0}", "{job.spec}",
])  # fmt: skip
def test_a_name_is_no_template(name):
    """`{job.__init__.__globals__[logging].os.environ}` wrote the worker's environment into Prefect's pages."""
    assert f"voice · {escape_run_name(name)}".format(job=Job(), name="x") == f"voice · {name}"


def test_no_run_is_named_by_text_that_is_not_escaped():
    lines = [line for path in (PROJECT_ROOT / "flows").rglob("*.py") for line in path.read_text("utf-8").splitlines()]
    made = [line for line in lines if re.search(r"(task|flow)_run_name=f[\"\']", line)]
    assert len(made) == 2
    assert all("{escape_run_name(request.spec.name)}" in line for line in made)


def test_a_cell_of_a_table_holds_no_link():
    rows = [{"error": "no clip [x](javascript:alert(1))", "seconds": 1.5}]
    assert make_plain_rows(rows) == [{"error": "no clip [x] (javascript:alert(1))", "seconds": 1.5}]
