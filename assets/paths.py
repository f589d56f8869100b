"""Folders and files of this machine: the one folder for baked and built data (FENSHEN_HOME), and how written paths are found."""

from __future__ import annotations

import os
import shutil
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assets.errors import BackendError, Finding, SpecError

PROJECT_ROOT = Path(__file__).resolve().parent.parent


def get_home() -> Path:
    """FENSHEN_HOME, else .fenshen in a source checkout, else the user's cache folder."""
    if os.environ.get("FENSHEN_HOME"):
        # A service's or a container's environment is set without a shell, which would replace the ~.
        return Path(os.path.expanduser(os.environ["FENSHEN_HOME"]))
    if (PROJECT_ROOT / "pyproject.toml").exists():
        return PROJECT_ROOT / ".fenshen"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "fenshen"


def get_baked_path(name: str) -> Path:
    """Path of a file that `fenshen bake` writes, such as body.safetensors; it may not exist yet."""
    return get_home() / "baked" / name


def read_baked_script(name: str) -> str:
    """The text of a script that `fenshen bake` bundles with its node packages; raises BackendError where it is missing."""
    try:
        return get_baked_path(name).read_text("utf-8")
    except OSError as error:
        raise BackendError(
            Finding("bake/script", f"cannot read the baked script {name}: {error.strerror}", fix="run `fenshen bake`")
        ) from error


@contextmanager
def wrap_read_errors(path: Path) -> Iterator[None]:
    """Context that reads a file of `fenshen bake`; raises BackendError where it is damaged."""
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        fix = f"delete the folder {path.parent}, then run `fenshen bake`"
        raise BackendError(Finding("bake/damaged", f"{path.name} is damaged: {error}", fix=fix)) from error


def get_node_modules() -> Path:
    """The folder of the pinned node packages: wardrobe, validator, viewer."""
    return Path(os.path.expanduser(os.environ.get("FENSHEN_NODE_MODULES", get_home() / "node" / "node_modules")))


REINSTALL_NODE_PACKAGES = "run `fenshen bake --node-only --force`"
"""What to do where a node package is there and its files are not what was published."""


def has_node_package(name: str) -> bool:
    """Whether a node package is installed; a folder without its package.json is what an interrupted installation left."""
    return (get_node_modules() / name / "package.json").is_file()


def find_program(name: str) -> str | None:
    """Path of a program in the absolute folders of PATH, or None: one in the current folder is never taken."""
    folders = [folder for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) if os.path.isabs(folder)]
    return shutil.which(name, path=os.pathsep.join(folders) or os.devnull)


def expand_home(path: Path) -> Path:
    """The path with `~` as the user's home: a shell leaves it in `--out '~/x'` and in `--out=~/x`.

    Raises:
        SpecError: `~name` of a user who does not exist.
    """
    try:
        return path.expanduser()
    except RuntimeError as error:
        fix = "write the whole path, or ./~ for a folder of that name"
        raise SpecError(Finding("build/home", f"{path} begins with a ~ that stands for no home", fix=fix)) from error


def find_existing_ancestor(path: Path) -> Path:
    """The path itself if it exists, else its nearest existing ancestor.

    Raises:
        OSError: no folder can be created there: a name is too long, or a link is circular or broken.
    """
    ancestor = path.absolute()  # not resolved: that would hide what is wrong with a link
    while True:
        try:
            ancestor.stat()
        except (FileNotFoundError, NotADirectoryError):
            if ancestor.is_symlink():
                raise
            ancestor = ancestor.parent
        else:
            return ancestor


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
