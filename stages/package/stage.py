"""The package stage: everything a bundle holds, in the formats engines read, made to fit its target."""

from __future__ import annotations

from dataclasses import replace

from assets.artefacts.character import Body, Groom, TextureSet
from assets.artefacts.talk import Dialogue, Performance, Speech
from assets.bundle import BundleFile, Package
from assets.formats.gltf import Picture, Scene, write_gltf
from assets.formats.vrm import Meta, write_vrm, write_vrma
from assets.rights import Source
from assets.spec.ship import BUDGETS, PackageSpec, RightsSpec
from stages.package.atlas import one_material
from stages.package.papers import licences, merged, names, refuse_unsellable, talk_files
from stages.package.previews import preview_files
from stages.package.scene import character, on_the_floor, parts
from stages.package.target import fit_bytes, fit_triangles
from stages.stage import Stage


def run(
    body: Body, texture: TextureSet, groom: Groom, performance: Performance, dialogue: Dialogue, speech: Speech,
    *, options: PackageSpec, seed: int, rights: RightsSpec = RightsSpec(), name: str = "",
) -> Package:  # fmt: skip
    """The bundle's files but manifest and report; equal inputs give equal bytes.

    Raises:
        RightsError: `rights.strict` is set and a source may not be sold; one finding names each.
    """
    looks = merged((body.sources, texture.sources, groom.sources))
    everything = merged((looks, performance.sources, dialogue.sources, speech.sources))
    if rights.strict:
        refuse_unsellable(everything)
    budget = BUDGETS[options.target]
    whole, skeleton = on_the_floor(character(body, texture, groom), body.skeleton)
    whole = fit_triangles(whole, budget.triangles)
    whole = one_material(whole, budget.side) if budget.one_material else whole
    drawn = parts(whole.pieces, whole.materials)
    title = name or dialogue.name

    def scene_of(pictures: dict[str, Picture]) -> Scene:
        return Scene(title, skeleton, drawn, whole.materials, pictures, performance.clips)

    scene, glb = fit_bytes(scene_of, write_gltf, whole, budget)
    files = [BundleFile("avatar.glb", glb, "avatar", "model/gltf-binary", rights.licence, names(merged((looks, performance.sources))))]
    previews = preview_files(whole, drawn, skeleton, performance, options.turntable, rights.licence, names(looks))
    if options.vrm:
        files += _vrm_files(scene, performance, rights, title, looks, previews)
    files += talk_files(dialogue, speech, performance, rights.licence)
    files += _textures(scene, rights.licence, names(texture.sources), names(groom.sources), set(texture.images))
    files += previews
    files.append(licences(title, rights.licence, rights.creator, files, everything))
    return Package(tuple(files), options.target, whole.triangles, everything)


def _vrm_files(
    scene: Scene, performance: Performance, rights: RightsSpec, title: str, looks: tuple[Source, ...], previews: list[BundleFile]
) -> list[BundleFile]:
    third = "\n".join(f"{s.name}: {s.licence} ({s.origin})" for s in looks)
    meta = Meta(title, rights.creator, rights.licence, third, all(s.sellable for s in looks), rights.consent or "")
    portrait = next((f for f in previews if f.path.startswith("previews/portrait.")), None)
    thumbnail = Picture(portrait.data, portrait.media_type) if portrait else None
    vrm = write_vrm(replace(scene, clips=()), meta, thumbnail)
    files = [BundleFile("avatar.vrm", vrm, "avatar", "model/vrm", rights.licence, names(looks))]
    for clip in performance.clips:
        data = write_vrma(clip, scene.skeleton)
        files.append(BundleFile(f"clips/{clip.name}.vrma", data, "clip", "model/vrma", rights.licence, names(performance.sources)))
    return files


def _textures(
    scene: Scene, licence: str, skin: tuple[str, ...], groom: tuple[str, ...], skins: set[str]
) -> list[BundleFile]:
    """The pictures of avatar.glb as files of their own."""
    files = []
    for name, picture in sorted(scene.pictures.items()):
        ending = "png" if picture.media_type == "image/png" else "jpg"
        sources = skin if name in skins else groom
        # An atlas holds skin and clothes in one.
        sources = tuple(dict.fromkeys((*skin, *groom))) if name == "atlas" else sources
        files.append(BundleFile(f"textures/{name}.{ending}", picture.data, "texture", picture.media_type, licence, sources))
    return files


STAGE = Stage("package", 3, run, makes=Package, memory_gb=3, timeout_s=900)
