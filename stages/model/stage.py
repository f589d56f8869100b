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
    whole, skeleton = move_to_floor(assemble_character(body, texture, groom), body.skeleton)
    aside = 0 if budget.one_material else reserve_backfaces(whole, budget.triangles)
    whole = fit_triangle_budget(whole, budget.triangles - aside)
    whole = replace(whole, pieces=tuple(enforce_clearance(whole.pieces, skeleton)))
    whole = merge_materials(whole, budget.side) if budget.one_material else add_hair_backfaces(whole, budget.triangles)
    sources = merge_sources((body.sources, texture.sources, groom.sources))
    return Model(skeleton, build_parts(whole.pieces, whole.materials), whole.materials, whole.images, texture.sources, sources)


STAGE = Stage("model", 9, run, makes=Model, memory_gb=2, timeout_s=600)
