"""What each axis of identity.axes changes in addition to its own measure: python -m bench.leakage [--people 6] [--full]

People that no axis was solved on (JUDGED_SEEDS; any build, 18 to 75 years) are made by the body stage with the axis at -1, -0.5, 0.5 and
1. A change counts in standard deviations of its measure between people of one sex and build, divided by the change of the axis' own
measure. Prints a Markdown table with the largest leak of each axis and where it goes; with --full, also the mean of every leak. A second
table says what axes and fields change in the pictures: the skin's tiles, hair and eyes.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.character import FACE_AXIS, Body, Identity
from assets.spec.appearance import BodySpec, GroomSpec, IdentitySpec, TextureSpec
from bench.fit_axes import sample_person
from stages.body import stage as body_stage
from stages.body.face_axes import list_axes, load_axes
from stages.body.face_measures import MEASURES, measure_face
from stages.groom.colour import choose_iris_colour
from stages.groom.hair.choices import choose_hair
from stages.identity import stage as identity_stage
from stages.identity.backend import BACKENDS
from stages.texture import stage as texture_stage

JUDGED_SEEDS = range(7000, 7100)
AMOUNTS = (-1.0, -0.5, 0.5, 1.0)
GOAL, _LEAST_EFFECT = 0.05, 0.2
PICTURES = ("skin", "hair", "eyes")
Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Leakage:
    """One axis over all people and amounts."""

    axis: str
    ratios: Doubles
    """(n,m) change of every measure over the change of the axis' own one, both in deviations; the own column is 1."""
    effect: float
    """Mean change of the own measure at 1, in deviations, where the face's limits let it go all the way."""

    def find_worst(self) -> tuple[str, float]:
        """The measure with the largest leak of one person, and that leak."""
        others = np.abs(self.ratios)
        others[:, list(MEASURES).index(self.axis)] = 0
        largest = others.max(0)
        return list(MEASURES)[int(largest.argmax())], float(largest.max())


def make_body(identity: Identity, options: BodySpec, axes: dict[str, float]) -> Body:
    """The body stage's result for a person with these axes."""
    moved = replace(identity, face=identity.face | {FACE_AXIS + name: value for name, value in axes.items()})
    return body_stage.run(moved, options=options, backend=body_stage.BACKENDS.get(), seed=0)


def measure_deviations(body: Body) -> Doubles:
    """(m,) measures in standard deviations."""
    deviations = load_axes().deviations
    return np.array([value / deviations[name] for name, value in measure_face(body.rest).items()])


def judge_axis(axis: str, people: list[tuple[Identity, BodySpec]], before: list[Doubles]) -> Leakage:
    """The leakage of an axis over people whose measures before are known."""
    own, ratios, effects = list(MEASURES).index(axis), [], []
    for (identity, options), start in zip(people, before, strict=True):
        for amount in AMOUNTS:
            change = measure_deviations(make_body(identity, options, {axis: amount})) - start
            # A face that is far out already is moved less, or not at all.
            if abs(change[own]) > _LEAST_EFFECT:
                ratios.append(change / change[own])
                effects.append(change[own] / amount)
    return Leakage(axis, np.array(ratios), float(np.median(effects)))


def judge_axes(count: int) -> list[Leakage]:
    """Every axis on that many people."""
    people = [sample_person(seed, varied_build=True) for seed in JUDGED_SEEDS[:count]]
    before = [measure_deviations(make_body(*one, {})) for one in people]
    return [judge_axis(axis, people, before) for axis in list_axes()]


def format_leaks(found: list[Leakage], *, full: bool = False) -> str:
    """The Markdown table of the largest leaks, or of the means of all."""
    if full:
        lines = ["| axis | " + " | ".join(MEASURES) + " |", "|---" * (len(MEASURES) + 1) + "|"]
        means = [np.abs(one.ratios).mean(0) for one in found]
        cells = [" | ".join(f"{100 * value:.1f}" for value in row) for row in means]
        return "\n".join([*lines, *(f"| {one.axis} | {row} |" for one, row in zip(found, cells, strict=True))])
    deviations = load_axes().deviations
    lines = ["| axis | at 1, mm | largest leak, % | into |", "|---|---|---|---|"]
    for one in found:
        name, leak = one.find_worst()
        lines.append(f"| {one.axis} | {1000 * one.effect * deviations[one.axis]:.1f} | {100 * leak:.1f} | {name} |")
    return "\n".join(lines)


def draw_person(seed: int, fields: dict[str, float], freckles: float = 0.0) -> tuple[NDArray[np.uint8], Doubles, Doubles, Doubles]:
    """(s,s,3) head albedo, (3,) colours of hair and iris, and (m,) measures in deviations of a person with these fields of identity."""
    axes = {name.removeprefix("axes."): fields.pop(name) for name in list(fields) if name.startswith("axes.")}
    options = IdentitySpec.model_validate({"seed": seed, "age": 35, "tone": 0.4, **fields, "axes": axes})
    identity = identity_stage.run(options=options, backend=BACKENDS.get(), seed=seed)
    body = body_stage.run(identity, options=BodySpec(), backend=body_stage.BACKENDS.get(), seed=seed)
    texture = texture_stage.run(identity, body, options=TextureSpec(size=512, freckles=freckles), seed=seed)
    hair = choose_hair(body, GroomSpec(), seed).colour.mean
    iris = choose_iris_colour(body, None, np.random.default_rng(seed))
    return texture.images["head_albedo"].pixels, np.asarray(hair, np.float64), np.asarray(iris, np.float64), measure_deviations(body)


def judge_pictures(seed: int) -> str:
    """The Markdown table of what axes and fields change in skin, hair, eyes and shape."""
    fields: dict[str, dict[str, float]] = {f"axes.{name}": {f"axes.{name}": 1.0} for name in (*list_axes(), identity_stage.TONE_AXIS)}
    fields |= {"identity.tone 0.4 to 0.8": {"tone": 0.8}, "identity.age 35 to 60": {"age": 60}, "identity.gender 0.5 to 1": {"gender": 1.0}}
    skin, hair, iris, shape = draw_person(seed, {})
    rows = [(name, *draw_person(seed, dict(values))) for name, values in fields.items()]
    rows.append(("texture.freckles 0 to 1", *draw_person(seed, {}, 1.0)))
    lines = ["| changed | skin, levels of 255 | hair | eyes | largest change of shape, deviations |", "|---|---|---|---|---|"]
    for name, *(skin_now, hair_now, iris_now, shape_now) in rows:
        pixels = np.abs(skin_now.astype(float) - skin).mean()
        colours = " | ".join(f"{255 * np.abs(now - then).mean():.1f}" for now, then in ((hair_now, hair), (iris_now, iris)))
        lines.append(f"| {name} | {pixels:.1f} | {colours} | {np.abs(shape_now - shape).max():.2f} |")
    return "\n".join(lines)


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=6)
    parser.add_argument("--full", action="store_true")
    chosen = parser.parse_args()
    found = judge_axes(chosen.people)
    tables = [format_leaks(found), *([format_leaks(found, full=True)] if chosen.full else []), judge_pictures(JUDGED_SEEDS[0])]
    worst = max(one.find_worst()[1] for one in found)
    sys.stdout.write("\n\n".join(tables) + f"\n\nLargest leak {100 * worst:.1f} % (goal {100 * GOAL:g} %)\n")


if __name__ == "__main__":
    main()
