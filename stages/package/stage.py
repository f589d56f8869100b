"""Model, Previews, Performance, Dialogue, Speech -> Package: every file of a bundle, fitted to the target's budget."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from pathlib import Path

from assets.artefacts.character import ATLAS, Model, Previews
from assets.artefacts.geometry import Skeleton
from assets.artefacts.talk import Dialogue, Performance, Speech
from assets.bundle import COMPRESSED_FILE, BundleFile, Package
from assets.formats.bvh import export_bvh
from assets.formats.gltf import EncodedImage, Scene, export_gltf
from assets.formats.vrm import VrmMeta, export_vrm, export_vrma
from assets.hair_chains import drop_hair_joints
from assets.rights import merge_sources
from assets.spec.packaging import BUDGETS, PackageSpec, RightsSpec
from stages.package.compress import build_compressed_file
from stages.package.files import make_file
from stages.package.licences import build_licences_file, refuse_unsellable
from stages.package.lods import build_lod_files
from stages.package.previews import build_preview_files
from stages.package.talk_files import build_talk_files
from stages.package.target import fit_to_budget
from stages.stage import Stage
from stages.sway.clips import bake_sway


def run(
    model: Model, previews: Previews, performance: Performance, dialogue: Dialogue, speech: Speech,
    *, options: PackageSpec, seed: int, rights: RightsSpec = RightsSpec(), name: str = "",
) -> Package:  # fmt: skip
    """The bundle's files without manifest and report; equal inputs give equal bytes.

    Raises:
        RightsError: `rights.strict` is set and sources may not be sold; one finding for each.
    """
    everything = merge_sources((model.sources, performance.sources, dialogue.sources, speech.sources))
    if rights.strict:
        refuse_unsellable(everything)
    title = name or dialogue.name
    # Players of a VRM simulate its hair themselves, and BVH and VRM animations hold the humanoid alone: only the GLB has it baked.
    swaying = replace(performance, skeleton=model.skeleton, clips=bake_sway(model.skeleton, model.hair_rig, performance.clips))

    def build_scene(pictures: dict[str, EncodedImage]) -> Scene:
        combined = BUDGETS[options.target].combined_morphs
        return Scene(
            title, model.skeleton, model.parts, model.materials, pictures, swaying.clips, combined_morphs=combined, hair_rig=model.hair_rig
        )

    # Rendering releases the GIL, encoding the files does not: they overlap.
    with ThreadPoolExecutor(1) as pool:
        rendering = pool.submit(copy_context().run, build_preview_files, model, previews, swaying, rights.licence)
        scene, glb = fit_to_budget(build_scene, export_gltf, model, BUDGETS[options.target])
        sources = merge_sources((model.sources, performance.sources))
        files = [make_file("avatar.glb", glb, "avatar", rights.licence, sources)]
        if options.compress == "meshopt":
            compressed = build_compressed_file(scene, glb, model, BUDGETS[options.target])
            files.append(make_file(COMPRESSED_FILE, compressed, "avatar", rights.licence, sources))
        files += build_lod_files(title, model, BUDGETS[options.target], rights.licence)
        if options.vrm:
            files += _build_vrm_files(scene, performance, rights, title, model, previews)
        if options.bvh:
            files += _build_bvh_files(performance, drop_hair_joints(model.skeleton), rights.licence)
        pictures = rendering.result()
    files += build_talk_files(dialogue, speech, performance, rights.licence)
    files += _build_texture_files(scene, rights.licence, model)
    files += pictures
    filmed = [clip.name for clip in performance.clips if clip.source == "video"]
    files.append(build_licences_file(title, rights, files, everything, filmed))
    return Package(tuple(files), options.target, model.triangle_count, everything)


def _build_vrm_files(
    scene: Scene, performance: Performance, rights: RightsSpec, title: str, model: Model, previews: Previews
) -> list[BundleFile]:
    third_party = "\n".join(f"{s.name}: {s.licence} ({s.origin})" for s in model.sources)
    sellable = all(source.sellable for source in model.sources)
    meta = VrmMeta(title, rights.creator, rights.licence, third_party, sellable, Path(rights.consent or "").name)
    portrait = previews.pictures.get("portrait.jpg")
    thumbnail = EncodedImage(portrait, "image/jpeg") if portrait else None
    # A VRM has expressions for what the combined morphs do.
    vrm = export_vrm(replace(scene, clips=(), combined_morphs=False), meta, thumbnail)
    body = drop_hair_joints(model.skeleton)
    clips = [(f"clips/{clip.name}.vrma", export_vrma(clip, body)) for clip in performance.clips]
    return [
        make_file("avatar.vrm", vrm, "avatar", rights.licence, model.sources),
        *(make_file(path, data, "clip", rights.licence, performance.sources) for path, data in clips),
    ]


def _build_bvh_files(performance: Performance, skeleton: Skeleton, licence: str) -> list[BundleFile]:
    """clips/NAME.bvh of every clip; BVH cannot hold the weights of the face."""
    clips = [(f"clips/{clip.name}.bvh", export_bvh(clip, skeleton)) for clip in performance.clips]
    return [make_file(path, data, "clip", licence, performance.sources) for path, data in clips]


def _build_texture_files(scene: Scene, licence: str, model: Model) -> list[BundleFile]:
    """The textures of avatar.glb as separate files."""
    files = []
    groom_sources = tuple(source for source in model.sources if source not in model.skin_sources)
    for name, picture in sorted(scene.pictures.items()):
        suffix = "png" if picture.media_type == "image/png" else "jpg"
        sources = model.skin_sources if name.startswith(("head_", "body_")) else groom_sources
        # An atlas holds both skin and clothes.
        sources = model.sources if name == ATLAS else sources
        files.append(make_file(f"textures/{name}.{suffix}", picture.data, "texture", licence, sources))
    return files


STAGE = Stage("package", 15, run, makes=Package, memory_gb=2, timeout_s=900)
