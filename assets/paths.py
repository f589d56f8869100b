"""Folders and files of this machine: the one folder for baked and built data (FENSHEN_HOME), and how written paths are found."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assets.errors import BackendError, Finding

PROJECT_ROOT = Path(__file__).resolve().parent.parent


def get_home() -> Path:
    """FENSHEN_HOME, else .fenshen in a source checkout, else the user's cache folder."""
    if os.environ.get("FENSHEN_HOME"):
        return Path(os.environ["FENSHEN_HOME"])
    if (PROJECT_ROOT / "pyproject.toml").exists():
        return PROJECT_ROOT / ".fenshen"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "fenshen"


def get_baked_path(name: str) -> Path:
    """Path of one file that `make bake` writes, e.g. baked("body.safetensors"); it may not exist yet."""
    return get_home() / "baked" / name


def read_baked_script(name: str) -> str:
    """The text of a script that `make bake` bundles with the node packages that it uses; raises BackendError where it is not there."""
    try:
        return get_baked_path(name).read_text("utf-8")
    except OSError as error:
        raise BackendError(Finding("bake/script", f"{name} is not baked: {error.strerror}", fix="run `make bake`")) from error


@contextmanager
def wrap_read_errors(path: Path) -> Iterator[None]:
    """Inside, a file that `make bake` wrote is read; raises BackendError where it is damaged."""
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        fix = f"remove the folder {path.parent} and run `make bake`"
        raise BackendError(Finding("bake/damaged", f"{path.name} is damaged: {error}", fix=fix)) from error


def get_node_modules() -> Path:
    """The folder that holds the pinned node packages (the wardrobe, the validator, the viewer)."""
    return Path(os.environ.get("FENSHEN_NODE_MODULES", get_home() / "node" / "node_modules"))


def find_existing_ancestor(path: Path) -> Path:
    """The path, or the nearest above it that is there.

    Raises:
        OSError: no folder can be made there: a name too long, links that lead to one another, a link that leads nowhere.
    """
    place = path.absolute()  # not resolved: what is wrong with a link would be lost
    while True:
        try:
            place.stat()
        except (FileNotFoundError, NotADirectoryError):
            if place.is_symlink():
                raise
            place = place.parent
        else:
            return place


def find_existing_form(path: Path) -> Path:
    """The path, or where it does not exist, the existing one whose names differ only in their Unicode form.

    macOS writes `é` as two characters (NFD), most editors as one (NFC); Linux takes these for two names.
    """
    if str(path).isascii() or os.path.lexists(path):
        return path
    parent = path.parent if path.parent == path else find_existing_form(path.parent)
    name = unicodedata.normalize("NFC", path.name)
    try:
        # Where several forms exist, the smallest is as good as any other, but always the same.
        found = sorted(entry for entry in os.listdir(parent) if unicodedata.normalize("NFC", entry) == name)
    except OSError:
        found = []
    return parent / (found[0] if found else path.name)
