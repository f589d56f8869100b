"""Solves the named axes of the face and writes stages/body/face_axes.json: python -m bench.fit_axes.

Each axis is the combination of local changes that moves its own measure by two standard deviations and every other measure by none, on
the people of SOLVE_SEEDS, by least squares with two penalties: on the coefficients, and on how much skin moves altogether. Changes of
little weight are dropped one by one and the rest is solved again, so that an axis stays a sum of few. Deviations are those of
CENSUS_SEEDS within each sex. `python -m bench.leakage` judges the axes on other people.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.character import Identity
from assets.artefacts.geometry import Floats, Image
from assets.conventions import SKIN_VERTICES
from assets.spec.appearance import BodySpec
from assets.store import write_atomic
from stages.body.anny import Anny, load_baked_model
from stages.body.face_axes import AXES_FILE, CONTROLS, DEVIATIONS_AT_ONE, WINDOWS, build_field
from stages.body.face_measures import MEASURES, measure_face
from stages.body.phenotype import resolve_local_changes, resolve_phenotype
from stages.identity.latents import draw_latent
from stages.identity.stage import derive_face_changes, load_face_change_names

CENSUS_SEEDS, SOLVE_SEEDS = range(1000, 1300), range(24)
# Dodgson 2004, Variation and extrema of human interpupillary distance: 3.7 mm in men, 3.6 mm in women (ANSUR 1988); ours is larger.
PUBLISHED_DEVIATIONS = {"eye_distance": 0.0037}
_EXCLUDED = (
    "nose-trans-out", "mouth-trans-out", "head-", "eye-bag", "eye-eyefold", "forehead-scale", "forehead-trans", "chin-cleft",
    "mouth-dimples", "mouth-laugh-lines",
)  # fmt: skip
"""Beginnings of names of changes that no axis uses: what shifts a part sideways, moves the whole head, or shows age rather than shape."""
_COEFFICIENT_PENALTY, _MOTION_PENALTY = 2e-3, 4e-3
_MOST_LEAKAGE = 0.015
"""Into any measure, as a share: changes are dropped while the axis leaks less."""
_MOST_COST = 1.15
"""Of the penalties with fewer changes to those with all: an axis of one strong change looks like that change."""
_STEP, _TREATIES = 0.25, 3
Doubles = NDArray[np.float64]


def sample_person(seed: int, *, varied_build: bool = False) -> tuple[Identity, BodySpec]:
    """A random adult: age 18 to 75, either sex, any tone and origin; of average build unless it varies too."""
    rng, latent = np.random.default_rng([seed, 77]), draw_latent(seed, 64)
    age, tone, man = rng.uniform(18, 75), rng.uniform(), float(rng.integers(2))
    weight, muscle, height = (float(value) for value in np.clip(rng.normal(0.5, 0.15, 3), 0, 1))
    flat = Image(np.zeros((1, 1, 3), np.uint8))
    identity = Identity(latent, flat, flat, float(age), man, float(tone), derive_face_changes(latent, load_face_change_names(), 0.6))
    return identity, BodySpec(weight=weight, muscle=muscle, height=height) if varied_build else BodySpec()


def make_rest(identity: Identity, options: BodySpec) -> Floats:
    """(19158,3) the person at rest, without axes."""
    model = Anny()
    return model.evaluate(resolve_phenotype(identity, options)[0], resolve_local_changes(identity, options, model.list_changes())).positions


def measure_row(positions: Floats) -> Doubles:
    """(m,) in the order of MEASURES."""
    return np.array(list(measure_face(positions).values()))


def measure_spread() -> Doubles:
    """(m,) standard deviation of each measure within a sex."""
    people = [sample_person(seed) for seed in CENSUS_SEEDS]
    rows, men = np.stack([measure_row(make_rest(*one)) for one in people]), np.array([one[0].gender for one in people])
    spread = np.sqrt(np.mean([rows[men == sex].var(0) for sex in (0, 1)], 0))
    return np.array([PUBLISHED_DEVIATIONS.get(name, value) for name, value in zip(MEASURES, spread, strict=True)])


def list_candidates() -> list[str]:
    """Changes that an axis may use, both sides as one."""
    names = dict.fromkeys(name[2:] if name.startswith(("l-", "r-")) else name for name in load_face_change_names())
    return [*(name for name in names if not name.startswith(_EXCLUDED)), *WINDOWS]


def compute_response(positions: Floats, fields: Sequence[Floats], spread: Doubles) -> Doubles:
    """(m,k) deviations by which each field moves each measure of this face."""
    rows = [measure_row(positions + _STEP * field) - measure_row(positions - _STEP * field) for field in fields]
    return np.stack(rows, 1) / (2 * _STEP) / spread[:, None]


class Solver:
    """Solves axes on the responses (p,m,k) of p people."""

    def __init__(self, responses: Doubles, fields: Sequence[Floats], names: Sequence[str]) -> None:
        moved = np.stack([field[:SKIN_VERTICES].ravel() for field in fields]).astype(np.float64) * 1000
        self._people, self._names = len(responses), list(names)
        self._rows = responses.reshape(-1, len(names))
        self._motion = moved @ moved.T / SKIN_VERTICES
        self._size = np.sqrt(np.diag(self._motion))

    def solve(self, measure: str) -> dict[str, float]:
        """Change -> coefficient at 1."""
        # Wider cheekbones carry the ears; no other axis may use ears to balance itself, and theirs use nothing else.
        may_use = {True: measure.startswith(("ear", "face_width")), False: not measure.startswith("ear")}
        kept = [k for k, name in enumerate(self._names) if may_use[name.startswith("ear-")]]
        goal = DEVIATIONS_AT_ONE * (np.array(list(MEASURES)) == measure)
        found = self._solve_kept(kept, goal)
        dearest = _MOST_COST * self._find_cost(kept, found)
        while len(kept) > 1:
            weakest = int(np.argmin(np.abs(found) * self._size[kept]))
            fewer = kept[:weakest] + kept[weakest + 1 :]
            simpler = self._solve_kept(fewer, goal)
            leaks = self._find_worst(fewer, simpler, goal) > max(_MOST_LEAKAGE, self._find_worst(kept, found, goal))
            if leaks or self._find_cost(fewer, simpler) > dearest:
                break
            kept, found = fewer, simpler
        return {self._names[k]: round(float(value), 4) for k, value in zip(kept, found, strict=True)}

    def _find_cost(self, kept: list[int], found: Doubles) -> float:
        """What the two penalties add up to."""
        return float(_COEFFICIENT_PENALTY * found @ found + _MOTION_PENALTY * found @ self._motion[np.ix_(kept, kept)] @ found)

    def _find_worst(self, kept: list[int], found: Doubles, goal: Doubles) -> float:
        """The largest error of a measure of any of the people, as a share of the goal."""
        errors = (self._rows[:, kept] @ found).reshape(self._people, -1) - goal
        return float(np.abs(errors).max()) / DEVIATIONS_AT_ONE

    def _solve_kept(self, kept: list[int], goal: Doubles) -> Doubles:
        """(k,) least squares; what the penalties keep from the goal is requested for once more on top."""
        rows, requested, target = self._rows[:, kept], np.tile(goal, self._people), np.tile(goal, self._people)
        penalty = _COEFFICIENT_PENALTY * np.eye(len(kept)) + _MOTION_PENALTY * self._motion[np.ix_(kept, kept)]
        solve = np.linalg.inv(rows.T @ rows / self._people + penalty) @ rows.T / self._people
        found: Doubles = solve @ requested
        for _ in range(_TREATIES):
            mean = (target - rows @ found).reshape(self._people, -1).mean(0)
            requested = requested + np.tile(mean, self._people)
            found = solve @ requested
        return found


def fit_axes() -> dict[str, Mapping[str, object]]:
    """The content of the file."""
    model, spread, names = load_baked_model(), measure_spread(), list_candidates()
    fields = [build_field(model, {name: 1.0}) for name in names]
    responses = np.stack([compute_response(make_rest(*sample_person(seed)), fields, spread) for seed in SOLVE_SEEDS])
    solver = Solver(responses, fields, names)
    deviations = {name: round(float(value), 6) for name, value in zip(MEASURES, spread, strict=True)}
    return {"measures": {"deviation": deviations}, "axes": {name: solver.solve(name) for name in MEASURES if name not in CONTROLS}}


def main() -> None:
    """Writes the file."""
    write_atomic(AXES_FILE, (json.dumps(fit_axes(), indent=1) + "\n").encode())


if __name__ == "__main__":
    main()
