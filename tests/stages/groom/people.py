"""Bodies that the tests of hair and clothes dress."""

from __future__ import annotations

from functools import lru_cache

from assets.artefacts.character import Body
from assets.spec.appearance import BodySpec, IdentitySpec
from stages.body.stage import BACKENDS as BODIES
from stages.body.stage import run as make_body
from stages.identity.stage import BACKENDS as IDENTITIES
from stages.identity.stage import run as make_identity


@lru_cache(maxsize=3)
def build_person(years: int, gender: float, **build: float) -> Body:
    """Always the same body; `build` are fields of BodySpec."""
    who = make_identity(options=IdentitySpec(age=years, gender=gender), backend=IDENTITIES.get(), seed=41)
    return make_body(who, options=BodySpec.model_validate(build), backend=BODIES.get(), seed=41)
