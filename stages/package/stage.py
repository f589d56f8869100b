"""The package stage: everything a bundle holds, in the formats engines read, made to fit its target."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from pathlib import Path

from assets.artefacts.character import ATLAS, Model, Previews
from assets.artefacts.talk import Dialogue, Performance, Speech
from assets.bundle import BundleFile, Package
from assets.formats import bvh
from assets.formats.gltf import EncodedImage, Scene, export_gltf
from assets.formats.vrm import VrmMeta, export_vrm, export_vrma
from assets.rights import Source, merge_sources
from assets.spec.packaging import BUDGETS, PackageSpec, RightsSpec
from stages.package.licences import build_licences_file, build_talk_files, list_source_names, refuse_unsellable
from stages.package.previews import build_preview_files
from stages.package.target import fit_to_budget
from stages.stage import Stage


def run(
    model: Model, previews: Previews, performance: Performance, dialogue: Dialogue, speech: Speech,
    *, options: PackageSpec, seed: int, rights: RightsSpec = RightsSpec(), name: str = "",
) -> Package:  # fmt: skip
    """The bundle's files but manifest and report; equal inputs give equal bytes.

    Raises:
        RightsError: `rights.strict` is set and a source may not be sold; one finding names each.
    """
    everything = merge_sources((model.sources, performance.sources, dialogue.sources, speech.sources))
    if rights.strict:
        refuse_unsellable(everything)
    title = name or dialogue.name

    def scene_of(pictures: dict[str, EncodedImage]) -> Scene:
        return Scene(title, model.skeleton, model.parts, model.materials, pictures, performance.clips)

    with ThreadPoolExecutor(1) as other:  # pictures are drawn outside Python, files are written inside
        drawn = other.submit(
            copy_context().run, build_preview_files, model, previews, performance, rights.licence, list_source_names(model.sources)
        )
        scene, glb = fit_to_budget(scene_of, export_gltf, model, BUDGETS[options.target])
        moving = list_source_names(merge_sources((model.sources, performance.sources)))
        files = [BundleFile("avatar.glb", glb, "avatar", "model/gltf-binary", rights.licence, moving)]
        if options.vrm:
            files += _build_vrm_files(scene, performance, rights, title, model.sources, previews)
        if options.bvh:
            files += _build_bvh_files(scene, performance, rights.licence)
        pictures = drawn.result()
    files += build_talk_files(dialogue, speech, performance, rights.licence)
    files += _build_texture_files(scene, rights.licence, model)
    files += pictures
    filmed = [clip.name for clip in performance.clips if clip.source == "video"]
    files.append(build_licences_file(title, rights, files, everything, filmed))
    return Package(tuple(files), options.target, model.triangles, everything)


def _build_vrm_files(
    scene: Scene, performance: Performance, rights: RightsSpec, title: str, looks: tuple[Source, ...], previews: Previews
) -> list[BundleFile]:
    third = "\n".join(f"{s.name}: {s.licence} ({s.origin})" for s in looks)
    meta = VrmMeta(title, rights.creator, rights.licence, third, all(s.sellable for s in looks), Path(rights.consent or "").name)
    portrait = previews.pictures.get("portrait.jpg")
    thumbnail = EncodedImage(portrait, "image/jpeg") if portrait else None
    vrm = export_vrm(replace(scene, clips=()), meta, thumbnail)
    files = [BundleFile("avatar.vrm", vrm, "avatar", "model/vrm", rights.licence, list_source_names(looks))]
    for clip in performance.clips:
        data = export_vrma(clip, scene.skeleton)
        files.append(
            BundleFile(f"clips/{clip.name}.vrma", data, "clip", "model/vrma", rights.licence, list_source_names(performance.sources))
        )
    return files


def _build_bvh_files(scene: Scene, performance: Performance, licence: str) -> list[BundleFile]:
    """clips/NAME.bvh of every clip; a face and lips have no place in that format."""
    rests_on = list_source_names(performance.sources)
    return [
        BundleFile(f"clips/{clip.name}.bvh", bvh.export_bvh(clip, scene.skeleton).encode(), "clip", "text/plain", licence, rests_on)
        for clip in performance.clips
    ]


def _build_texture_files(scene: Scene, licence: str, model: Model) -> list[BundleFile]:
    """The pictures of avatar.glb as files of their own."""
    files = []
    worn = tuple(source for source in model.sources if source not in model.skin_sources)
    for name, picture in sorted(scene.pictures.items()):
        ending = "png" if picture.media_type == "image/png" else "jpg"
        sources = model.skin_sources if name.startswith(("head_", "body_")) else worn
        # An atlas holds skin and clothes in one.
        sources = model.sources if name == ATLAS else sources
        files.append(
            BundleFile(f"textures/{name}.{ending}", picture.data, "texture", picture.media_type, licence, list_source_names(sources))
        )
    return files


STAGE = Stage("package", 9, run, makes=Package, memory_gb=2, timeout_s=900)
