"""Text that YAML drops as a comment is reported, and what is meant as a comment is not."""

from __future__ import annotations

import pytest

from assets.spec.avatar import AvatarSpec
from assets.spec.comments import FREE_TEXT_FIELDS
from assets.spec.fields import find_field
from assets.spec.read import find_text_warnings, parse_spec


def list_warnings(text: str) -> list[str]:
    """The warnings of a valid spec."""
    parse_spec(text.encode(), "a.yaml")
    return [str(finding) for finding in find_text_warnings(text.encode())]


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (
            "name: A\npersona:\n  lines:\n  - Room #7 is closed",
            "4:5: warning[spec/comment] persona.lines.0: YAML reads #7 is closed as a comment and drops it; "
            'if it belongs to the text, write "Room #7 is closed"; if not, write two spaces before # and one behind it',
        ),
        (
            "name: A\npersona:\n  lines:\n  - Press # to continue",
            "4:5: warning[spec/comment] persona.lines.0: YAML reads # to continue as a comment and drops it; "
            'if it belongs to the text, write "Press # to continue"; if not, write two spaces before # and one behind it',
        ),
        (
            "name: Ada #1",
            "1:7: warning[spec/comment] name: YAML reads #1 as a comment and drops it; "
            'if it belongs to the text, write "Ada #1"; if not, write two spaces before # and one behind it',
        ),
        (
            'name: A\npersona:\n  who: The "boss" #1',
            "3:8: warning[spec/comment] persona.who: YAML reads #1 as a comment and drops it; "
            "if it belongs to the text, write 'The \"boss\" #1'; if not, write two spaces before # and one behind it",
        ),
        (
            "name: A\npersona:\n  greeting: #hello",
            "3:12: warning[spec/comment] persona.greeting is empty: YAML reads #hello as a comment; "
            'write "#hello", or leave the line out to take the default',
        ),
        (
            "name: A\npersona:\n  greeting: # to be written",
            "3:12: warning[spec/comment] persona.greeting is empty: YAML reads # to be written as a comment; "
            'write "# to be written", or leave the line out to take the default',
        ),
        (
            "name: A\ngroom:\n  hair: #bob01",
            "3:8: warning[spec/comment] groom.hair is empty: YAML reads #bob01 as a comment; "
            "write a value before it, or leave the line out to take the default",
        ),
    ],
)
def test_text_behind_a_number_sign_is_a_warning_that_says_how_to_keep_it(text: str, warning: str) -> None:
    assert list_warnings(text) == [warning]


@pytest.mark.parametrize(
    "text",
    [
        "name: Ada  # the astronomer",
        "name: Ada # the astronomer",
        'name: "Ada #1" # the astronomer',
        "name: Ada\nseed: 3 #lucky",
        "name: Ada\nvoice:\n  backend: hibari #a woman's",
        "name: Ada\npersona:\n  lines:\n  - Welcome.  # spoken at the door\n  - 'Room #7'\n  - Room#7\n  - |\n    Room #7",
        "name: Ada\ngroom:\n  hat:  # none yet\n  hair: # as the seed says",
        "name: Ada\ngroom: # what is worn\n  hair: bob01",
        "# name: Eve\nname: Ada\n#seed: 3",
    ],
)
def test_what_is_meant_as_a_comment_is_none_of_our_business(text: str) -> None:
    assert list_warnings(text) == []


@pytest.mark.parametrize("field", FREE_TEXT_FIELDS)
def test_each_free_text_field_is_a_field_of_the_spec(field: str) -> None:
    loc = tuple(0 if part == "*" else part for part in field.split("."))
    assert find_field(loc) is not None


def test_every_text_field_is_free_text_or_takes_known_names() -> None:
    """A new text field must be listed, or text that YAML drops from it is lost in silence."""
    from flows.pipeline.spec_choices import collect_spec_choices

    known = {*FREE_TEXT_FIELDS, *collect_spec_choices().names, "motion.clips.*.name"}
    assert [path for path in list_text_fields(AvatarSpec.model_json_schema()) if path not in known] == []


def list_text_fields(schema: dict, node: dict | None = None, path: str = "") -> list[str]:
    """Dotted patterns of the fields that take text of any kind but a colour."""
    node = schema if node is None else node
    if "$ref" in node:
        node = schema["$defs"][node["$ref"].rpartition("/")[2]]
    found: list[str] = []
    for key, value in node.get("properties", {}).items():
        found += list_text_fields(schema, value, f"{path}.{key}".strip("."))
    for part in node.get("anyOf", ()):
        found += list_text_fields(schema, part, path)
    if "items" in node:
        found += list_text_fields(schema, node["items"], f"{path}.*")
    is_choice = "enum" in node or "const" in node or path.endswith(("colour", "hair_tips", "second"))
    return [*found, path] if node.get("type") == "string" and not is_choice else found
