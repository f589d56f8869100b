"""The nearest existing ancestor of a path, and damaged baked files."""

import errno
import unicodedata
from pathlib import Path

import pytest

from assets.base_mesh import load_skin_triangles
from assets.errors import BackendError
from assets.paths import find_existing_ancestor, find_existing_form, find_program, get_home, get_node_modules, read_baked_script
from stages.body.anny import load_baked_model
from stages.identity.stage import load_face_change_names
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
    for file, load in (
        ("body.safetensors", load_baked_model), ("template.safetensors", load_skin_triangles),
        ("face_changes.json", load_face_change_names),
        ("tiles.safetensors", load_skin_library),
    ):  # fmt: skip
        (tmp_path / "baked" / file).write_bytes(b"{cut")
        with pytest.raises(BackendError) as caught:
            load()
        reason = caught.value.__cause__
        assert str(caught.value) == (
            f"error[bake/damaged] {file} is damaged: {reason}; delete the folder {tmp_path}/baked, then run `fenshen bake`"
        )


def test_a_missing_baked_script_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("FENSHEN_HOME", str(tmp_path))
    with pytest.raises(BackendError) as caught:
        read_baked_script("viewer.js")
    assert str(caught.value) == "error[bake/script] cannot read the baked script viewer.js: No such file or directory; run `fenshen bake`"


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


def test_a_program_in_the_current_folder_is_not_found(tmp_path, monkeypatch):
    """`.` or an empty part of PATH would start a `node` that came with a spec."""
    (tmp_path / "node").write_text("#!/bin/sh\n")
    (tmp_path / "node").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    for path in (".", ":", "", "./"):
        monkeypatch.setenv("PATH", path)
        assert find_program("node") is None
    monkeypatch.setenv("PATH", f".:{tmp_path}")
    assert find_program("node") == str(tmp_path / "node")


def test_a_tilde_in_our_variables_is_the_users_home(tmp_path, monkeypatch):
    """A service file and Docker set them without a shell: a folder of the name ~ was made in the current one."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("FENSHEN_HOME", "~/mine")
    assert (get_home(), get_node_modules()) == (tmp_path / "mine", tmp_path / "mine" / "node" / "node_modules")
    monkeypatch.setenv("FENSHEN_NODE_MODULES", "~/node")
    assert get_node_modules() == tmp_path / "node"
