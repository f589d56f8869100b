"""Body, TextureSet and Groom to Model: the dressed character within its target's budget of triangles and materials."""

from __future__ import annotations

from dataclasses import replace

from assets.artefacts.character import Body, Groom, Model, TextureSet
from assets.rights import merge_sources
from assets.spec.packaging import BUDGETS, PackageSpec
from stages.model.atlas import merge_materials
from stages.model.clearance import enforce_clearance
from stages.model.hair_backfaces import add_hair_backfaces, reserve_backfaces
from stages.model.scene import assemble_character, build_parts, move_to_floor
from stages.model.triangle_budget import fit_triangle_budget
from stages.stage import Stage


def run(body: Body, texture: TextureSet, groom: Groom, *, options: PackageSpec, seed: int) -> Model:
    """Everything that is drawn. Speech and motion are added later, so a changed line of dialogue does not rebuild the model."""
    budget = BUDGETS[options.target]
    character, skeleton = move_to_floor(assemble_character(body, texture, groom), body.skeleton)
    reserved = 0 if budget.one_material else reserve_backfaces(character, budget.triangles)
    character = fit_triangle_budget(character, budget.triangles - reserved)
    character = replace(character, pieces=tuple(enforce_clearance(character.pieces, skeleton)))
    character = merge_materials(character, budget.side) if budget.one_material else add_hair_backfaces(character, budget.triangles)
    sources = merge_sources((body.sources, texture.sources, groom.sources))
    return Model(
        skeleton, build_parts(character.pieces, character.materials), character.materials, character.images, texture.sources, sources
    )


STAGE = Stage("model", 9, run, makes=Model, memory_gb=2, timeout_s=600)
