"""Spec text -> AvatarSpec, with every mistake at once and each at its line and column.

pydantic knows what is wrong, the YAML nodes know where: each error's `loc` is walked down the node tree.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from assets.errors import Finding, Location, SpecError
from assets.spec.avatar import AvatarSpec

MAX_BYTES = 1_000_000  # A spec with every fact written out is a few KB; media stay in files of their own.
MAX_NODES = 50_000
PRESETS = Path(__file__).resolve().parent.parent / "presets"


@dataclass(frozen=True)
class SpecFile:
    """A spec that was read, and where it lay: paths in it are relative to that folder."""

    spec: AvatarSpec
    path: Path
    text: bytes


def presets() -> list[str]:
    """Names of the presets that come with Fenshen."""
    return sorted(path.stem for path in PRESETS.glob("*.yaml"))


def read_spec(where: str, *, outside: bool = False) -> SpecFile:
    """The spec of a file or a preset's name.

    Args:
        outside: media files may lie outside the spec's folder.

    Raises:
        SpecError: with every finding, sorted by place.
    """
    path = _locate(where)
    data = _bytes(path)
    spec = parse_spec(data, str(path))
    if findings := _media_findings(spec, path, outside):
        raise SpecError(*findings)
    return SpecFile(spec, path, data)


def parse_spec(data: bytes, name: str) -> AvatarSpec:
    """The spec of YAML or JSON text; raises SpecError with every finding."""
    node = _compose(data, name)
    findings: list[Finding] = []
    value = _plain(node, name, findings)
    if not isinstance(value, dict) and not findings:
        fix = "begin with a line such as `name: Ada`"
        raise SpecError(Finding("spec/not-a-mapping", "a spec is a list of `key: value` lines", where=_place(node, name), fix=fix))
    try:
        spec = AvatarSpec.model_validate(value if isinstance(value, dict) else {"name": "unread"})
    except ValidationError as error:
        findings += [_finding(detail, node, name) for detail in error.errors()]
    if findings:
        raise SpecError(*sorted(set(findings), key=lambda finding: (finding.where, finding.code)))
    return spec


def media_paths(spec: AvatarSpec) -> dict[str, str]:
    """Pointer -> path as written, of every file that the spec names."""
    named = {f"motion.clips.{i}.{kind}": value for i, clip in enumerate(spec.motion.clips)
             for kind, value in (("video", clip.video), ("bvh", clip.bvh)) if value}  # fmt: skip
    if spec.rights.consent:
        named["rights.consent"] = spec.rights.consent
    return named


def model_paths(spec: AvatarSpec, folder: Path) -> dict[str, str]:
    """Pointer -> path as written, of every model folder that the spec names; a persona's model may be an id instead."""
    named = {"voice.model": spec.voice.model} if spec.voice.model else {}
    if (thinks := spec.persona.model) and (thinks.startswith((".", "/")) or (folder / thinks).is_dir()):
        named["persona.model"] = thinks
    return named


def _locate(where: str) -> Path:
    path = Path(where)
    if path.exists():
        return path
    preset = PRESETS / f"{where}.yaml"
    if "/" not in where and preset.exists():
        return preset
    near = difflib.get_close_matches(where, presets(), 1)
    fix = f"did you mean the preset {near[0]}?" if near else f"give a file, or a preset: {', '.join(presets())}"
    raise SpecError(Finding("spec/missing", f"there is no file {where}", fix=fix))


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        raise SpecError(Finding("spec/not-a-file", f"{path} is not a file", fix="give a .yaml or .json file"))
    size = path.stat().st_size
    if size > MAX_BYTES:
        message = f"the spec has {size} bytes, more than {MAX_BYTES}"
        raise SpecError(Finding("spec/too-large", message, where=Location(str(path)), fix="keep media in files of their own"))
    return path.read_bytes()


def _compose(data: bytes, name: str) -> yaml.Node:
    try:
        text = data.decode("utf-8-sig")
        for events, event in enumerate(yaml.parse(text, yaml.SafeLoader)):
            if isinstance(event, yaml.AliasEvent):
                mark = event.start_mark
                where = Location(name, mark.line + 1, mark.column + 1) if mark else Location(name)
                raise SpecError(Finding("spec/alias", "aliases (*name) are not allowed in a spec", where=where, fix="write the value out"))
            if events > MAX_NODES:
                raise SpecError(Finding("spec/too-large", f"the spec has more than {MAX_NODES} parts", where=Location(name)))
        node = yaml.compose(text, yaml.SafeLoader)
    except UnicodeDecodeError as error:
        message = f"byte {error.start} is not UTF-8 text"
        raise SpecError(Finding("spec/not-text", message, where=Location(name), fix="save it as UTF-8")) from error
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = Location(name, mark.line + 1, mark.column + 1) if mark else Location(name)
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it is nested too deeply"
        raise SpecError(Finding("spec/syntax", f"this is not YAML: {problem}", where=where, fix="mend the syntax")) from error
    if node is None:
        raise SpecError(Finding("spec/empty", "the spec is empty", where=Location(name), fix="write at least `name: Ada`"))
    return node


_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null", "seq", "map", "timestamp")}


def _plain(node: yaml.Node, name: str, findings: list[Finding]) -> Any:
    if node.tag not in _TAGS:
        fix = "write plain text or a number"
        findings.append(Finding("spec/tag", f"the tag {node.tag} is not allowed", where=_place(node, name), fix=fix))
        return None
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, name, findings) for item in node.value]
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, name, findings)
    if node.tag.endswith("timestamp"):
        return node.value
    try:
        return yaml.SafeLoader("").construct_object(node)
    except (yaml.YAMLError, ValueError) as error:
        findings.append(Finding("spec/value", f"{node.value} cannot be read: {error}", where=_place(node, name)))
        return None


def _mapping(node: yaml.MappingNode, name: str, findings: list[Finding]) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for key, item in node.value:
        text = str(key.value)
        if text in value:
            # PyYAML keeps the last of two equal keys without a word.
            findings.append(Finding("spec/duplicate-key", f"{text} stands here twice", where=_place(key, name), fix="keep one"))
        value[text] = _plain(item, name, findings)
    return value


def _place(node: yaml.Node, name: str) -> Location:
    mark = node.start_mark
    return Location(name, mark.line + 1, mark.column + 1)


def _finding(detail: ErrorDetails, root: yaml.Node, name: str) -> Finding:
    loc = detail["loc"]
    dotted = ".".join(str(part) for part in loc)
    if detail["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(loc[-1]), _fields(loc[:-1]), 1)
        fix = f"did you mean {near[0]}?" if near else f"known here: {', '.join(_fields(loc[:-1]))}"
        return Finding("spec/unknown-field", f"{dotted} is not a field", where=_walk(root, loc, name, key=True), fix=fix)
    if detail["type"] == "missing":
        return Finding("spec/missing-field", f"{dotted} is missing", where=_walk(root, loc[:-1], name), fix=f"add a line `{loc[-1]}: ...`")
    given = repr(detail["input"])
    shown = given if len(given) <= 60 else f"{given[:57]}..."
    message = f"{dotted}: {detail['msg'][0].lower()}{detail['msg'][1:]}, got {shown}"
    return Finding("spec/invalid-value", message, where=_walk(root, loc, name), fix="see `fenshen schema`")


def _walk(node: yaml.Node, loc: tuple[int | str, ...], name: str, *, key: bool = False) -> Location:
    place = node
    for depth, part in enumerate(loc):
        if isinstance(node, yaml.MappingNode):
            pair = next(((k, v) for k, v in node.value if k.value == str(part)), None)
            if pair is None:
                break
            node = pair[1]
            place = pair[0] if key and depth == len(loc) - 1 else pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = place = node.value[part]
        else:
            break
    return _place(place, name)


def _fields(loc: tuple[int | str, ...]) -> list[str]:
    model: type[BaseModel] | None = AvatarSpec
    for part in loc:
        if isinstance(part, int):
            continue
        assert model is not None
        hint = model.model_fields[part].annotation
        candidates = [hint, *get_args(hint)]
        model = next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None)
        if model is None:
            return []
    assert model is not None
    return [field.alias or key for key, field in model.model_fields.items()]


def _media_findings(spec: AvatarSpec, path: Path, outside: bool) -> list[Finding]:
    node = _compose(path.read_bytes(), str(path))
    folder = path.resolve().parent
    findings = []
    for i, clip in enumerate(spec.motion.clips):
        given = [kind for kind in ("library", "video", "bvh") if getattr(clip, kind)]
        if len(given) != 1:
            message = f"motion.clips.{i} names {len(given)} of library, video, bvh"
            where = _walk(node, ("motion", "clips", i), str(path))
            findings.append(Finding("spec/clip-source", message, where=where, fix="name exactly one"))
    models = model_paths(spec, folder)
    for pointer, value in (media_paths(spec) | models).items():
        loc = tuple(int(part) if part.isdigit() else part for part in pointer.split("."))
        where = _walk(node, loc, str(path))
        target = (folder / value).resolve()
        if not outside and not target.is_relative_to(folder):
            fix = "move the file beside the spec or pass --allow-outside"
            findings.append(Finding("spec/path-escape", f"{value} lies outside the spec's folder", where=where, fix=fix))
        elif pointer in models and not target.is_dir():
            fix = "paths are relative to the spec"
            findings.append(Finding("spec/no-such-folder", f"there is no folder {value}", where=where, fix=fix))
        elif pointer not in models and not target.is_file():
            findings.append(Finding("spec/no-such-file", f"there is no file {value}", where=where, fix="paths are relative to the spec"))
    return findings
