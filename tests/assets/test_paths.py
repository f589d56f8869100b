"""Where a folder that is not there yet would stand."""

import errno

import pytest

from assets.errors import BackendError
from assets.paths import find_existing_ancestor


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
    from assets.base_mesh import load_skin_triangles
    from stages.body.anny import load_baked_model
    from stages.identity.stage import _load_face_change_names
    from stages.texture.tiles import load_skin_library

    monkeypatch.setenv("FENSHEN_HOME", str(tmp_path))
    (tmp_path / "baked").mkdir()
    load_skin_triangles.cache_clear()
    for file, read in (
        ("body.safetensors", load_baked_model), ("template.safetensors", load_skin_triangles),
        ("face_changes.json", _load_face_change_names),
        ("tiles.safetensors", load_skin_library),
    ):  # fmt: skip
        (tmp_path / "baked" / file).write_bytes(b"{cut")
        with pytest.raises(BackendError) as caught:
            read()
        assert caught.value.findings[0].message.startswith(f"{file} is damaged: ")
        assert caught.value.findings[0].fix == f"remove the folder {tmp_path}/baked and run `make bake`"
