"""Body, texture, groom -> Model: the dressed character within the triangles and materials of its target."""

from __future__ import annotations

from dataclasses import replace

from assets.artefacts.character import Body, Groom, Model, TextureSet
from assets.rights import merged
from assets.spec.packaging import BUDGETS, PackageSpec
from stages.model.atlas import one_material
from stages.model.clearance import pressed
from stages.model.hair_backfaces import lined, room
from stages.model.scene import character, on_the_floor, parts
from stages.model.triangle_budget import fit_triangles
from stages.stage import Stage


def run(body: Body, texture: TextureSet, groom: Groom, *, options: PackageSpec, seed: int) -> Model:
    """Everything that is drawn; what is said and how it moves comes later, so a changed line leaves the model as it is."""
    budget = BUDGETS[options.target]
    whole, skeleton = on_the_floor(character(body, texture, groom), body.skeleton)
    aside = 0 if budget.one_material else room(whole, budget.triangles)
    whole = fit_triangles(whole, budget.triangles - aside)
    whole = replace(whole, pieces=tuple(pressed(whole.pieces, skeleton)))
    whole = one_material(whole, budget.side) if budget.one_material else lined(whole, budget.triangles)
    sources = merged((body.sources, texture.sources, groom.sources))
    return Model(skeleton, parts(whole.pieces, whole.materials), whole.materials, whole.images, texture.sources, sources)


STAGE = Stage("model", 9, run, makes=Model, memory_gb=2, timeout_s=600)
