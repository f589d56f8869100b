"""The files of a bundle that are text or sound: dialogue.json, voice, visemes, LICENSES.md."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from assets.artefacts.talk import Dialogue, LineCues, Performance, Speech, SpokenLine
from assets.bundle import BundleFile
from assets.errors import Finding, RightsError
from assets.formats.wav import export_wav
from assets.rights import Source, merge_sources
from assets.spec.packaging import RightsSpec


def refuse_unsellable(sources: Sequence[Source]) -> None:
    """Raises RightsError with one finding for each source that may not be sold."""
    bad = [source for source in sources if not source.sellable]
    if bad:
        raise RightsError(
            *(Finding("rights/strict", f"{s.name} ({s.licence}) may not be sold: {s.note or s.origin}", fix=_suggest_fix(s)) for s in bad)
        )


def _suggest_fix(source: Source) -> str:
    return f"take another part in its place, clear it with {source.author or 'its owner'}, or set rights.strict to false"


def list_source_names(sources: Sequence[Source]) -> tuple[str, ...]:
    """Names of the sources; ours alone where there is none."""
    return tuple(dict.fromkeys(source.name for source in sources)) or ("Fenshen",)


def encode_json(value: Any) -> bytes:
    """UTF-8 JSON for people."""
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False).encode()


def build_talk_files(dialogue: Dialogue, speech: Speech, performance: Performance, licence: str) -> list[BundleFile]:
    """dialogue.json, voice/ID.wav and visemes/ID.json of every spoken line."""
    spoken = {line.id: line for line in speech.lines}
    cues = {track.line: track for track in performance.cues}
    files = [
        BundleFile(
            "dialogue.json",
            _encode_dialogue(dialogue, spoken),
            "dialogue",
            "application/json",
            licence,
            list_source_names(dialogue.sources),
        )
    ]
    for line in speech.lines:
        data = export_wav(line.samples, line.rate)
        files.append(BundleFile(f"voice/{line.id}.wav", data, "voice", "audio/wav", licence, list_source_names(speech.sources)))
        if line.id in cues:
            sources = list_source_names(merge_sources((speech.sources, performance.sources)))
            files.append(
                BundleFile(f"visemes/{line.id}.json", _encode_cues(cues[line.id]), "visemes", "application/json", licence, sources)
            )
    return files


def _encode_dialogue(dialogue: Dialogue, spoken: dict[str, SpokenLine]) -> bytes:
    lines = [
        {
            "id": line.id, "text": line.text, "language": line.language, "emotion": line.emotion, "gesture": line.gesture,
            "wav": f"voice/{line.id}.wav", "visemes": f"visemes/{line.id}.json",
            "seconds": round(len(spoken[line.id].samples) / spoken[line.id].rate, 4), "grounded_in": list(line.grounded_in),
        }
        for line in dialogue.lines if line.id in spoken
    ]  # fmt: skip
    replies = [{"line": reply.line, "questions": list(reply.questions)} for reply in dialogue.replies]
    persona = {"name": dialogue.name, "language": dialogue.language, "engine": dialogue.engine, "scores": dialogue.scores}
    return encode_json({"persona": persona, "lines": lines, "replies": replies, "fallback": dialogue.fallback})


def _encode_cues(track: LineCues) -> bytes:
    rows = [
        {"start": round(c.start, 4), "end": round(c.end, 4), "phoneme": c.phoneme, "viseme": c.viseme, "weight": round(c.weight, 4)}
        for c in track.cues
    ]
    return encode_json({"cues": rows})


def build_licences_file(
    name: str, rights: RightsSpec, files: Sequence[BundleFile], sources: Sequence[Source], filmed: Sequence[str]
) -> BundleFile:
    """LICENSES.md: what the bundle is under, who agreed to be shown, every source with its terms, and which file rests on which.

    Args:
        filmed: names of the clips that were read from a video.
    """
    rows = [f"# Licences of {name}", "", f"The finished avatar: {rights.licence}, by {rights.creator}.", ""]
    if rights.consent:
        rows += [f"Consent record of the people shown: {Path(rights.consent).name}.", ""]
    else:
        rows += [row for clip in filmed for row in (f"Clip {clip} was read from a video, and no consent record is named.", "")]
    rows += ["## Made from", ""]
    rows += ["| source | licence | from | author | may be sold | note |", "|---|---|---|---|---|---|"]
    rows += [_format_row((s.name, s.licence, s.origin, s.author, "yes" if s.sellable else "NO", s.note)) for s in sources]
    rows += ["", "## Files", "", "| file | licence | rests on |", "|---|---|---|"]
    rows += [_format_row((f.path, f.licence, ", ".join(f.sources))) for f in files]
    rows += [_format_row(("report.html", "Apache-2.0 AND MIT", "fenshen, three.js"))]  # written when the bundle is laid out
    data = ("\n".join(rows) + "\n").encode()
    return BundleFile("LICENSES.md", data, "licences", "text/markdown", "CC0-1.0", ("Fenshen",))


def _format_row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
