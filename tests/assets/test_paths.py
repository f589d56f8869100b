"""Where a folder that is not there yet would stand."""

import errno
import unicodedata
from pathlib import Path

import pytest

from assets.errors import BackendError
from assets.paths import find_existing_ancestor, find_existing_form


def test_a_folder_stands_on_the_nearest_that_is_there(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path)
    assert find_existing_ancestor(tmp_path) == tmp_path
    assert find_existing_ancestor(tmp_path / "not" / "yet") == tmp_path
    assert find_existing_ancestor(tmp_path / "file" / "below") == tmp_path / "file"
    assert find_existing_ancestor(tmp_path / "link" / "x") == tmp_path / "link"
    assert find_existing_ancestor(tmp_path / "not" / ".." / "x") == tmp_path


def test_a_relative_folder_stands_where_the_process_does(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_existing_ancestor(tmp_path / "x").samefile(".")


@pytest.mark.parametrize("below", ["", "x", "x/y"])
def test_no_folder_stands_on_links_that_lead_to_one_another_or_nowhere(tmp_path, below):
    """It climbed to the folder that holds the links, where nothing was wrong."""
    for name, target in (("a", "b"), ("b", "a"), ("c", "gone")):
        (tmp_path / name).symlink_to(target)
    for name, number in (("a", errno.ELOOP), ("c", errno.ENOENT)):
        with pytest.raises(OSError, match="") as caught:
            find_existing_ancestor(tmp_path / name / below)
        assert caught.value.errno == number


def test_what_was_baked_and_is_damaged_is_one_sentence(tmp_path, monkeypatch):
    """A file that a full disk had cut off ended in a traceback."""
    from stages.body.anny import load_baked_model
    from stages.groom.base_mesh import load_base_triangles
    from stages.identity.stage import load_face_change_names
    from stages.texture.tiles import load_skin_library

    monkeypatch.setenv("FENSHEN_HOME", str(tmp_path))
    (tmp_path / "baked").mkdir()
    load_base_triangles.cache_clear()
    for file, read in (
        ("body.safetensors", load_baked_model), ("template.safetensors", load_base_triangles),
        ("face_changes.json", load_face_change_names),
        ("tiles.safetensors", load_skin_library),
    ):  # fmt: skip
        (tmp_path / "baked" / file).write_bytes(b"{cut")
        with pytest.raises(BackendError) as caught:
            read()
        assert caught.value.findings[0].message.startswith(f"{file} is damaged: ")
        assert caught.value.findings[0].fix == f"remove the folder {tmp_path}/baked and run `make bake`"


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_path_is_found_in_the_other_unicode_form(tmp_path, form):
    other = {"NFC": "NFD", "NFD": "NFC"}[form]
    on_disk, written = (unicodedata.normalize(which, "é") for which in (form, other))
    (tmp_path / on_disk).mkdir()
    (tmp_path / on_disk / f"{on_disk}.bvh").write_text("")
    assert find_existing_form(tmp_path / written / f"{written}.bvh") == tmp_path / on_disk / f"{on_disk}.bvh"
    assert find_existing_form(tmp_path / on_disk) == tmp_path / on_disk
    assert find_existing_form(tmp_path / written / ".." / written) == tmp_path / on_disk / ".." / on_disk


def test_a_path_that_exists_in_no_form_stays_as_written(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "é.bvh", tmp_path / "gone" / "é", tmp_path / "file" / "é", Path("é"), Path("x" * 300 + "é"), Path("plain")):
        assert find_existing_form(path) == path


def test_of_two_forms_that_both_exist_the_written_one_is_taken(tmp_path):
    forms = [unicodedata.normalize(form, "é.bvh") for form in ("NFC", "NFD")]
    for name in forms:
        (tmp_path / name).write_text("")
    assert [find_existing_form(tmp_path / name).name for name in forms] == forms
