"""Girths of the trunk by sex and weight, next to published means: python -m bench.bodies prints the table of docs/face.md."""

from __future__ import annotations

import numpy as np

from assets.artefacts.character import Identity
from assets.artefacts.geometry import Image
from assets.spec.appearance import BodySpec
from stages.body.anthropometry import measure_body, measure_girths
from stages.body.backend import BodyShape
from stages.body.phenotype import compute_stature, resolve_local_changes, resolve_phenotype
from stages.body.stage import BACKENDS, solve_height_axis

WEIGHTS = (0.0, 0.5, 0.65, 0.75, 0.85, 1.0)
# Rounded to a centimetre. ANSUR II: Gordon et al. 2014, 2012 Anthropometric survey of U.S. Army personnel (4082 men, 1986 women), waist
# at the omphalion. NHANES 2015-2016: Fryar et al. 2018, National Health Statistics Reports 122, adults from 20 years on.
PUBLISHED = (
    ("ANSUR II", "men", 27.7, 94, 102, 106), ("ANSUR II", "women", 25.5, 86, 102, 95),
    ("NHANES", "men", 29.1, 102, None, None), ("NHANES", "women", 29.6, 98, None, None),
)  # fmt: skip


def make_shape(gender: float, weight: float, years: float = 30.0) -> BodyShape:
    """The body of mean stature of this gender (0 female .. 1 male), weight 0..1 and age at rest, its back straight."""
    flat = Image(np.zeros((1, 1, 3), np.uint8))
    identity, options = Identity(np.zeros(1, np.float32), flat, flat, years, gender, 0.4, {}), BodySpec(weight=weight)
    backend, axes = BACKENDS.get(), resolve_phenotype(identity, options)[0]
    local = resolve_local_changes(identity, options, backend.list_changes())

    def evaluate(height: float) -> BodyShape:
        return backend.evaluate({**axes, "height": height}, local)

    return evaluate(solve_height_axis(evaluate, compute_stature(years, gender, options.height)))


def main() -> None:
    """Prints the table."""
    print("| who | body mass index | waist cm | hips cm | chest cm |\n|---|---|---|---|---|")
    for name, gender in (("man", 1.0), ("woman", 0.0)):
        for weight in WEIGHTS:
            shape = make_shape(gender, weight)
            girths = measure_girths(shape)
            row = (measure_body(shape).bmi, 100 * girths.waist, 100 * girths.hips, 100 * girths.chest)
            print(f"| {name}, weight {weight:g} | {row[0]:.1f} | {row[1]:.0f} | {row[2]:.0f} | {row[3]:.0f} |")
    for source, who, *numbers in PUBLISHED:
        print(f"| {source}, mean of {who} | " + " | ".join("" if value is None else f"{value:g}" for value in numbers) + " |")


if __name__ == "__main__":
    main()
