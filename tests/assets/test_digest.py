"""Digests of files and folders."""

from assets.digest import sha256, sha256_path


def test_a_file_is_its_bytes_and_a_folder_its_names_and_bytes(tmp_path):
    (tmp_path / "a").write_text("x")
    assert sha256_path(tmp_path / "a") == sha256(b"x")
    whole = sha256_path(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    assert sha256_path(tmp_path) != whole
    (tmp_path / "b").rename(tmp_path / "a")
    assert sha256_path(tmp_path) == whole
