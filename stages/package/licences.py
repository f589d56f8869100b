"""What a bundle may be used for: the check of `rights.strict`, and LICENSES.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from assets.bundle import BundleFile
from assets.errors import Finding, RightsError
from assets.markdown import escape_markdown
from assets.rights import Source
from assets.spec.packaging import RightsSpec


def refuse_unsellable(sources: Sequence[Source]) -> None:
    """Raises RightsError with one finding for each source that may not be sold."""
    if findings := [_describe_unsellable(source) for source in sources if not source.sellable]:
        raise RightsError(*findings)


def _describe_unsellable(source: Source) -> Finding:
    message = f"{source.name} ({source.licence}) may not be sold: {source.note or source.origin}"
    fix = f"choose another one, ask {source.author or 'its owner'} for permission, or set rights.strict to false"
    return Finding("rights/strict", message, fix=fix)


def build_licences_file(
    name: str, rights: RightsSpec, files: Sequence[BundleFile], sources: Sequence[Source], filmed: Sequence[str]
) -> BundleFile:
    """LICENSES.md: the bundle's licence, the consent of the people shown, the terms of every source, and the sources of every file.

    Args:
        filmed: names of the clips that were read from a video.
    """
    title, licence, creator = (escape_markdown(text) for text in (name, rights.licence, rights.creator))
    rows = [f"# Licences of {title}", "", f"The finished avatar: {licence}, by {creator}.", ""]
    if rights.consent:
        rows += [f"Consent record of the people shown: {escape_markdown(Path(rights.consent).name)}.", ""]
    else:
        rows += [row for clip in filmed for row in (f"Clip {clip} was read from a video, and no consent record is named.", "")]
    rows += ["## Sources", ""]
    rows += ["| source | licence | origin | author | may be sold | note |", "|---|---|---|---|---|---|"]
    rows += [_format_row((s.name, s.licence, s.origin, s.author, "yes" if s.sellable else "NO", s.note)) for s in sources]
    rows += ["", "## Files", "", "| file | licence | sources |", "|---|---|---|"]
    rows += [_format_row((f.path, f.licence, ", ".join(f.sources))) for f in files]
    rows += [_format_row(("report.html", "Apache-2.0 AND MIT", "fenshen, three.js"))]  # written later, with the bundle
    data = ("\n".join(rows) + "\n").encode()
    return BundleFile("LICENSES.md", data, "licences", "text/markdown", "CC0-1.0", ("Fenshen",))


def _format_row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(escape_markdown(cell) for cell in cells) + " |"
