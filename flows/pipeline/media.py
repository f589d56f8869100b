"""Files and folders outside the spec that its options name: films, captures, pictures, documents, models. Their bytes are in a key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from assets.paths import find_existing_form
from assets.spec.appearance import GroomSpec, IdentitySpec, PieceSpec, Section
from assets.spec.behaviour import MotionSpec, PersonaSpec, VoiceSpec
from stages.dialogue.causal import find_model_folder
from stages.identity.people import find_people_files

S = TypeVar("S", bound=Section)
_PEOPLE = ("mix", "child_of")


def resolve_media_paths(options: Section, folder: Path) -> Section:
    """The options with the paths of media files and model folders made absolute; relative ones start at the spec's folder."""
    if isinstance(options, MotionSpec):
        return options.model_copy(update={"clips": tuple(_make_paths_absolute(clip, ("video", "bvh"), folder) for clip in options.clips)})
    if isinstance(options, GroomSpec):
        return options.model_copy(update={"pieces": tuple(_resolve_print(piece, folder) for piece in options.pieces)})
    if isinstance(options, IdentitySpec):
        people = {name: tuple(_make_paths_absolute(one, ("spec",), folder) for one in getattr(options, name)) for name in _PEOPLE}
        return options.model_copy(update={"mix": people["mix"], "child_of": people["child_of"]})
    if isinstance(options, VoiceSpec):
        return _make_paths_absolute(options, ("model",), folder)
    # A persona's model that is no folder next to the spec is the id of a cached model.
    if isinstance(options, PersonaSpec):
        named = [name for name in ("model", "encoder") if (value := getattr(options, name)) and find_existing_form(folder / value).is_dir()]
        documents = tuple(_make_paths_absolute(document, ("file",), folder) for document in options.knowledge)
        return _make_paths_absolute(options.model_copy(update={"knowledge": documents}), named, folder)
    return options


def find_media(options: Section) -> Iterator[tuple[str, Path]]:
    """(name, path) of every file and folder that resolved options name."""
    if isinstance(options, MotionSpec):
        for clip in options.clips:
            for kind in ("video", "bvh"):
                if path := getattr(clip, kind):
                    yield f"{clip.name}.{kind}", Path(path)
    if isinstance(options, GroomSpec):
        for number, piece in enumerate(options.pieces):
            if piece.print and piece.print.picture:
                yield f"print{number}", Path(piece.print.picture)
    if isinstance(options, IdentitySpec):
        yield from find_people_files(options, Path())
    if isinstance(options, PersonaSpec):
        for number, document in enumerate(options.knowledge):
            yield f"knowledge{number}", Path(document.file)
    for name in ("model", "encoder"):
        if (model := getattr(options, name, None)) and (found := find_model_folder(model)):
            yield name, found


def _resolve_print(piece: PieceSpec, folder: Path) -> PieceSpec:
    return piece.model_copy(update={"print": _make_paths_absolute(piece.print, ("picture",), folder)}) if piece.print else piece


def _make_paths_absolute(options: S, names: Iterable[str], folder: Path) -> S:
    paths = {name: find_existing_form(folder / value) for name in names if (value := getattr(options, name))}
    return options.model_copy(update={name: str(path.resolve()) for name, path in paths.items()})
