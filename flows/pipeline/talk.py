"""What a film of a bundle is made of: its files, the script's slides, and the lines that are spoken, known ones and new ones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from assets.artefacts.geometry import Image
from assets.artefacts.talk import Dialogue, Line, SpokenLine, Word
from assets.bundle import read_manifest
from assets.errors import BackendError, Finding, FormatError, Location, SpecError
from assets.formats.wav import load_wav
from assets.spec.film import FilmSpec
from assets.speech_marks import find_wrong_mark, has_marks, strip_marks
from assets.store import LocalStore
from assets.strict_json import parse_json
from assets.untrusted_media import load_untrusted_image
from flows.pipeline.definition import find_stage
from flows.pipeline.preflight import check_writable
from flows.pipeline.request import open_store
from stages.dialogue.tags import choose_tags
from stages.present.script import Said, Script, read_script
from stages.present.slide import draw_slides
from stages.present.timeline import SlideTalk
from stages.verify.gates.rights import check_folder
from stages.voice.bundle_voice import BundleVoice, read_bundle_voice

_SENTENCE = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])\s*")
_HAN, _LATIN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]"), re.compile(r"[A-Za-z]")
_LANGUAGES = {"en": "English", "zh": "Mandarin"}


@dataclass(frozen=True)
class TalkRequest:
    """One film, as the user asks for it."""

    bundle: Path
    script: Path
    out: Path
    audio: Path | None = None
    """A recording that is heard instead of the bundle's voice."""
    options: FilmSpec = field(default_factory=FilmSpec)
    store: Path | None = None
    """None means the store of this machine."""


@dataclass(frozen=True)
class TalkBundle:
    """A bundle as a film uses it."""

    folder: Path
    name: str
    language: str
    """en or zh."""
    manifest: Mapping[str, Any]
    lines: Mapping[str, str]
    """Text without spaces -> id of the line that says it."""

    def read_line(self, name: str) -> SpokenLine:
        """The sound and the words of one of its lines."""
        samples, rate = load_wav((self.folder / "voice" / f"{name}.wav").read_bytes())
        track = parse_json((self.folder / "visemes" / f"{name}.json").read_text("utf-8"))
        words = tuple(Word(float(w["start"]), float(w["end"]), str(w["text"])) for w in track.get("words", ()))
        text = next(line["text"] for line in read_dialogue(self.folder)["lines"] if line["id"] == name)
        return SpokenLine(name, text, samples, rate, (), words)


@dataclass(frozen=True)
class Talk:
    """A film, ready to be made."""

    request: TalkRequest
    bundle: TalkBundle
    voice: BundleVoice | None
    """None where a recording is heard."""
    script: Script
    pictures: tuple[Image, ...]
    """Of the slides."""
    slides: tuple[SlideTalk, ...]
    dialogue: Dialogue
    """The lines that the bundle does not have, to be spoken."""
    known: tuple[str, ...]
    """Ids of the bundle's own lines that are used."""
    places: Mapping[str, int] = field(default_factory=dict)
    """Id of a new line -> its line in the script."""

    @property
    def store(self) -> LocalStore:
        """Where its parts are kept."""
        return open_store(self.request.store)


def resolve_talk(request: TalkRequest) -> Talk:
    """Reads and checks everything before any work.

    Raises:
        SpecError: the script is wrong, with every mistake in it; or the film's path is.
        FormatError: the folder is not a bundle, or its files are damaged.
        BackendError: its voice cannot speak here.
    """
    check_film_path(request)
    bundle = open_talk_bundle(request.bundle)
    script = read_script(request.script)
    voice = None if request.audio else read_bundle_voice(bundle.manifest)
    pictures = draw_slides(script, request.options.slide_size, request.options.scale, load_untrusted_image)
    if request.audio:
        lines, slides = _list_recorded_lines(script, bundle)
    else:
        _check_text(script, bundle)
        lines, slides = _list_lines(script, bundle, voice.manner if voice else "warm")
    new = {line.id: line for line, _ in lines}
    known = tuple(dict.fromkeys(name for slide in slides for name in slide.lines if name not in new))
    manner = voice.manner if voice else "warm"
    dialogue = Dialogue(bundle.name, bundle.language, tuple(new.values()), (), "", "script", {}, manner=manner)
    places = {line.id: place for line, place in lines}
    return Talk(request, bundle, voice, script, tuple(pictures), tuple(slides), dialogue, known, places)


def make_film_options(height: int) -> FilmSpec:
    """The options of a film so high; raises SpecError for a height that no film can have."""
    try:
        return FilmSpec(height=height)
    except ValidationError as error:
        fix = "use a multiple of 18 from 90 to 1080, such as 720"
        raise SpecError(Finding("present/height", f"the film cannot have {height} rows", fix=fix)) from error


def check_machine(request: TalkRequest) -> None:
    """Raises BackendError or StoreError where this machine cannot make the film: all that is missing, before any work."""
    missing = [f"{name} cannot run: {reason}" for name in ("figure", "film") if (reason := find_stage(name).missing_requirements())]
    if missing:
        raise BackendError(*(Finding("stage/unavailable", message, fix="see `fenshen doctor`") for message in missing))
    store = open_store(request.store).root
    check_writable(store, store)
    check_writable(request.out, request.out.parent)


def check_film_path(request: TalkRequest) -> None:
    """Raises SpecError where the film cannot be written there."""
    out, where = request.out, Location(str(request.out))
    if out.suffix.lower() != ".mp4":
        raise SpecError(Finding("present/out", "the film is an mp4", location=where, fix="give --out a name that ends in .mp4"))
    if out.is_dir():
        raise SpecError(Finding("present/out", "the film's path is a folder", location=where, fix="give --out the name of a file"))
    if out.resolve().is_relative_to(request.bundle.resolve()):
        message = "a film within the bundle would not be in its manifest"
        raise SpecError(Finding("present/out", message, location=where, fix="write it elsewhere"))
    if request.audio and not request.audio.is_file():
        raise SpecError(
            Finding("present/audio", "there is no such recording", location=Location(str(request.audio)), fix="name a WAV file")
        )


def open_talk_bundle(folder: Path) -> TalkBundle:
    """Reads a bundle's manifest and dialogue; raises FormatError where it is not a bundle or a file in it is damaged."""
    manifest = read_manifest(folder)
    if found := check_folder(folder):
        raise FormatError(*found)
    dialogue = read_dialogue(folder)
    lines = {_squeeze(line["text"]): line["id"] for line in dialogue["lines"]}
    return TalkBundle(folder, manifest["name"], dialogue["persona"]["language"], manifest, lines)


def read_dialogue(folder: Path) -> dict[str, Any]:
    """dialogue.json of a bundle; raises FormatError where it is missing or not one."""
    path = folder / "dialogue.json"
    try:
        dialogue = parse_json(path.read_text("utf-8"))
        rows = [(line["id"], line["text"], line["language"]) for line in dialogue["lines"]]
        known = all(isinstance(text, str) for row in rows for text in row) and dialogue["persona"]["language"] in _LANGUAGES
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _make_dialogue_error(path, repr(error)) from error
    if not known:
        raise _make_dialogue_error(path, "its lines or its language are not what a build writes")
    return dict(dialogue)


def _make_dialogue_error(path: Path, reason: str) -> FormatError:
    message = f"dialogue.json is not the dialogue of a bundle: {reason}"
    return FormatError(Finding("present/dialogue", message, location=Location(str(path)), fix="build the bundle again"))


def _squeeze(text: str) -> str:
    return "".join(text.split())


def _check_text(script: Script, bundle: TalkBundle) -> None:
    """Raises SpecError for marks that cannot be followed and for paragraphs of another language."""
    findings = []
    for said in (said for slide in script.slides for said in slide.said):
        where = Location(str(script.path), said.line)
        if wrong := find_wrong_mark(said.text):
            findings.append(Finding("script/mark", wrong, location=where, fix="write a literal < as &lt;"))
        if (language := _guess_language(said.text)) and language != bundle.language:
            message = f"this is {_LANGUAGES[language]}, and {bundle.name} speaks {_LANGUAGES[bundle.language]}"
            fix = f"write {_LANGUAGES[bundle.language]}, or use a bundle that speaks {_LANGUAGES[language]}"
            findings.append(Finding("script/language", message, location=where, fix=fix))
    if findings:
        raise SpecError(*findings)


def _guess_language(text: str) -> str:
    """Of a paragraph that is clearly one or the other; empty where it could be either."""
    han, latin = len(_HAN.findall(text)), len(_LATIN.findall(text))
    if han * 3 > latin:
        return "zh"
    return "en" if latin > 20 and not han else ""


def _list_lines(script: Script, bundle: TalkBundle, manner: str) -> tuple[list[tuple[Line, int]], list[SlideTalk]]:
    """New lines with their places in the script, and the slides with the ids of all their lines."""
    lines: list[tuple[Line, int]] = []
    slides = []
    for number, slide in enumerate(script.slides, 1):
        names: list[str] = []
        for said in slide.said:
            for text, known in split_known(said.text, bundle.lines):
                name = known or f"slide_{number:03d}_{len(names) + 1:02d}"
                if not known:
                    lines.append((make_line(name, text, bundle.language, manner), said.line))
                names.append(name)
        slides.append(SlideTalk(tuple(names), slide.seconds))
    return lines, slides


def split_known(text: str, known: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The paragraph in parts: (text, id of the bundle's line that says it, or empty); new sentences in a row stay together."""
    sentences = [text] if has_marks(text) else [part for part in _SENTENCE.split(text) if part.strip()]
    glue = "" if _HAN.search(text) else " "
    new: list[str] = []
    at = 0
    while at < len(sentences):
        # The longest run of sentences that is a line: a line may have several.
        runs = ((end, known.get(_squeeze(strip_marks("".join(sentences[at:end]))))) for end in range(len(sentences), at, -1))
        end, name = next(((end, name) for end, name in runs if name), (at + 1, ""))
        if name and new:
            yield glue.join(new), ""
            new = []
        if name:
            yield glue.join(sentences[at:end]), name
        else:
            new.append(sentences[at])
        at = end
    if new:
        yield glue.join(new), ""


def make_line(name: str, text: str, language: str, manner: str) -> Line:
    """A new line, with the emotion and gesture that its meaning asks for."""
    shown = strip_marks(text)
    tags = choose_tags("script", shown, language, manner)
    return Line(name, shown, language, tags.emotion, tags.gesture, spoken=text if has_marks(text) else "")


def _list_recorded_lines(script: Script, bundle: TalkBundle) -> tuple[list[tuple[Line, int]], list[SlideTalk]]:
    """A line for each slide about which something is said; the last slide has one where nothing is written."""
    spoken = [slide.said for slide in script.slides]
    if not any(spoken):
        spoken[-1] = (Said("", script.slides[-1].line),)
    lines: list[tuple[Line, int]] = []
    slides = []
    for number, (slide, said) in enumerate(zip(script.slides, spoken, strict=True), 1):
        name = f"slide_{number:03d}"
        if said:
            lines.append((_make_recorded_line(name, said, bundle.language), said[0].line))
        slides.append(SlideTalk((name,) if said else (), slide.seconds))
    return lines, slides


def _make_recorded_line(name: str, said: Sequence[Said], language: str) -> Line:
    text = ("" if language == "zh" else " ").join(strip_marks(paragraph.text) for paragraph in said)
    return make_line(name, text, language, "warm")


def relocate(error: SpecError, talk: Talk) -> SpecError:
    """Findings of the voice stage about a line, at that line's place in the script."""
    return SpecError(*(_relocate_finding(finding, talk) for finding in error.findings))


def _relocate_finding(finding: Finding, talk: Talk) -> Finding:
    name = finding.location.pointer.removeprefix("/lines/")
    if name not in talk.places:
        return finding
    message = finding.message.replace(f"the line {name} has", "this paragraph has")
    return Finding(finding.code, message, finding.severity, Location(str(talk.script.path), talk.places[name]), finding.fix)


def describe_warning(warning: str, talk: Talk) -> str:
    """A warning of a stage with the script's line in place of the id."""
    name, colon, rest = warning.partition(": ")
    return f"{talk.script.path}:{talk.places[name]}: {rest}" if colon and name in talk.places else warning
