"""The nearest existing ancestor of a path, and damaged baked files."""

import errno

import pytest

from assets.errors import BackendError
from assets.paths import find_existing_ancestor, read_baked_script
from stages.body.anny import load_baked_model
from stages.groom.base_mesh import load_base_triangles
from stages.identity.stage import _load_face_change_names
from stages.texture.tiles import load_skin_library


def test_the_nearest_existing_ancestor_is_found(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path)
    assert find_existing_ancestor(tmp_path) == tmp_path
    assert find_existing_ancestor(tmp_path / "not" / "yet") == tmp_path
    assert find_existing_ancestor(tmp_path / "file" / "below") == tmp_path / "file"
    assert find_existing_ancestor(tmp_path / "link" / "x") == tmp_path / "link"
    assert find_existing_ancestor(tmp_path / "not" / ".." / "x") == tmp_path


def test_a_relative_path_starts_at_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_existing_ancestor(tmp_path / "x").samefile(".")


@pytest.mark.parametrize("below", ["", "x", "x/y"])
def test_circular_and_broken_links_are_errors(tmp_path, below):
    """The parent of the links was returned, as if they did not exist."""
    for name, target in (("a", "b"), ("b", "a"), ("c", "gone")):
        (tmp_path / name).symlink_to(target)
    for name, number in (("a", errno.ELOOP), ("c", errno.ENOENT)):
        with pytest.raises(OSError, match="") as caught:
            find_existing_ancestor(tmp_path / name / below)
        assert caught.value.errno == number


def test_a_damaged_baked_file_is_one_sentence(tmp_path, monkeypatch):
    """A file truncated by a full disk ended in a traceback."""
    monkeypatch.setenv("FENSHEN_HOME", str(tmp_path))
    (tmp_path / "baked").mkdir()
    load_base_triangles.cache_clear()
    for file, load in (
        ("body.safetensors", load_baked_model), ("template.safetensors", load_base_triangles),
        ("face_changes.json", _load_face_change_names),
        ("tiles.safetensors", load_skin_library),
    ):  # fmt: skip
        (tmp_path / "baked" / file).write_bytes(b"{cut")
        with pytest.raises(BackendError) as caught:
            load()
        reason = caught.value.__cause__
        assert str(caught.value) == (
            f"error[bake/damaged] {file} is damaged: {reason}; delete the folder {tmp_path}/baked, then run `make bake`"
        )


def test_a_missing_baked_script_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("FENSHEN_HOME", str(tmp_path))
    with pytest.raises(BackendError) as caught:
        read_baked_script("viewer.js")
    assert str(caught.value) == "error[bake/script] cannot read the baked script viewer.js: No such file or directory; run `make bake`"
