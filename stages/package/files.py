"""How the package stage makes one file of a bundle."""

from __future__ import annotations

from collections.abc import Sequence

from assets.bundle import BundleFile
from assets.formats.registry import get_media_type
from assets.rights import Source, list_source_names


def make_file(path: str, data: bytes, role: str, licence: str, sources: Sequence[Source]) -> BundleFile:
    """The file with the media type of its suffix and the names of its sources."""
    return BundleFile(path, data, role, get_media_type(path), licence, list_source_names(sources))
