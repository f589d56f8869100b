"""The files of a bundle that hold speech: dialogue.json, the voice and the visemes of each line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from assets.artefacts.talk import Dialogue, Line, LineCues, Performance, Speech, SpokenLine, Word
from assets.bundle import BundleFile
from assets.formats.wav import export_wav
from assets.rights import Source, list_source_names, merge_sources
from stages.package.files import make_file


def build_talk_files(dialogue: Dialogue, speech: Speech, performance: Performance, licence: str) -> list[BundleFile]:
    """dialogue.json, then voice/ID.wav and visemes/ID.json of every spoken line."""
    spoken = {line.id: line for line in speech.lines}
    data, sources = _encode_dialogue(dialogue, spoken), list_source_names(dialogue.sources)
    talk = BundleFile("dialogue.json", data, "dialogue", "application/json", licence, sources)
    return [talk, *_build_line_files(dialogue, speech, performance, licence)]


def _build_line_files(dialogue: Dialogue, speech: Speech, performance: Performance, licence: str) -> Iterator[BundleFile]:
    quoted = {line.id: _list_quoted(line, dialogue) for line in dialogue.lines}
    lips = list_source_names(merge_sources((speech.sources, performance.sources)))
    cues = {track.line: track for track in performance.cues}
    for line in speech.lines:
        sources = (*speech.sources, *quoted.get(line.id, ()))
        yield make_file(f"voice/{line.id}.wav", export_wav(line.samples, line.rate), "voice", licence, sources)
        if line.id in cues:
            data = _encode_cues(cues[line.id], line.words)
            yield BundleFile(f"visemes/{line.id}.json", data, "visemes", "application/json", licence, lips)


def _list_quoted(line: Line, dialogue: Dialogue) -> tuple[Source, ...]:
    """The document that a line quotes; none for the author's own lines."""
    return tuple(source for source in dialogue.sources if line.source and source.origin == line.source.file)


def _encode_dialogue(dialogue: Dialogue, spoken: dict[str, SpokenLine]) -> bytes:
    described = describe_dialogue(dialogue)
    described["lines"] = [
        line | {"wav": f"voice/{line['id']}.wav", "visemes": f"visemes/{line['id']}.json",
                "seconds": round(len(spoken[line["id"]].samples) / spoken[line["id"]].rate, 4)}
        for line in described["lines"] if line["id"] in spoken
    ]  # fmt: skip
    return _encode_json(described)


def describe_dialogue(dialogue: Dialogue) -> dict[str, Any]:
    """dialogue.json as a value, without the files and seconds of its lines."""
    lines = [
        {"id": line.id, "text": line.text, "language": line.language, "emotion": line.emotion, "gesture": line.gesture,
         "grounded_in": list(line.grounded_in), **_describe_source(line)}
        for line in dialogue.lines
    ]  # fmt: skip
    replies = [{"line": reply.line, "questions": list(reply.questions)} for reply in dialogue.replies]
    persona = {"name": dialogue.name, "language": dialogue.language, "engine": dialogue.engine, "scores": dialogue.scores}
    paraphrases = [{"line": group.line, "questions": list(group.questions)} for group in dialogue.paraphrases]
    refused = [{"line": wording.line, "text": wording.text, "reason": wording.reason} for wording in dialogue.refused]
    described = {"persona": persona, "lines": lines, "replies": replies, "paraphrases": paraphrases, "fallback": dialogue.fallback}
    return described | ({"refused": refused} if refused else {})


def _describe_source(line: Line) -> dict[str, Any]:
    """`source` and `topic` of a passage; nothing for the author's own lines."""
    if not line.source:
        return {}
    return {"source": {"file": line.source.file, line.source.unit: line.source.number}} | ({"topic": line.topic} if line.topic else {})


def _encode_cues(track: LineCues, words: Sequence[Word]) -> bytes:
    rows = [
        {"start": round(c.start, 4), "end": round(c.end, 4), "phoneme": c.phoneme, "viseme": c.viseme, "weight": round(c.weight, 4)}
        for c in track.cues
    ]
    spoken = [{"start": round(word.start, 4), "end": round(word.end, 4), "text": word.text} for word in words]
    return _encode_json({"cues": rows, "words": spoken})


def _encode_json(value: Any) -> bytes:
    """Indented UTF-8 JSON, readable in an editor."""
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False).encode()
