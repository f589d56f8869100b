"""Body, TextureSet and Groom to Model: the dressed character within its target's budget of triangles and materials."""

from __future__ import annotations

from dataclasses import replace

from assets.artefacts.character import Body, Groom, LodLevel, Model, TextureSet
from assets.hair_chains import extend_skeleton, raise_rig
from assets.rights import merge_sources
from assets.spec.packaging import BUDGETS, PackageSpec
from stages.model.atlas import merge_materials
from stages.model.clearance import enforce_clearance
from stages.model.hair_backfaces import add_hair_backfaces, reserve_backfaces
from stages.model.lods import LOD_HAIR, build_lods
from stages.model.occlusion import bake_occlusion
from stages.model.scene import assemble_character, build_parts, move_to_floor, unrig_hair, use_grown_hair
from stages.model.triangle_budget import fit_triangle_budget
from stages.stage import Stage

HAIR_LEVELS = {"desktop": 0, "web": 1, "crowd": 2}
"""Target -> level of detail of grown hair."""


def run(body: Body, texture: TextureSet, groom: Groom, *, options: PackageSpec, seed: int) -> Model:
    """Everything that is drawn. Speech and motion are added later, so a changed line of dialogue does not rebuild the model."""
    budget = BUDGETS[options.target]
    # A crowd's hair keeps to the head: joints of hair would cost a player more than they show from afar.
    groom = unrig_hair(groom, body.skeleton) if budget.one_material else groom
    character, standing = move_to_floor(assemble_character(body, texture, groom, HAIR_LEVELS[options.target]), body.skeleton)
    rig = raise_rig(groom.hair_rig, standing.heads[0] - body.skeleton.heads[0])
    skeleton = extend_skeleton(standing, rig)
    reserved = 0 if budget.one_material else reserve_backfaces(character, budget.triangles)
    character = fit_triangle_budget(character, budget.triangles - reserved)
    reduced = character
    character = replace(character, pieces=tuple(enforce_clearance(character.pieces, skeleton)))
    character = bake_occlusion(character, skeleton, into_albedo=budget.one_material)
    character = merge_materials(character, budget.side) if budget.one_material else add_hair_backfaces(character, budget.triangles)
    sources = merge_sources((body.sources, texture.sources, groom.sources))
    parts = build_parts(character.pieces, character.materials)
    lods: tuple[LodLevel, ...] = ()
    if options.lods == "files":
        # A crowd avatar has one material, which its levels share; the others are reduced from what has no backfaces yet.
        lift = float(skeleton.heads[0, 1] - body.skeleton.heads[0, 1])
        fine, coarse = [character] * 2 if budget.one_material else [use_grown_hair(reduced, groom, level, lift) for level in LOD_HAIR]
        lods = build_lods(fine, coarse, skeleton, budget.triangles)
    return Model(skeleton, parts, character.materials, character.images, texture.sources, sources, lods, rig)


STAGE = Stage("model", 16, run, makes=Model, memory_gb=2, timeout_s=600)
