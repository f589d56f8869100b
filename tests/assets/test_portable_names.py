"""File names that Windows refuses are recognised and replaced."""

from __future__ import annotations

import unicodedata

import pytest

from assets.portable_names import explain_unportable_name, get_collision_key, make_portable_name
from assets.spec.behaviour import FactSpec, PersonaSpec
from stages.dialogue.candidates import format_topic_id, list_authored_lines
from stages.motion.clips import LIBRARY


@pytest.mark.parametrize(
    ("name", "reason", "safe"),
    [
        ("con", "is a device name on Windows", "con_"),
        ("AUX.yaml", "is a device name on Windows", "AUX_.yaml"),
        ("nul .txt", "is a device name on Windows", "nul _.txt"),
        ("com1", "is a device name on Windows", "com1_"),
        ("LPT9.tar.gz", "is a device name on Windows", "LPT9_.tar.gz"),
        ("ada.", "ends with a dot or a space, which Windows drops", "ada_"),
        ("ada ", "ends with a dot or a space, which Windows drops", "ada_"),
        ("con.", "is a device name on Windows", "con_"),
        ("what?", "contains ?, which Windows refuses", "what_"),
        ('a<b>c:d"e|f*g', "contains <, which Windows refuses", "a_b_c_d_e_f_g"),
        ("a\\b", "contains \\, which Windows refuses", "a_b"),
        ("a\nb", "contains the character U+000A, which Windows refuses", "a_b"),
        ("ada", "", "ada"),
        ("icon", "", "icon"),
        ("com", "", "com"),
        ("console", "", "console"),
        (".hidden", "", ".hidden"),
        ("my[draft]", "", "my[draft]"),
        ("café", "", "café"),
        ("林老师", "", "林老师"),
    ],
)
def test_a_name_that_windows_refuses_has_a_reason_and_a_replacement(name: str, reason: str, safe: str) -> None:
    assert explain_unportable_name(name) == reason
    assert make_portable_name(name) == safe
    assert explain_unportable_name(safe) == ""


def test_names_that_differ_in_case_or_unicode_form_collide() -> None:
    assert get_collision_key("Ada") == get_collision_key("ada")
    assert get_collision_key(unicodedata.normalize("NFD", "café")) == get_collision_key("Café")
    assert get_collision_key("a?") == get_collision_key("a*")
    assert get_collision_key("ada") != get_collision_key("adam")


def test_spoken_lines_and_clips_of_the_library_have_names_that_every_system_accepts() -> None:
    """Bundles hold voice/ID.wav, visemes/ID.json and clips/NAME.vrma; the names of the user's own clips are checked in the spec."""
    persona = PersonaSpec(facts=(FactSpec(say="Yes."),) * 120, lines=("No.",) * 120)
    ids = [line for line, _ in list_authored_lines(persona, "con")] + [format_topic_id(number) for number in range(1, 21)]
    names = [*ids, *(f"say_{line}" for line in ids), *LIBRARY]
    assert [name for name in names if explain_unportable_name(name)] == []
    assert len({get_collision_key(name) for name in names}) == len(names)
